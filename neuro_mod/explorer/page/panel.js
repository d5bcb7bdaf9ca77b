// Canvases: sharp at any pixel ratio, with a text alternative; and what panels over time share.

const { look } = await import(`./palette.js${new URL(import.meta.url).search}`);

/** Where the axes are, in css px: all panels over time have the same left and right edges. */
export const GUTTER = { left: 58, right: 16 };
export const FONT = '14px system-ui, sans-serif';

/** A canvas that fills its parent. */
export class Panel {
  /** @param {string} id @param {string} label what is shown, for screen readers */
  constructor(id, label) {
    this.canvas = document.getElementById(id);
    this.context = this.canvas.getContext('2d');
    this.canvas.setAttribute('role', 'img');
    this.canvas.setAttribute('aria-label', label);
    this.text = document.createElement('p');
    this.text.id = `${id}-text`;
    this.text.className = 'unseen';
    this.text.setAttribute('aria-live', 'off');
    this.canvas.after(this.text);
    this.canvas.setAttribute('aria-describedby', this.text.id);
    this.stale = true; // to be drawn anew as a whole
    this.width = this.height = 0; // css px
    this.ratio = 1;
    new ResizeObserver(() => this.#resize()).observe(this.canvas.parentElement);
    this.#resize();
  }

  #resize() {
    const { clientWidth, clientHeight } = this.canvas.parentElement;
    const ratio = window.devicePixelRatio || 1;
    if (clientWidth === this.width && clientHeight === this.height && ratio === this.ratio) return;
    Object.assign(this, { width: clientWidth, height: clientHeight, ratio, stale: true });
    this.canvas.width = Math.max(1, Math.round(clientWidth * ratio));
    this.canvas.height = Math.max(1, Math.round(clientHeight * ratio));
  }

  get visible() {
    return this.width > GUTTER.left + GUTTER.right + 20 && this.height > 4;
  }

  /** Clears the canvas; then coordinates are css px. */
  begin() {
    if (window.devicePixelRatio !== this.ratio) this.#resize();
    const { context } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.font = FONT;
    context.textBaseline = 'middle';
    return context;
  }

  /** Says in words what is shown. */
  describe(words) {
    if (this.text.textContent !== words) this.text.textContent = words;
  }
}

/** The seconds that the panels over time show. */
export class View {
  constructor() {
    this.chosen = 'auto';
    this.seconds = 5;
    this.end = 5;
    this.changes = []; // times at which the network was changed
    const reduced = matchMedia('(prefers-reduced-motion: reduce)');
    this.stepped = reduced.matches;
    reduced.addEventListener('change', () => { this.stepped = reduced.matches; });
  }

  /** @returns {boolean} whether the scale changed */
  update(now, speed) {
    const before = this.seconds;
    this.seconds = this.chosen === 'auto' ? [2, 5, 10, 20, 60].find((s) => s >= 4 * speed) ?? 60 : Number(this.chosen);
    const jump = this.seconds / 2;
    this.end = Math.max(this.seconds, this.stepped ? Math.ceil(now / jump + 1e-9) * jump : now);
    return this.seconds !== before;
  }

  get tick() {
    return { 1: 0.2, 2: 0.5, 5: 1, 10: 2, 20: 5, 60: 10 }[this.seconds];
  }
}

const AHEAD = 8; // columns that are cleared beyond the newest, for the width of lines

/** A panel whose horizontal axis is time: a picture on a ring of columns, to which only what is new is added. */
export class TimePanel extends Panel {
  /** @param {View} view */
  constructor(id, label, view, { top = 4, bottom = 4 } = {}) {
    super(id, label);
    Object.assign(this, { view, top, bottom });
    this.ring = document.createElement('canvas');
    this.cleared = 0;
  }

  get plotWidth() { return this.width - GUTTER.left - GUTTER.right; }
  get plotHeight() { return this.height - this.top - this.bottom; }

  /** Empties the ring, after a change of size, scale or theme. */
  restart() {
    this.columns = Math.max(1, Math.round(this.plotWidth * this.ratio));
    this.rows = Math.max(1, Math.round(this.plotHeight * this.ratio));
    this.span = this.columns + 2 * AHEAD;
    this.perSecond = this.columns / this.view.seconds;
    this.ring.width = this.span;
    this.ring.height = this.rows;
    this.pen = this.ring.getContext('2d');
    this.cleared = Math.max(0, this.column(this.view.end) - this.columns);
    this.from = this.cleared / this.perSecond; // before, nothing is drawn
    this.stale = false;
  }

  column(time) {
    return Math.floor(time * this.perSecond);
  }

  /** Clears the columns up to the end of the view; call before drawing what is new. */
  advance() {
    const to = this.column(this.view.end) + AHEAD;
    this.clearColumns(Math.max(this.cleared, to - this.span + 1), to);
    this.cleared = Math.max(this.cleared, to);
  }

  /** Clears columns `from` to `to`, without the last. */
  clearColumns(from, to) {
    this.onRing(from, to, (x, n) => this.pen.clearRect(x, 0, n, this.rows));
  }

  /** Calls `act(x, n)` for the one or two pieces of the ring that columns `from` to `to` occupy. */
  onRing(from, to, act) {
    while (from < to) {
      const x = from % this.span;
      const n = Math.min(to - from, this.span - x);
      act(x, n);
      from += n;
    }
  }

  /** Calls `draw(offset)` so that what it draws at `time * perSecond - offset` lands on the ring, also around its end. */
  wrapped(from, to, draw) {
    const first = Math.floor((this.column(from) - AHEAD) / this.span) * this.span;
    for (let offset = first; offset <= this.column(to) + AHEAD; offset += this.span) draw(offset);
  }

  /** Puts the ring on the canvas, with a grid of times behind. */
  show({ times = false } = {}) {
    const context = this.begin();
    const { view, top, plotWidth, plotHeight, ratio } = this;
    context.fillStyle = look.surface;
    context.fillRect(GUTTER.left, top, plotWidth, plotHeight);
    context.fillStyle = context.strokeStyle = look.grid;
    const begin = view.end - view.seconds;
    for (let k = Math.ceil(begin / view.tick - 1e-9); k * view.tick <= view.end + 1e-9; k++) {
      const x = GUTTER.left + ((k * view.tick - begin) / view.seconds) * plotWidth;
      context.fillStyle = look.grid;
      context.fillRect(Math.round(x), top, 1, plotHeight);
      if (!times) continue;
      const text = `${+(k * view.tick).toFixed(1)}${k * view.tick + view.tick > view.end ? ' s' : ''}`;
      context.fillStyle = look.faint;
      context.textAlign = x > this.width - 40 ? 'right' : 'center';
      context.fillText(text, x > this.width - 40 ? this.width - 2 : x, top + plotHeight + 11);
    }
    this.under?.(context);
    context.setTransform(1, 0, 0, 1, 0, 0);
    const end = this.column(view.end);
    let x = Math.round(GUTTER.left * ratio);
    this.onRing(Math.max(0, end - this.columns), end, (at, n) => {
      context.drawImage(this.ring, at, 0, n, this.rows, x, Math.round(top * ratio), n, this.rows);
      x += n;
    });
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return context;
  }

  /** Thin lines at the changes. */
  drawChanges(context) {
    context.fillStyle = look.accent;
    let last = -Infinity;
    for (const time of this.view.changes) {
      const x = Math.round(this.xOf(time));
      if (x < GUTTER.left || x > this.width - GUTTER.right || x - last < 3) continue;
      last = x;
      context.fillRect(x, this.top, 1, this.plotHeight);
    }
  }

  /** Position on the canvas of a time, in css px. */
  xOf(time) {
    const { view } = this;
    return GUTTER.left + ((time - view.end + view.seconds) / view.seconds) * this.plotWidth;
  }
}
