// Occupancy and mean activation of the clusters as bars, and the most frequent states as a table.

const { search } = new URL(import.meta.url);
const { look, clusterColour, css } = await import(`./palette.js${search}`);
const { Panel, GUTTER } = await import(`./panel.js${search}`);
const { duration, figure } = await import(`./words.js${search}`);

class Bars extends Panel {
  values = [];

  /** @param {(value: number) => string} words of an amount @param {number} least end of the axis */
  constructor(id, label, words, least) {
    super(id, label);
    Object.assign(this, { words, least });
  }

  set(values) {
    this.values = values;
    this.stale = true;
    this.describe(values.map((v, k) => `cluster ${k}: ${v === null ? 'none yet' : this.words(v)}`).join('; '));
  }

  draw() {
    if (!this.stale || this.width < 60) return;
    this.stale = false;
    const context = this.begin();
    const n = this.values.length;
    const known = this.values.filter((v) => v !== null);
    const highest = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100].find((x) => x >= Math.max(this.least, ...known)) ?? Math.max(...known);
    const left = GUTTER.left, width = this.width - left - 4, height = this.height - 26, step = width / Math.max(1, n);
    context.fillStyle = look.faint;
    context.textAlign = 'right';
    context.fillText(this.words(highest), left - 6, 10);
    context.fillText('0', left - 6, height + 2);
    context.fillStyle = look.grid;
    context.fillRect(left, 4, width, 1);
    context.fillRect(left, height + 4, width, 1);
    context.textAlign = 'center';
    const each = Math.max(1, Math.ceil(20 / step));
    this.values.forEach((value, k) => {
      const x = left + k * step;
      if (value !== null) {
        const bar = (height * value) / highest;
        context.fillStyle = css(clusterColour(k, look.dark));
        context.fillRect(x + 1, height + 4 - bar, Math.max(2, step - 2), bar);
      }
      context.fillStyle = look.faint;
      if (k % each === 0) context.fillText(k, x + step / 2, this.height - 8);
    });
  }
}

export class Statistics {
  constructor() {
    this.occupancy = new Bars('occupancy', 'Occupancy of each cluster', (v) => `${figure(100 * v)} %`, 0.1);
    this.activation = new Bars('activation', 'Mean activation of each cluster', (v) => `${figure(v)} s`, 0.1);
    this.span = document.getElementById('statistics-span');
    this.body = document.querySelector('#states-table tbody');
    this.nActive = null;
    this.threshold = null;
  }

  begin(nClusters) {
    this.update({ seconds: 0, threshold: null, occupancy: Array(nClusters).fill(null), mean_activation: Array(nClusters).fill(null), states: [] });
  }

  themed() {
    this.occupancy.stale = this.activation.stale = true;
  }

  /** @param {object} message `statistics` */
  update(message) {
    const mean = Number.isFinite(message.n_active) ? `, ${message.n_active.toFixed(1)} active` : '';
    const { seconds, since } = message;
    const span = Number.isFinite(since) ? `from ${since.toFixed(1)} s to ${(since + seconds).toFixed(1)} s` : `last ${Math.round(seconds)} s`;
    this.span.textContent = seconds ? `${span}${mean}` : 'after the first seconds';
    this.threshold = message.threshold ?? null;
    this.occupancy.set(message.occupancy ?? []);
    this.activation.set(message.mean_activation ?? []);
    this.body.replaceChildren(...(message.states ?? []).map(({ clusters, share, mean_duration: mean, visits }) => {
      const row = document.createElement('tr');
      const name = document.createElement('th');
      name.scope = 'row';
      for (const cluster of clusters) {
        const chip = document.createElement('span');
        chip.className = 'chip';
        chip.style.borderColor = css(clusterColour(cluster, look.dark));
        chip.textContent = cluster;
        name.append(chip);
      }
      if (!clusters.length) name.textContent = 'none';
      row.append(name);
      for (const words of [`${figure(100 * share)} %`, mean === null ? '–' : duration(mean), visits]) row.insertCell().textContent = words;
      return row;
    }));
  }

  draw() {
    this.occupancy.draw();
    this.activation.draw();
  }
}
