// What the mean field says about the present parameters: steady states on the axis of rates, barrier and lifetime.

const { search } = new URL(import.meta.url);
const { look, clusterColour, css } = await import(`./palette.js${search}`);
const { Panel } = await import(`./panel.js${search}`);
const { duration, figure } = await import(`./words.js${search}`);
const { Landscape } = await import(`./landscape.js${search}`);

const LEFT = 74, RIGHT = 12, BOTTOM = 26;
const MOSTLY = 0.5; // share of unstable points from which on there is a warning
const UNCLEAR = Infinity; // for states whose rates are neither alike nor apart
const FOLLOW_EVERY = 10000; // ms between landscapes that nobody asked for
const SAME = 0.5; // Hz; rates of a steady state that are nearer are one mark

/** @typedef {{rates: number[], stable: boolean, active: number[]|null, n_active: number|null}} Point */

class Points extends Panel {
  points = [];
  note = document.getElementById('points-note');
  nClusters = 0;

  /** @param {number[]} now rates of the clusters @param {number|null} nActive at present */
  draw(now, nActive) {
    if (this.width < 100 || this.height < 40) return;
    const context = this.begin();
    // Unstable states of far more clusters than are ever active are left out.
    const most = 2 + Math.max(nActive ?? 0, ...this.points.filter((p) => p.stable && p.n_active !== null).map((p) => p.n_active));
    const all = [...new Set(this.points.map((point) => point.n_active ?? UNCLEAR))].sort((a, b) => a - b);
    const counts = all.filter((count) => count <= most || (count === UNCLEAR && this.points.some((p) => p.stable && p.n_active === null)));
    const left = this.points.filter((point) => !counts.includes(point.n_active ?? UNCLEAR)).length;
    const words = left ? `not shown: ${left} unstable` : '';
    if (this.note.textContent !== words) this.note.textContent = words;
    const rows = counts.length + 1;
    const height = (this.height - BOTTOM) / rows;
    const highest = Math.max(20, ...this.points.flatMap((p) => p.rates), ...now.filter(Number.isFinite));
    const scale = [20, 30, 40, 60, 80, 100, 150, 200, 300, 400].find((x) => x >= highest * 1.02) ?? Math.ceil(highest / 200) * 200;
    const ticks = scale % 20 === 0 ? 4 : 3; // multiples of 5
    const x = (rate) => LEFT + (Math.min(rate, scale) / scale) * (this.width - LEFT - RIGHT);
    const y = (row) => (row + 0.5) * height;

    // The row of the present number of active clusters stands out.
    const present = counts.indexOf(nActive);
    context.fillStyle = look.grid;
    if (present >= 0) context.fillRect(0, height * present + 1, this.width, height - 2);
    context.fillRect(LEFT, this.height - BOTTOM, this.width - LEFT - RIGHT, 1);
    context.fillStyle = look.faint;
    context.textAlign = 'center';
    for (let k = 0; k <= ticks; k++) {
      context.textAlign = k === ticks ? 'right' : 'center';
      context.fillText(`${(k * scale) / ticks}${k === ticks ? ' Hz' : ''}`, k === ticks ? this.width - 2 : x((k * scale) / ticks), this.height - 11);
    }
    context.textAlign = 'left';
    const each = Math.max(1, Math.ceil(15 / height));
    counts.forEach((count, row) => row % each === 0 && context.fillText(count === UNCLEAR ? 'unclear' : `${count} active`, 2, y(row)));
    context.fillStyle = look.text;
    context.fillText('now', 2, y(rows - 1));

    for (const point of [...this.points].sort((a, b) => a.stable - b.stable)) { // stable ones on top
      const row = counts.indexOf(point.n_active ?? UNCLEAR);
      if (row >= 0) this.#mark(context, point, y(row), x, Math.min(6, height / 2 - 2));
    }
    now.forEach((rate, cluster) => {
      if (rate !== rate) return;
      context.fillStyle = css(clusterColour(cluster, look.dark), 0.9);
      context.beginPath();
      context.arc(x(rate), y(rows - 1) + ((cluster % 3) - 1) * Math.min(5, height / 5), 5, 0, 7);
      context.fill();
    });
  }

  /** The distinct rates of a steady state, joined by a line. */
  #mark(context, point, y, x, radius) {
    const rates = [...point.rates].sort((a, b) => a - b).filter((rate, k, all) => k === 0 || rate - all[k - 1] > SAME);
    context.strokeStyle = point.stable ? look.text : look.faint;
    context.lineWidth = 2;
    if (point.stable && rates.length > 1) {
      context.globalAlpha = 0.35;
      context.beginPath();
      context.moveTo(x(rates[0]), y);
      context.lineTo(x(rates.at(-1)), y);
      context.stroke();
      context.globalAlpha = 1;
    }
    for (const rate of rates) {
      context.beginPath();
      context.arc(x(rate), y, Math.max(3, radius), 0, 7);
      context.fillStyle = point.stable ? look.text : look.surface;
      context.fill();
      context.stroke();
    }
  }
}

export class Theory {
  /** @param {(command: object) => void} send */
  constructor(send) {
    this.points = new Points('points', 'Steady states of the mean field on the axis of rates, and the present rates of the clusters');
    this.landscape = new Landscape('landscape');
    this.badge = document.getElementById('theory-state');
    this.box = document.getElementById('theory');
    this.selects = ['cluster-a', 'cluster-b'].map((id) => document.getElementById(id));
    this.send = send;
    this.chosen = false; // whether the person chose the clusters
    this.followed = -Infinity;
    for (const select of this.selects) {
      select.addEventListener('change', () => {
        this.chosen = true;
        const [a, b] = this.selects.map((each) => Number(each.value));
        if (a !== b) return send({ do: 'landscape', clusters: [a, b] });
        // the same twice: the other one moves on
        const other = this.selects.find((each) => each !== select);
        other.value = (a + 1) % this.nClusters;
        send({ do: 'landscape', clusters: this.selects.map((each) => Number(each.value)) });
      });
    }
  }

  /** @param {number} nClusters */
  begin(nClusters) {
    this.nClusters = this.points.nClusters = nClusters;
    for (const select of this.selects) select.replaceChildren(...Array.from({ length: nClusters }, (_, k) => new Option(k, k)));
    this.message = null;
    this.pending = true;
    this.chosen = false;
    this.points.points = [];
    this.landscape.set(null);
  }

  /** @param {object} message `theory`; while it is computed, what was known stays, dimmed, until its parts come */
  update(message) {
    const { pending, failed, points = [], landscape, accuracy } = message;
    this.pending = pending;
    if (accuracy) document.getElementById('theory-accuracy').textContent = accuracy;
    this.badge.hidden = !pending;
    this.box.classList.toggle('dimmed', pending);
    if (!pending || points.length) this.points.points = points;
    if (!pending || landscape) {
      this.landscape.set(landscape);
      const share = landscape?.unstable_share ?? 0;
      document.getElementById('landscape-warning').textContent = share > MOSTLY
        ? `At ${Math.round(100 * share)} % of the points the equilibrium of the other clusters is unstable: the landscape says little there.` : '';
      document.getElementById('path-legend').hidden = !(landscape?.path?.length && landscape.barrier !== null);
    }
    if (pending) return;
    this.message = message;
    const rows = [];
    if (failed) rows.push(['Failed', failed]);
    if (message.landscape) rows.push(['Barrier', message.landscape.barrier === null ? 'none found' : `${figure(message.landscape.barrier)} Hz²`]);
    if (message.lifetime) rows.push(['Lifetime', `${duration(message.lifetime.seconds)} – ${message.lifetime.assumption}`]);
    if (Number.isFinite(message.seconds)) rows.push(['Computed in', duration(message.seconds)]);
    document.getElementById('theory-figures').replaceChildren(...rows.flatMap(([term, words]) => {
      const dt = document.createElement('dt'), dd = document.createElement('dd');
      dt.textContent = term;
      dd.textContent = words;
      return [dt, dd];
    }));
    // What is said of barrier and lifetime is in sight, the rest can be opened.
    const notes = (message.note ?? '').split('; ').filter(Boolean);
    const near = notes.filter((note) => /^(no )?(barrier|lifetime)/.test(note));
    const items = (texts) => texts.map((text) => Object.assign(document.createElement('li'), { textContent: text }));
    document.getElementById('theory-near').replaceChildren(...items(near));
    document.getElementById('theory-note').replaceChildren(...items(notes.filter((note) => !near.includes(note))));
    document.getElementById('theory-notes').hidden = notes.length === near.length;
  }

  /** @param {object} status */
  status({ clusters }) {
    this.clusters = clusters;
    clusters?.forEach((cluster, k) => {
      if (document.activeElement !== this.selects[k]) this.selects[k].value = cluster;
    });
  }

  /** Asks for the landscape of the clusters that were active last, until a person chooses others. @param {number[]} last */
  follow(last) {
    const pair = last.slice(0, 2).sort((a, b) => a - b);
    const shown = [...(this.clusters ?? [])].sort((a, b) => a - b);
    if (this.chosen || this.pending || document.hidden || !document.getElementById('theory-section').open) return;
    if (pair.length < 2 || pair.every((cluster, k) => cluster === shown[k]) || performance.now() - this.followed < FOLLOW_EVERY) return;
    this.followed = performance.now();
    this.send({ do: 'landscape', clusters: pair });
  }

  /**
   * @param {number[]} now rates of the clusters
   * @param {number|null} nActive at present
   * @param {(clusters: number[]) => number[][]} trail
   */
  draw(now, nActive, trail) {
    this.points.draw(now, nActive);
    this.landscape.draw(trail);
  }

  describe() {
    if (!this.message) return;
    const stable = this.points.points.filter((point) => point.stable);
    this.points.describe(`${stable.length} stable and ${this.points.points.length - stable.length} unstable steady states. ` + stable.map((p) => (
      `${p.n_active ?? 'unclear number of'} active clusters: rates up to ${figure(Math.max(...p.rates))} hertz`)).join('; '));
    this.landscape.describeNow();
  }
}
