// Transport, pulses, network and noise, saving, and the place for refusals.

const { search } = new URL(import.meta.url);
const { clusterColour, css, look } = await import(`./palette.js${search}`);
const { figure, refusal } = await import(`./words.js${search}`);

const get = (id) => document.getElementById(id);
const STEP = 0.1; // s
const SHOWN = 10000; // ms for which a refusal stays

export class Controls {
  /** The last status. @type {object|null} */
  last = null;
  #speedSent = -Infinity;

  /**
   * @param {import('./connection.js').Connection} connection
   * @param {{pulsed: (cluster: number, seconds: number) => void}} handlers
   */
  constructor(connection, handlers) {
    this.connection = connection;
    this.handlers = handlers;
    const send = (command) => connection.send(command);
    get('play').addEventListener('click', () => this.toggle());
    get('step').addEventListener('click', () => this.step());
    get('speed').addEventListener('input', () => {
      const value = Math.min(20, Math.max(0.1, Number((10 ** Number(get('speed').value)).toPrecision(2))));
      this.#speedSent = performance.now();
      this.#speed(value, this.last?.held_speed);
      connection.sendSoon('speed', { do: 'speed', value });
    });
    get('ab').addEventListener('click', () => this.twin());
    get('restart').addEventListener('click', () => this.restart());
    get('restart-other').addEventListener('click', () => send({ do: 'restart', noise_seed: Math.floor(Math.random() * 2 ** 31) }));
    get('network').addEventListener('click', () => {
      const why = refusal(get('network-seed').value, { min: 0 });
      if (why) this.refused({ message: `Seed: ${why}`, about: 'network' });
      else send({ do: 'network', seed: Math.round(Number(get('network-seed').value)) });
    });
    get('reset').addEventListener('click', () => send({ do: 'reset' }));
    get('save').addEventListener('click', () => this.save());
    get('neuron').addEventListener('change', () => {
      const why = refusal(get('neuron').value, { min: 0, max: this.nNeurons - 1 });
      if (!why) return send({ do: 'neuron', index: Math.round(Number(get('neuron').value)) });
      this.refused({ message: why, about: 'neuron' });
      if (this.last) get('neuron').value = this.last.neuron;
    });
  }

  /** @param {object} hello */
  begin({ name, network }) {
    this.nNeurons = network.n_neurons;
    this.nClusters = network.n_clusters;
    this.populations = network.populations;
    get('name').textContent = name;
    document.title = `${name} – neuro-mod explore`;
    get('neuron').max = network.n_neurons - 1;
    this.#pulseButtons();
  }

  #pulseButtons() {
    get('pulse-buttons').replaceChildren(...Array.from({ length: this.nClusters }, (_, cluster) => {
      const button = document.createElement('button');
      button.className = 'chip';
      button.textContent = cluster;
      button.setAttribute('aria-label', `Pulse cluster ${cluster}`);
      button.style.borderColor = css(clusterColour(cluster, look.dark));
      button.addEventListener('click', () => this.pulse(cluster));
      return button;
    }));
  }

  themed() {
    if (this.nClusters) this.#pulseButtons();
  }

  /** @param {Set<number>} active clusters */
  activity(active) {
    [...get('pulse-buttons').children].forEach((button, cluster) => button.classList.toggle('active', active.has(cluster)));
  }

  toggle() {
    this.connection.send({ do: this.last?.running ? 'pause' : 'play' });
  }

  step() {
    if (this.last?.running) this.connection.send({ do: 'pause' });
    this.connection.send({ do: 'step', seconds: STEP });
  }

  restart() {
    this.connection.send({ do: 'restart', noise_seed: null });
  }

  twin() {
    this.connection.send({ do: 'ab', on: !this.last?.ab });
  }

  save() {
    get('saved').textContent = 'saving …';
    this.connection.send({ do: 'save' });
  }

  pulse(cluster) {
    if (cluster >= this.nClusters || this.nClusters < 2) return;
    const fields = { Strength: get('pulse-strength'), Duration: get('pulse-seconds') };
    const why = Object.entries(fields).map(([name, field]) => [name, refusal(field.value, field)]).filter(([, words]) => words);
    if (why.length) return this.refused({ message: why.map(([name, words]) => `${name}: ${words}`).join('; '), about: 'pulse' });
    const [strength, seconds] = Object.values(fields).map((field) => Number(field.value));
    this.connection.send({ do: 'pulse', cluster, seconds, strength });
    this.handlers.pulsed(cluster, seconds, strength);
  }

  #speed(wanted, reached) {
    const slow = reached !== null && reached !== undefined && reached < 0.93 * wanted;
    get('speed-text').textContent = slow ? `${figure(wanted)}× (reaches ${reached.toFixed(reached < 10 ? 1 : 0)}×)` : `${figure(wanted)}×`;
    get('speed').setAttribute('aria-valuetext', `${figure(wanted)} times real time`);
  }

  /** @param {object} status */
  status(status) {
    const { running, speed, held_speed: held, ab, seed, noise_seed: noise, neuron, n_changes: changes } = status;
    const before = this.last;
    this.last = status;
    get('play').textContent = running ? 'Pause' : 'Play';
    get('play').classList.toggle('running', running);
    get('ab').setAttribute('aria-pressed', String(ab));
    const recent = performance.now() - this.#speedSent < 500;
    if (!recent) get('speed').value = Math.log10(speed);
    if (!recent) this.#speed(speed, held);
    if (before?.seed !== seed) get('network-seed').value = seed + 1;
    if (document.activeElement !== get('neuron')) get('neuron').value = neuron;
    get('seeds').textContent = `Network seed ${seed}, noise seed ${noise}; ${changes} change${changes === 1 ? '' : 's'} so far.`;
    const population = this.populations.find(({ first, size }) => neuron >= first && neuron < first + size);
    get('neuron-note').textContent = population ? population.label : '';
  }

  /** @param {{folder: string, files: string[]}} message */
  saved({ folder, files }) {
    const where = document.createElement('code');
    where.textContent = folder;
    const list = document.createElement('ul'), details = document.createElement('details'), summary = document.createElement('summary');
    details.className = 'plain';
    summary.textContent = `and ${files.length} file${files.length === 1 ? '' : 's'}`;
    details.append(summary, list);
    list.append(...files.map((file) => Object.assign(document.createElement('li'), { textContent: file.startsWith(folder) ? file.slice(folder.length + 1) : file })));
    get('saved').replaceChildren('Saved: folder ', where, details);
    for (let box = get('saved').closest('details'); box; box = box.parentElement.closest('details')) box.open = true;
  }

  /**
   * Shows a refusal beside the control that it is about.
   * @param {{message: string, about: string|null}} error
   * @returns {boolean} whether there is such a control
   */
  refused({ message, about }) {
    const place = about && [...document.querySelectorAll('[data-about]')].find((p) => p.dataset.about.split(' ').includes(about));
    if (about === 'save') get('saved').textContent = '';
    if (!place) return false;
    place.textContent = message;
    for (let box = place.closest('details'); box; box = box.parentElement.closest('details')) box.open = true;
    clearTimeout(place.timer);
    place.timer = setTimeout(() => { place.textContent = ''; }, SHOWN);
    return true;
  }
}
