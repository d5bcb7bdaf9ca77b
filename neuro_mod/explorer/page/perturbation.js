// The perturbation: a slider for each E cluster and one for their mean, and vectors by name.

const { search } = new URL(import.meta.url);
const { Slider } = await import(`./slider.js${search}`);
const { clusterColour, css, look } = await import(`./palette.js${search}`);
const { figure, refusal } = await import(`./words.js${search}`);

const WAIT = 1500; // ms
const RANDOM = 'random …';
const FACTOR = 'factor, added to 1';
const ACTS = ' – acts', CONFIGURED = ' – from the configuration';
const get = (id) => document.getElementById(id);
const same = (a, b) => a.length === b.length && a.every((v, k) => Math.abs(v - b[k]) <= 1e-6 * Math.max(1e-3, Math.abs(v)));

export class Perturbation {
  /** Values of all populations by target. @type {Map<string, number[]>} */
  values = new Map();
  #sent = new Map(); // target -> ms, while not confirmed
  #vectors = [];
  #configured = new Set(); // targets on which the configuration acts, as nobody changed them

  /** @param {import('./connection.js').Connection} connection */
  constructor(connection) {
    this.connection = connection;
    get('target').addEventListener('change', () => this.#build());
    get('zero').addEventListener('click', () => this.#set(this.target.name, this.#zeros()));
    get('zero-all').addEventListener('click', () => {
      for (const target of this.values.keys()) if (this.#acts(target)) this.#set(target, this.#zeros());
    });
    get('vector').addEventListener('change', () => this.#seed());
    get('vector-apply').addEventListener('click', () => this.#apply());
  }

  /** @param {object} hello */
  begin({ network, targets, vectors }) {
    this.nPopulations = network.populations.length;
    const all = network.populations.map(({ type, cluster, label }, index) => ({ type, cluster, index, label: cluster === null ? label : String(cluster) }));
    this.clusters = all.filter(({ type, cluster }) => !network.n_clusters || (type === 'E' && cluster !== null));
    this.targets = targets;
    this.#vectors = [...vectors];
    this.values.clear();
    this.#sent.clear();
    this.#configured.clear();
    for (const { name } of targets) this.values.set(name, this.#zeros());
    get('perturbation').querySelector('.problem').dataset.about = ['perturb', 'vector', ...this.values.keys()].join(' ');
    this.options = targets.map(({ name, label, unit, relative }) => {
      const about = unit || ((relative ?? name.startsWith('j_')) ? FACTOR : '');
      return { name, words: label + (about ? ` (${about})` : ''), option: new Option('', name) };
    });
    get('target').replaceChildren(...this.options.map(({ option }) => option));
    this.#build();
  }

  #acts(target) {
    return this.#configured.has(target) || this.values.get(target).some((v) => v !== 0);
  }

  /** Says in the menu which targets are perturbed. */
  #mark() {
    for (const { name, words, option } of this.options) {
      const text = words + (this.#configured.has(name) ? CONFIGURED : this.#acts(name) ? ACTS : '');
      if (option.text !== text) option.text = text;
    }
    get('configured').hidden = !this.#configured.has(this.target.name);
  }

  get target() {
    return this.targets.find(({ name }) => name === get('target').value);
  }

  #zeros() {
    return Array(this.nPopulations).fill(0);
  }

  /** Sliders of the chosen target. */
  #build() {
    const { target } = this;
    if (!target) return;
    const range = { min: -target.span, max: target.span, step: target.span / 100, normal: 0 };
    this.sliders = this.clusters.map(({ index, cluster, label }) => new Slider({
      ...range, label, value: this.values.get(target.name)[index], colour: cluster === null ? look.faint : css(clusterColour(cluster, look.dark)),
      act: (value) => this.#set(target.name, this.values.get(target.name).with(index, value)),
    }));
    // Means are anywhere between the steps of the clusters.
    this.shift = new Slider({ ...range, step: 'any', label: 'all', value: 0, act: (value) => this.#shift(value) });
    get('vector-sliders').replaceChildren(...this.sliders.map(({ root }) => root));
    get('mean-shift').replaceChildren(this.shift.root);
    for (const { range: input, options } of [...this.sliders, this.shift]) {
      const name = /^\d+$/.test(options.label) ? `Cluster ${options.label}` : options.label;
      input.setAttribute('aria-label', options.label === 'all' ? 'Mean of all E clusters' : name);
    }
    this.#options();
    this.#show();
  }

  #options() {
    const names = this.#vectors.filter((vector) => vector.target === this.target.name).map(({ name }) => new Option(name, name));
    get('vector').replaceChildren(...names, new Option(RANDOM, RANDOM));
    this.#seed();
  }

  #seed() {
    get('vector-seed-label').hidden = get('vector').value !== RANDOM;
  }

  #mean() {
    const values = this.values.get(this.target.name);
    return this.clusters.reduce((sum, { index }) => sum + values[index], 0) / this.clusters.length;
  }

  #shift(mean) {
    const { name, span } = this.target;
    const values = [...this.values.get(name)];
    const by = mean - this.#mean();
    for (const { index } of this.clusters) values[index] = Math.min(Math.max(values[index] + by, -span), span);
    this.#set(name, values);
  }

  #set(target, values) {
    this.values.set(target, values);
    this.#configured.delete(target);
    this.#sent.set(target, performance.now());
    this.connection.sendSoon(`perturb ${target}`, { do: 'perturb', target, values });
    this.#show();
  }

  #show() {
    const values = this.values.get(this.target.name);
    this.clusters.forEach(({ index }, k) => this.sliders[k].put(values[index]));
    this.shift.put(this.#mean());
    const others = values.some((v, index) => v !== 0 && !this.clusters.some((each) => each.index === index));
    const held = this.targets.filter(({ name }) => name !== this.target.name && this.#acts(name));
    const norm = Math.hypot(...values);
    const words = [norm ? `Norm ${figure(norm)}${this.target.unit ? ` ${this.target.unit}` : ''}.` : 'No perturbation of this target.'];
    if (others) words.push('The vector also acts on populations without a slider.');
    if (held.length) words.push(`Also perturbed: ${held.map(({ label }) => label).join(', ')}.`);
    get('vector-note').textContent = words.join(' ');
    this.#mark();
  }

  #apply() {
    const chosen = get('vector').value;
    const target = this.target.name;
    if (chosen === RANDOM) {
      const field = get('vector-seed'), why = refusal(field.value, { min: 0 });
      get('vector-problem').textContent = why && `Seed: ${why}`;
      return why || this.connection.send({ do: 'vector', kind: 'random', target, seed: Math.round(Number(field.value)) });
    }
    this.#set(target, [...this.#vectors.find((v) => v.name === chosen && v.target === target).values]);
  }

  /** A vector that was asked for. @param {{name: string, target: string, values: number[]}} vector */
  vector({ name, target, values }) {
    this.#vectors = this.#vectors.filter((known) => known.name !== name || known.target !== target).concat({ name, target, values });
    if (!this.values.has(target)) return;
    if (target === this.target.name) {
      const chosen = get('vector').value;
      this.#options();
      get('vector').value = chosen;
      this.#seed();
    }
    this.#set(target, [...values]);
  }

  /** @param {object} status */
  status({ perturbation, configured = {} }) {
    let changed = false;
    for (const target of this.values.keys()) {
      if (this.#sent.has(target) || Boolean(configured[target]) === this.#configured.has(target)) continue;
      if (configured[target]) this.#configured.add(target);
      else this.#configured.delete(target);
      changed = true;
    }
    for (const [target, known] of this.values) {
      const values = perturbation[target] ?? this.#zeros();
      const agrees = same(values, known);
      if (this.#sent.has(target) && !agrees && performance.now() - this.#sent.get(target) < WAIT) continue;
      this.#sent.delete(target);
      if (agrees) continue;
      this.values.set(target, [...values]);
      changed = true;
    }
    if (changed) this.#show();
  }

  release() {
    this.#sent.clear();
    for (const slider of this.sliders ?? []) slider.release();
  }

  themed() {
    if (this.sliders) this.#build();
  }
}
