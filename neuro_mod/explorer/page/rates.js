// Rates of the E clusters as lines, strong while the cluster is active.

const { search } = new URL(import.meta.url);
const { look, populationColour, css } = await import(`./palette.js${search}`);
const { GUTTER, TimePanel } = await import(`./panel.js${search}`);

const SMOOTHING = 0.03; // s, of the exponential mean

/** The least of 1, 2, 5 times a power of ten that is not below `value`. */
const above = (value) => {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((m) => m * power).find((x) => x >= value) ?? value;
};

/** The upper end of the vertical axes of panels that are compared. */
export class Scale {
  highest = 40;
  #at = 0;

  /** @param {import('./history.js').Bins[]} histories */
  constructor(histories) {
    this.histories = histories;
  }

  /** Follows the smoothed rates of the last `seconds`, once a second. */
  adapt(seconds, lines, bin) {
    if (performance.now() - this.#at < 1000) return;
    this.#at = performance.now();
    let highest = 10;
    for (const rates of this.histories) {
      const first = Math.max(rates.first, rates.next - Math.round(seconds / bin));
      for (const { p } of lines) {
        let mean = 0;
        for (let k = first; k < rates.next; k++) {
          const rate = rates.at(k, p);
          if (rate === rate) mean += (rate - mean) * 0.3;
          if (mean > highest) highest = mean;
        }
      }
    }
    const wanted = above(1.05 * highest);
    if (wanted > this.highest || wanted < 0.6 * this.highest) this.highest = wanted;
  }
}

export class Rates extends TimePanel {
  /**
   * @param {object} network of `hello`
   * @param {import('./history.js').Bins} rates
   * @param {Scale} scale of all panels that are compared
   * @param {number} bin s
   * @param {(bin: number, cluster: number, rate: number) => boolean} isActive
   */
  constructor(id, label, view, network, rates, scale, bin, isActive) {
    super(id, label, view, { top: 6, bottom: 6 });
    Object.assign(this, { rates, scale, bin, isActive });
    const shown = ({ type, cluster }) => !network.n_clusters || (type === 'E' && cluster !== null);
    this.lines = network.populations.flatMap((population, p) => (shown(population) ? [{ population, p, mean: NaN, x: 0, y: 0 }] : []));
  }

  restart() {
    super.restart();
    this.highest = this.scale.highest;
    this.next = Math.max(this.rates.first, Math.floor(this.from / this.bin));
    const keep = Math.exp(-this.bin / Math.max(SMOOTHING, 2 / this.perSecond));
    for (const line of this.lines) {
      line.mean = NaN;
      line.keep = keep;
      line.colour = populationColour(line.population, look.dark);
    }
  }

  draw() {
    if (!this.visible) return;
    this.scale.adapt(this.view.seconds, this.lines, this.bin);
    if (this.stale || this.highest !== this.scale.highest) this.restart();
    this.advance();
    if (this.next < this.rates.next) this.#lines();
    const context = this.show();
    this.drawChanges(context);
    context.fillStyle = look.faint;
    context.textAlign = 'right';
    for (const part of [0, 0.5, 1]) {
      const y = this.top + (1 - part) * this.plotHeight;
      context.fillText(`${+(part * this.highest).toFixed(1)}`, GUTTER.left - 8, Math.min(Math.max(y, 8), this.height - 8));
    }
  }

  #lines() {
    const { pen, ratio, rows, perSecond, bin } = this;
    const first = Math.max(this.next, this.rates.first, this.rates.next - Math.ceil(this.span / perSecond / bin));
    const apart = 1 / perSecond / 2; // s; no more than two points in a column
    pen.lineJoin = pen.lineCap = 'round';
    for (const line of this.lines) {
      // Segments of each kind, in device px from time 0.
      const weak = [], strong = [];
      let { mean, x, y, last = -Infinity } = line;
      for (let k = first; k < this.rates.next; k++) {
        const rate = this.rates.at(k, line.p);
        if (rate !== rate) { mean = NaN; continue; }
        const begins = mean !== mean;
        mean = begins ? rate : rate + (mean - rate) * line.keep;
        const time = (k + 1) * bin;
        if (time - last < apart && !begins) continue;
        last = time;
        const toX = time * perSecond, toY = rows * (1 - mean / this.highest);
        if (!begins) (this.isActive(k, line.population.cluster, mean) ? strong : weak).push(x, y, toX, toY);
        x = toX;
        y = toY;
      }
      Object.assign(line, { mean, x, y, last });
      this.#stroke(weak, css(line.colour, 0.5), 2 * ratio);
      this.#stroke(strong, css(line.colour), 3 * ratio);
    }
    this.next = this.rates.next;
  }

  #stroke(segments, style, width) {
    if (!segments.length) return;
    const { pen, perSecond } = this;
    pen.strokeStyle = style;
    pen.lineWidth = width;
    this.wrapped(segments[0] / perSecond, segments.at(-2) / perSecond, (offset) => {
      pen.beginPath();
      let atX = NaN, atY = NaN;
      for (let k = 0; k < segments.length; k += 4) {
        if (segments[k] !== atX || segments[k + 1] !== atY) pen.moveTo(segments[k] - offset, segments[k + 1]);
        atX = segments[k + 2];
        atY = segments[k + 3];
        pen.lineTo(atX - offset, atY);
      }
      pen.stroke();
    });
  }
}
