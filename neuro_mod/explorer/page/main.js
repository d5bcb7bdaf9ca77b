// Joins the parts: messages to panels and controls, and the loop that draws.

const { search } = new URL(import.meta.url);
const load = (name) => import(`./${name}.js${search}`); // the token is needed for each file
const [{ Connection }, { decode }, { History }, { GUTTER, View }, { Raster }, { Rates, Scale }, { States }, { Voltage }, { Theory }, { Statistics },
  { Controls }, { Knobs }, { Perturbation }, { listen }, { Measures }, { nextTheme, onTheme }, { withoutOption }, { welcome }] = await Promise.all(
  ['connection', 'frames', 'history', 'panel', 'raster', 'rates', 'states', 'voltage', 'theory', 'statistics',
    'controls', 'knobs', 'perturbation', 'keys', 'measures', 'palette', 'words', 'welcome'].map(load));

const get = (id) => document.getElementById(id);
const token = new URLSearchParams(location.search).get('token') ?? '';
const THEORY_EVERY = 50; // ms between drawings of the theory
const ANEW = ['restart', 'network', 'reset']; // after these, a simulation that failed goes on

const view = new View();
let hello = null, history = null, panels = null, shape = '';
let status = { speed: 1, running: false, revision: 0, time: 0 };
let unseen = []; // numbers of frames that were received and not drawn
let dirty = true;
let theoryDrawn = 0;
let failed = false;
let joined = false; // whether no status came since `hello`
let lastKnob = null; // which one a refused `knob` is about
const measures = new Measures();

const connection = new Connection(token, { message, frame, state: connected, sent });
const controls = new Controls(connection, { pulsed });
const knobs = new Knobs(connection);
const perturbation = new Perturbation(connection);
const theory = new Theory((command) => connection.send(command));
const statistics = new Statistics();

/** A line above everything; with `retry`, a button that connects again. */
function banner(words, { retry = false } = {}) {
  const box = get('banner');
  box.replaceChildren(words);
  box.hidden = !words;
  if (!retry) return;
  const button = Object.assign(document.createElement('button'), { textContent: 'Connect again' });
  button.addEventListener('click', () => { banner(''); connection.open(); });
  box.append(button);
}

function connected(state, reason = '') {
  if (state === 'open') {
    banner('');
    failed = false;
  }
  if (state === 'lost' && failed) {
    connection.end(); // the reason stays, and it would fail again
    return banner(get('banner').textContent, { retry: true });
  }
  if (state === 'lost') {
    get('connection').textContent = 'reconnecting';
    banner(reason ? `Connection closed: ${reason}. Reconnecting …`
      : 'Connection lost, reconnecting … If neuro-mod explore has ended, start it again and open the address that it prints.');
  }
  if (state === 'ended') get('connection').textContent = 'ended';
  document.body.classList.toggle('offline', state !== 'open');
}

function sent(command, at) {
  if (command.do === 'knob') lastKnob = command.key;
  if (failed && ANEW.includes(command.do)) {
    failed = false;
    banner('');
  }
  measures.sent(command, at, status.revision);
}

const messages = {
  hello: begin,
  status: newStatus,
  error(error) {
    knobs.release();
    perturbation.release();
    if (status.knobs) newStatus(status);
    const words = withoutOption(error.message);
    if (!controls.refused({ message: words, about: error.about === 'knob' ? lastKnob : error.about })) {
      banner(words);
      setTimeout(() => get('banner').textContent === words && banner(''), 8000);
    }
  },
  vector: (vector) => perturbation.vector(vector),
  statistics(message) {
    statistics.update(message);
    dirty = true;
  },
  theory(message) {
    theory.update(message);
    dirty = true;
  },
  saved: (message) => controls.saved(message),
  failed({ message: words }) {
    failed = true;
    banner(`The simulation ended: ${withoutOption(words)}`);
  },
  bye({ message: words }) {
    connection.end();
    banner(words, { retry: true });
  },
};

function message(content) {
  if (hello || ['hello', 'failed', 'bye'].includes(content.type)) messages[content.type]?.(content);
}

/** Builds what depends on the network; after a reconnection to the same, all stays as it was. */
function begin(content) {
  const { network, knobs: ofNetwork, targets, vectors, bin } = content;
  const its = JSON.stringify([network, targets, vectors, bin, ofNetwork.map(({ value, ...rest }) => rest)]);
  hello = content;
  unseen = [];
  joined = true;
  measures.restart();
  if (its === shape) return;
  shape = its;
  const { populations, n_clusters: nClusters } = network;
  history = new History({ nPopulations: populations.length, nClusters, bin, longest: 60 });
  view.changes = [];
  document.body.classList.toggle('unclustered', nClusters < 2);
  document.body.classList.toggle('no-cluster', !nClusters);
  get('rates-what').textContent = nClusters ? 'E clusters' : 'populations';
  const panel = (id, make) => {
    // Handlers of the former network go with their canvas.
    const canvas = get(id), fresh = canvas.cloneNode(false);
    get(`${id}-text`)?.remove();
    canvas.replaceWith(fresh);
    return make(fresh);
  };
  const scale = new Scale([history.rates, history.ratesB]);
  const active = (k, cluster) => history.active.at(k, cluster) === 1;
  const high = (k, cluster, rate) => rate > (statistics.threshold ?? 20);
  panels = {
    raster: panel('raster', () => new Raster('raster', 'Spikes of all neurons over time', view, network, () => history.spikes)),
    rasterB: panel('raster-b', () => new Raster('raster-b', 'Spikes without the perturbation', view, network, () => history.spikesB)),
    rates: panel('rates', () => new Rates('rates', 'Rates of the E clusters over time', view, network, history.rates, scale, bin, active)),
    ratesB: panel('rates-b', () => new Rates('rates-b', 'Rates without the perturbation', view, network, history.ratesB, scale, bin, high)),
    states: panel('states', () => new States('states', 'Which clusters are active, over time', view, nClusters, history.active, bin)),
    voltage: panel('voltage', () => new Voltage('voltage', 'Voltage of the chosen neuron over time', view, history.voltage, history.spikes)),
  };
  const { raster, rasterB, states } = panels;
  raster.label(get('raster-labels'), (cluster) => controls.pulse(cluster));
  rasterB.label(get('raster-b-labels'), (cluster) => controls.pulse(cluster));
  for (const each of [raster, rasterB]) {
    each.canvas.addEventListener('click', ({ offsetX, offsetY }) => {
      const position = each.positionAt(offsetY);
      if (position === null) return;
      const { cluster } = populations[each.populationOf[position]];
      if (offsetX >= GUTTER.left) connection.send({ do: 'neuron', index: network.drawn[position] });
      else if (cluster !== null) controls.pulse(cluster);
    });
  }
  states.canvas.title = 'Click a row to pulse that cluster';
  states.canvas.addEventListener('click', ({ offsetY }) => states.clusterAt(offsetY) !== null && controls.pulse(states.clusterAt(offsetY)));
  controls.begin(content);
  knobs.begin(ofNetwork);
  perturbation.begin(content);
  theory.begin(nClusters);
  statistics.begin(nClusters);
  dirty = true;
}

const STIMULUS = 'stimulus';
const MOST_CHANGES = 500; // lines at changes that are kept

/** Time began anew: nothing that was shown belongs to it. */
function anew() {
  history.clear();
  panels.raster.pulses = [];
  view.changes = [];
  for (const panel of Object.values(panels)) panel.stale = true;
}

function newStatus(content) {
  const before = status;
  status = content;
  if (content.time < history.newest - 1e-6) anew();
  else if (!joined && content.n_changes > before.n_changes && content.time >= before.time) {
    view.changes = [...view.changes.filter((time) => time > content.time - 60), content.time].slice(-MOST_CHANGES);
  }
  if (joined) history.resume(content.time);
  joined = false;
  if (content.pulses) showPulses(content.pulses);
  const { configured } = content;
  panels.raster.windows = (hello.windows ?? []).filter(({ what }) => !configured || what === STIMULUS || configured[what])
    .map(({ what, from, to }) => ({ from, to, name: hello.targets.find(({ name }) => name === what)?.label ?? what }));
  controls.status(content);
  if (content.knobs) knobs.status(content);
  if (content.perturbation) perturbation.status(content);
  theory.status(content);
  measures.status(content);
  get('connection').textContent = content.building ? (measures.frames ? 'building the network' : 'preparing (compiling takes about 10 s, once)') : content.running ? 'live' : 'paused';
  get('connection').classList.toggle('building', content.building);
  get('clock').textContent = `${content.time.toFixed(2)} s`;
  if (before.ab !== content.ab) {
    get('raster-b-panel').hidden = get('rates-b-panel').hidden = !content.ab;
    document.body.classList.toggle('twin', content.ab);
    if (!content.ab) history.clearTwin();
  }
  if (panels.voltage.neuron !== content.neuron) {
    const position = hello.network.drawn.indexOf(content.neuron);
    panels.voltage.neuron = content.neuron;
    panels.voltage.choose(position);
    panels.raster.marked = panels.rasterB.marked = position < 0 ? null : position;
  }
  dirty = true;
}

function frame(buffer) {
  if (!hello) return;
  const { network } = hello;
  const decoded = decode(buffer, { nPopulations: network.populations.length, nClusters: network.n_clusters });
  if (decoded.from < history.newest - 1e-6) anew();
  history.add(decoded);
  unseen.push(decoded.number);
  measures.received(decoded.number);
  dirty = true;
}

/** Pulses that the server took; it tells those of the last seconds, and the raster may show more. */
function showPulses(pulses) {
  const told = pulses.map(({ cluster, from, to, strength }) => ({ cluster, begin: from, end: to, strength }));
  const key = ({ cluster, begin, strength }) => `${cluster} ${begin} ${strength}`;
  const keys = new Set(told.map(key));
  panels.raster.pulses = [...panels.raster.pulses.filter((pulse) => !keys.has(key(pulse))), ...told];
}

/** A pulse was asked for; a server that tells its pulses says itself when it acts. */
function pulsed(cluster, seconds, strength) {
  if (status.pulses) return;
  panels.raster.pulses.push({ cluster, begin: history.now, end: history.now + seconds, strength });
  dirty = true;
}

/** Present rates of the clusters, over the last 0.1 s. */
function clusterRates() {
  const rates = Array(hello.network.n_clusters).fill(NaN);
  hello.network.populations.forEach(({ type, cluster }, p) => {
    if (type === 'E' && cluster !== null) rates[cluster] = history.meanRate(p);
  });
  return rates;
}

/** @returns {number[]|null} null while it is not known */
function activeClusters() {
  const row = history.active.latest();
  return row === null || row[0] === 255 ? null : [...row].flatMap((value, cluster) => (value === 1 ? [cluster] : []));
}

/** Clusters by when they were active last; of those at once, the ones of the landscape come first. */
function lastActive() {
  const { active } = history, shown = status.clusters ?? [], found = [];
  for (let bin = active.next - 1; bin >= active.first && found.length < 2; bin--) {
    const now = [...shown, ...Array(active.width).keys()].filter((cluster) => active.at(bin, cluster) === 1 && !found.includes(cluster));
    found.push(...new Set(now));
  }
  return found;
}

function tick(time) {
  requestAnimationFrame(tick);
  connection.flush();
  if (!panels) return;
  const all = Object.values(panels);
  if (!dirty && !all.some((panel) => panel.stale && panel.visible) && !theory.landscape.stale) return;
  dirty = false;
  if (view.update(history.now, status.speed)) for (const panel of all) panel.stale = true;
  if (panels.raster.stale) panels.raster.place();
  if (panels.rasterB.stale) panels.rasterB.place();
  panels.raster.empty = history.missing(view.end - view.seconds) ? 'earlier spikes are not shown again' : '';
  panels.raster.draw(history.thinned);
  panels.rates.draw();
  panels.states.draw();
  panels.voltage.draw();
  if (status.ab) {
    panels.rasterB.draw(history.thinned);
    panels.ratesB.draw();
  }
  get('clock').textContent = `${(status.running ? history.now : status.time).toFixed(2)} s`; // paused, there may be no frame yet
  if (time - theoryDrawn > THEORY_EVERY || !status.running) {
    theoryDrawn = time;
    const ofClusters = (clusters) => clusters.map((c) => hello.network.populations.findIndex((p) => p.type === 'E' && p.cluster === c));
    theory.draw(clusterRates(), activeClusters()?.length ?? null, (clusters) => history.trail(ofClusters(clusters)));
  }
  statistics.draw();
  for (const number of unseen) connection.send({ do: 'seen', frame: number });
  if (unseen.length) {
    measures.drawn(unseen.at(-1));
    unseen = [];
  }
}

/** Once a second: words for screen readers, and which clusters are active. */
function everySecond() {
  if (!panels) return;
  const active = activeClusters();
  const rates = clusterRates();
  const words = active === null ? 'Active clusters are not known yet' : active.length ? `Active clusters: ${active.join(', ')}` : 'No active cluster';
  controls.activity(new Set(active ?? []));
  get('states-note').textContent = active === null ? 'not known yet' : active.length ? `now ${active.join(' + ')}` : 'now none';
  get('raster-note').textContent = history.thinned > 1 ? `1 of ${history.thinned} neurons shown` : '';
  panels.raster.describe(`${words} at ${history.now.toFixed(1)} s.`);
  panels.states.describe(`${words}.`);
  panels.rates.describe(rates.map((rate, k) => `cluster ${k}: ${Number.isFinite(rate) ? `${rate.toFixed(0)} hertz` : 'unknown'}`).join('; '));
  const { voltage } = history;
  if (voltage.total) panels.voltage.describe(`Voltage ${voltage.values[(voltage.total - 1) % voltage.capacity].toFixed(2)}, threshold 1.`);
  theory.describe();
  theory.follow(lastActive());
}

get('window').addEventListener('change', () => { view.chosen = get('window').value; dirty = true; });
get('theme').addEventListener('click', nextTheme);
listen(controls, nextTheme);
welcome();
onTheme((chosen) => {
  get('theme').textContent = { system: 'Theme: auto', light: 'Theme: light', dark: 'Theme: dark' }[chosen];
  for (const panel of Object.values(panels ?? {})) panel.stale = true;
  if (hello) perturbation.themed();
  controls.themed();
  statistics.themed();
  dirty = true;
});
if (matchMedia('(max-width: 1099px)').matches) for (const section of document.querySelectorAll('main > section > details')) section.open = section.id === 'push';
setInterval(everySecond, 1000);
requestAnimationFrame(tick);
connection.open();

/** For tests. */
window.explorer = {
  get frames() { return measures.frames; },
  get lastFrame() { return measures.lastFrame; },
  get fps() { return measures.fps; },
  latency: () => measures.latency,
  rates: () => Array.from(history?.rates.latest() ?? []),
};
