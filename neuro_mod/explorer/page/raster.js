// The raster: a dot for each spike, in the colour of its population.

const { search } = new URL(import.meta.url);
const { look, populationColour, css } = await import(`./palette.js${search}`);
const { GUTTER, TimePanel } = await import(`./panel.js${search}`);
const { signed } = await import(`./words.js${search}`);

/** The rate at which dots of a population fill its area, in Hz. */
const FILLING = 25;
const STRIP = 17; // css px, height of the strip that names what acts

/**
 * Dots are added to the opacity of pixels whose colour is that of their row: crowded ones become dense, whatever the scale.
 */
export class Raster extends TimePanel {
  /**
   * @param {object} network of `hello`
   * @param {() => (import('./history.js').Events|null)} spikes
   */
  constructor(id, label, view, network, spikes) {
    super(id, label, view, { top: 2, bottom: 22 });
    Object.assign(this, { network, spikes, drawn: 0, marked: null, pulses: [], windows: [], empty: '' });
    const population = (neuron) => network.populations.findIndex(({ first, size }) => neuron >= first && neuron < first + size);
    this.populationOf = Uint16Array.from(network.drawn, population);
    /** First position and number of positions of each population in the raster. */
    this.ranges = network.populations.map((_, p) => {
      const begin = this.populationOf.indexOf(p);
      return begin < 0 ? null : { begin, size: this.populationOf.lastIndexOf(p) - begin + 1 };
    });
  }

  /** Row in device px of a position. */
  row(position) {
    return Math.floor(((position + 0.5) / this.network.drawn.length) * this.rows);
  }

  restart() {
    super.restart();
    this.image = new ImageData(this.span, this.rows);
    const { data } = this.image;
    const colours = this.network.populations.map((p) => populationColour(p, look.dark));
    for (let row = 0; row < this.rows; row++) {
      const position = Math.floor((row / this.rows) * this.network.drawn.length);
      const [r, g, b] = colours[this.populationOf[position]];
      for (let at = 4 * row * this.span, end = at + 4 * this.span; at < end; at += 4) {
        data[at] = r;
        data[at + 1] = g;
        data[at + 2] = b;
      }
    }
    this.dot = Math.max(1, Math.round(this.ratio * (this.rows > 1.5 * this.network.drawn.length ? 2 : 1)));
    const expected = (FILLING * this.dot * this.dot * this.network.drawn.length) / (this.perSecond * this.rows);
    this.alpha = Math.min(0.85, 1.1 / expected);
    this.drawn = 0;
  }

  clearColumns(from, to) {
    const { data } = this.image;
    this.onRing(from, to, (x, n) => {
      for (let row = 0; row < this.rows; row++) {
        const at = 4 * (row * this.span + x) + 3;
        for (let k = 0; k < n; k++) data[at + 4 * k] = 0;
      }
    });
    this.changed = Math.min(this.changed, from);
  }

  /** @param {number} thinned spikes of one of so many neurons were sent */
  draw(thinned) {
    if (!this.visible) return;
    if (this.stale) this.restart();
    const events = this.spikes();
    this.changed = Infinity;
    this.advance();
    if (events) this.#dots(events, thinned);
    const end = this.column(this.view.end) + 8;
    if (this.changed < end) {
      this.onRing(Math.max(this.changed, end - this.span + 1, 0), end, (x, n) => this.pen.putImageData(this.image, 0, 0, x, 0, n, this.rows));
    }
    this.#marks(this.show({ times: true }));
  }

  #dots(events, thinned) {
    const { data } = this.image;
    const { span, rows, dot, perSecond } = this;
    const oldest = Math.max(0, this.cleared - span + 1);
    const perPosition = rows / this.network.drawn.length;
    const tall = Math.max(dot, Math.min(8 * dot, Math.ceil(thinned * perPosition)));
    // A spike of a neuron stands for those of the neurons next to it that were left out.
    const alpha = 1 - (1 - this.alpha) ** Math.max(1, Math.min(thinned, 1 / perPosition));
    for (let k = Math.max(this.drawn, events.first); k < events.total; k++) {
      const at = k % events.capacity;
      const column = Math.floor(events.times[at] * perSecond);
      if (column < oldest) continue;
      if (column < this.changed) this.changed = column;
      const row = Math.floor((events.values[at] + 0.5) * perPosition);
      for (let dy = 0; dy < tall && row + dy < rows; dy++) {
        for (let dx = 0; dx < dot; dx++) {
          const pixel = 4 * ((row + dy) * span + ((column + dx) % span)) + 3;
          data[pixel] += (255 - data[pixel]) * alpha;
        }
      }
    }
    this.drawn = events.total;
  }

  #marks(context) {
    const { network, top, plotHeight } = this;
    const n = network.drawn.length;
    const left = this.view.end - this.view.seconds;
    // pulses: a frame around the cluster for their duration
    this.pulses = this.pulses.filter((pulse) => pulse.end > left && pulse.begin <= this.view.end + 1);
    for (const { begin, end, cluster, strength } of this.pulses) {
      const range = this.ranges[network.populations.findIndex((p) => p.type === 'E' && p.cluster === cluster)];
      if (!range) continue;
      const x0 = Math.max(GUTTER.left, this.xOf(begin)), x1 = Math.min(this.width - GUTTER.right, this.xOf(end));
      if (x1 <= x0) continue;
      const y = top + (range.begin / n) * plotHeight, height = (range.size / n) * plotHeight;
      context.strokeStyle = look.text;
      context.lineWidth = 2;
      context.setLineDash(strength < 0 ? [5, 4] : []);
      context.strokeRect(x0, y, x1 - x0, height);
      context.setLineDash([]);
      if (strength < 0) this.#name(context, signed(strength, 'Hz'), x0, y > top + STRIP ? y - STRIP : y + height);
    }
    this.drawChanges(context);
    this.#windows(context, left);
    if (this.empty) {
      context.fillStyle = look.faint;
      context.textAlign = 'center';
      context.fillText(this.empty, GUTTER.left + this.plotWidth / 2, top + plotHeight / 2);
    }
    // where I neurons begin
    const firstI = network.populations.findIndex((p) => p.type === 'I');
    const boundary = this.ranges[firstI]?.begin;
    context.fillStyle = look.faint;
    if (boundary) context.fillRect(GUTTER.left - 8, top + (boundary / n) * plotHeight, 8 + this.plotWidth, 1);
    context.textAlign = 'right';
    if (boundary && !this.buttons?.length) context.fillText('E', GUTTER.left - 12, top + ((boundary / n) * plotHeight) / 2);
    if (boundary) context.fillText('I', GUTTER.left - 12, top + ((1 + boundary / n) * plotHeight) / 2);
    // the neuron whose voltage is shown
    if (this.marked !== null) {
      const y = Math.max(top + 7, top + ((this.marked + 0.5) / n) * plotHeight), x = this.width - GUTTER.right;
      context.fillStyle = look.text;
      context.beginPath();
      context.moveTo(x + 1, y);
      context.lineTo(x + 13, y - 7);
      context.lineTo(x + 13, y + 7);
      context.fill();
    }
  }

  /** Words on a ground of their own. */
  #name(context, words, x, y) {
    const width = context.measureText(words).width + 8;
    const at = Math.max(GUTTER.left, Math.min(x, this.width - GUTTER.right - width));
    context.globalAlpha = 0.85;
    context.fillStyle = look.surface;
    context.fillRect(at, y, width, STRIP);
    context.globalAlpha = 1;
    context.fillStyle = look.text;
    context.textAlign = 'left';
    context.fillText(words, at + 4, y + STRIP / 2 + 1);
  }

  /** At the top, when the stimulus and perturbations of the configuration act; those at once below one another. */
  #windows(context, left) {
    const right = this.width - GUTTER.right;
    this.windows.forEach(({ name, from, to }, row) => {
      const x0 = Math.max(GUTTER.left, this.xOf(from)), x1 = Math.min(right, this.xOf(to ?? Infinity));
      if (x1 <= x0 || (to ?? Infinity) <= left) return;
      const y = this.top + row * STRIP;
      context.globalAlpha = 0.25;
      context.fillStyle = look.accent;
      context.fillRect(x0, y, x1 - x0, STRIP - 1);
      context.globalAlpha = 1;
      this.#name(context, name, x0, y);
    });
  }

  /** Position in `drawn` at a height on the canvas, or null. */
  positionAt(y) {
    const position = Math.floor(((y - this.top) / this.plotHeight) * this.network.drawn.length);
    return position >= 0 && position < this.network.drawn.length ? position : null;
  }

  /**
   * Buttons with the numbers of the E clusters at their rows.
   * @param {HTMLElement} box @param {(cluster: number) => void} pulse
   */
  label(box, pulse) {
    this.buttons = this.network.populations.flatMap((population, p) => {
      if (population.type !== 'E' || population.cluster === null || !this.ranges[p]) return [];
      const button = document.createElement('button');
      button.textContent = population.cluster;
      button.title = `Pulse cluster ${population.cluster}`;
      button.setAttribute('aria-label', button.title);
      button.tabIndex = -1; // those of "Push a cluster" are in the tab order
      button.addEventListener('click', () => pulse(population.cluster));
      return [{ button, range: this.ranges[p], population }];
    });
    box.replaceChildren(...this.buttons.map(({ button }) => button));
    this.place();
  }

  /** Moves the buttons to their rows; leaves some out where there is no room. */
  place() {
    const n = this.network.drawn.length;
    let free = -Infinity;
    for (const { button, range, population } of this.buttons ?? []) {
      const middle = this.top + ((range.begin + range.size / 2) / n) * this.plotHeight;
      button.hidden = middle - 7.5 < free;
      if (button.hidden) continue;
      free = middle + 7.5;
      button.style.top = `${middle - 7.5}px`;
      button.style.borderColor = css(populationColour(population, look.dark));
    }
  }
}
