// The voltage of the chosen neuron: its range within each column of pixels, and a mark at each spike.

const { search } = new URL(import.meta.url);
const { look } = await import(`./palette.js${search}`);
const { GUTTER, TimePanel } = await import(`./panel.js${search}`);

const THRESHOLD = 1; // voltages are sent in units of the threshold of the neuron
const HIGHEST = 1.5;
const LOWEST = -0.5; // where nothing visible is below
const FIT_EVERY = 1000; // ms
const CROWDED = 12; // samples in a column: then their mean is drawn, before their range

export class Voltage extends TimePanel {
  /**
   * @param {import('./history.js').Events} voltage
   * @param {import('./history.js').Events} spikes
   */
  constructor(id, label, view, voltage, spikes) {
    super(id, label, view, { top: 4, bottom: 4 });
    Object.assign(this, { voltage, spikes, lowest: LOWEST, position: null });
    this.fitted = 0;
  }

  /** Another neuron: what was drawn is not its voltage. */
  choose(position) {
    this.position = position;
    this.voltage.clear();
    this.stale = true;
    this.spikesFrom = this.spikes.total;
  }

  restart() {
    super.restart();
    this.next = this.voltage.first;
    this.nextSpike = Math.max(this.spikes.first, this.spikesFrom ?? 0);
    this.open = { column: -1, low: 0, high: 0, last: NaN, sum: 0, n: 0 };
  }

  #y(value) {
    return this.rows * (1 - (value - this.lowest) / (HIGHEST - this.lowest));
  }

  draw() {
    if (!this.visible) return;
    this.#fit();
    if (this.stale) this.restart();
    this.advance();
    this.#trace();
    this.#ticks();
    const context = this.show();
    const y = this.top + this.#y(THRESHOLD) / this.ratio;
    context.strokeStyle = context.fillStyle = look.accent;
    context.lineWidth = 2;
    context.setLineDash([6, 4]);
    context.beginPath();
    context.moveTo(GUTTER.left, y);
    context.lineTo(this.width - GUTTER.right, y);
    context.stroke();
    context.setLineDash([]);
    context.textAlign = 'left';
    context.fillStyle = look.faint;
    context.textAlign = 'right';
    context.fillText('thresh.', GUTTER.left - 4, y);
    context.fillText('0', GUTTER.left - 8, this.top + this.#y(0) / this.ratio);
  }

  /** Follows the lowest voltage in sight: at once downwards, once a while upwards. */
  #fit() {
    if (!this.stale && performance.now() - this.fitted < FIT_EVERY) return;
    this.fitted = performance.now();
    const { voltage, view } = this, begin = view.end - view.seconds;
    let lowest = LOWEST;
    for (let k = voltage.total - 1; k >= voltage.first; k--) {
      const at = k % voltage.capacity;
      if (voltage.times[at] < begin) break;
      if (voltage.values[at] < lowest) lowest = voltage.values[at];
    }
    const wanted = Math.floor(2 * lowest) / 2;
    if (wanted !== this.lowest) this.stale = true;
    this.lowest = wanted;
  }

  #trace() {
    const { voltage, open, pen } = this;
    const thick = 2 * this.ratio;
    pen.fillStyle = look.text;
    let lowest = this.lowest;
    for (let k = Math.max(this.next, voltage.first); k < voltage.total; k++) {
      const at = k % voltage.capacity;
      const value = voltage.values[at];
      const column = this.column(voltage.times[at]);
      if (value < lowest) lowest = value;
      if (column !== open.column) {
        this.#column(open, thick);
        // a gap where columns are missing in between by far
        const joined = column - open.column < 20 * this.ratio && open.last === open.last;
        Object.assign(open, { column, sum: 0, n: 0, low: joined ? Math.min(open.last, value) : value, high: joined ? Math.max(open.last, value) : value });
      }
      open.low = Math.min(open.low, value);
      open.high = Math.max(open.high, value);
      open.last = value;
      open.sum += value;
      open.n++;
    }
    this.#column(open, thick); // the unfinished one is drawn again with what follows
    this.next = voltage.total;
    if (lowest < this.lowest) {
      this.lowest = Math.floor(2 * lowest) / 2;
      this.stale = true;
    }
  }

  #column({ column, low, high, sum, n }, thick) {
    if (column < 0) return;
    const { pen } = this, x = column % this.span;
    const y0 = this.#y(high), y1 = Math.max(this.#y(low), y0 + thick);
    const crowded = n > CROWDED;
    if (crowded) pen.clearRect(x, 0, thick, this.rows);
    pen.globalAlpha = crowded ? 0.3 : 1;
    pen.fillRect(x, y0, thick, y1 - y0);
    pen.globalAlpha = 1;
    if (crowded) pen.fillRect(x, this.#y(sum / n) - thick / 2, thick, thick);
  }

  #ticks() {
    const { spikes, pen } = this;
    pen.fillStyle = look.accent;
    const top = this.#y(HIGHEST), height = this.#y(THRESHOLD + 0.08) - top;
    for (let k = Math.max(this.nextSpike, spikes.first); k < spikes.total; k++) {
      const at = k % spikes.capacity;
      if (spikes.values[at] !== this.position) continue;
      const column = this.column(spikes.times[at]);
      if (column > this.cleared - this.span) pen.fillRect(column % this.span, top, 2 * this.ratio, height);
    }
    this.nextSpike = spikes.total;
  }
}
