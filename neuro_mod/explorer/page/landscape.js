// The landscape of two clusters as filled contours, with the present point and its trail on it.

const { search } = new URL(import.meta.url);
const { look, mix, css } = await import(`./palette.js${search}`);
const { Panel } = await import(`./panel.js${search}`);

const LEFT = 60, RIGHT = 12, TOP = 8, BOTTOM = 46;
const LEVELS = 14;
/** From the wells to the hills: blue fades into the surface. */
const SHADES = {
  light: [[8, 48, 107], [33, 113, 181], [107, 174, 214], [198, 219, 239], [250, 252, 255]],
  dark: [[150, 212, 255], [60, 140, 200], [26, 84, 138], [16, 46, 80], [9, 14, 22]],
};
const PRESENT = [213, 94, 0];

const shade = (part) => {
  const shades = look.dark ? SHADES.dark : SHADES.light;
  const at = part * (shades.length - 1), k = Math.min(Math.floor(at), shades.length - 2);
  return mix(shades[k], shades[k + 1], at - k);
};

/** The path of an arrow whose tip is at the border beyond which the present point is. */
function arrow(context, x, y, [right, up]) {
  const angle = right && up ? -Math.PI / 4 : right ? 0 : -Math.PI / 2;
  for (const [along, across] of [[0, 0], [-14, 8], [-14, -8]]) {
    context.lineTo(x + along * Math.cos(angle) - across * Math.sin(angle), y + along * Math.sin(angle) + across * Math.cos(angle));
  }
  context.closePath();
}

/** @typedef {{clusters: [number, number], x: number[], y: number[], values: (number|null)[][], barrier: number|null, path: number[][]}} Grid */

export class Landscape extends Panel {
  constructor(id) {
    super(id, 'Landscape of two clusters: potential over their rates, with the present rates');
    this.picture = document.createElement('canvas');
    this.set(null);
  }

  /** @param {Grid|null} grid `values` has a row for each y */
  set(grid) {
    this.grid = grid;
    this.now = null;
    this.stale = true;
  }

  #paint() {
    const { grid, ratio } = this;
    const n = Math.max(2, Math.round((this.width - LEFT - RIGHT) * ratio)), m = Math.max(2, Math.round((this.height - TOP - BOTTOM) * ratio));
    this.picture.width = n;
    this.picture.height = m;
    this.stale = false;
    if (!grid) return;
    const { values } = grid, rows = values.length, columns = values[0].length;
    const flat = values.flat().filter((v) => v !== null && Number.isFinite(v)).sort((a, b) => a - b);
    // The wells are what matters: high walls share the uppermost level.
    const low = flat[0], high = flat[Math.floor(0.85 * (flat.length - 1))];
    const level = (v) => (high > low ? Math.min(LEVELS - 1, Math.floor(LEVELS * Math.sqrt(Math.max(0, (v - low) / (high - low))))) : 0);
    const colours = Array.from({ length: LEVELS }, (_, k) => shade(k / (LEVELS - 1)));
    const image = new ImageData(n, m);
    const at = new Int8Array(n * m).fill(-1);
    for (let j = 0; j < m; j++) {
      const v = (1 - j / (m - 1)) * (rows - 1), v0 = Math.min(Math.floor(v), rows - 2), dv = v - v0;
      for (let i = 0; i < n; i++) {
        const u = (i / (n - 1)) * (columns - 1), u0 = Math.min(Math.floor(u), columns - 2), du = u - u0;
        const a = values[v0][u0], b = values[v0][u0 + 1], c = values[v0 + 1][u0], d = values[v0 + 1][u0 + 1];
        if (a === null || b === null || c === null || d === null) continue;
        at[j * n + i] = level((a * (1 - du) + b * du) * (1 - dv) + (c * (1 - du) + d * du) * dv);
      }
    }
    for (let k = 0; k < at.length; k++) {
      if (at[k] < 0) continue;
      let colour = colours[at[k]];
      // a line where the level changes
      if ((k % n && at[k - 1] !== at[k]) || (k >= n && at[k - n] !== at[k])) colour = mix(colour, look.dark ? [255, 255, 255] : [20, 40, 70], 0.18);
      image.data.set(colour, 4 * k);
      image.data[4 * k + 3] = 255;
    }
    this.picture.getContext('2d').putImageData(image, 0, 0);
  }

  /** @param {(clusters: number[]) => number[][]} trail of the rates of two clusters up to now */
  draw(trail) {
    if (this.width < 100 || this.height < 80) return;
    if (this.stale) this.#paint();
    const { grid } = this;
    const context = this.begin();
    const width = this.width - LEFT - RIGHT, height = this.height - TOP - BOTTOM;
    if (!grid) {
      context.fillStyle = look.faint;
      context.textAlign = 'center';
      context.fillText('no landscape yet', this.width / 2, this.height / 2);
      return;
    }
    context.drawImage(this.picture, LEFT, TOP, width, height);
    const [x0, x1] = [grid.x[0], grid.x.at(-1)], [y0, y1] = [grid.y[0], grid.y.at(-1)];
    const x = (rate) => LEFT + Math.min(Math.max((rate - x0) / (x1 - x0), 0), 1) * width;
    const y = (rate) => TOP + (1 - Math.min(Math.max((rate - y0) / (y1 - y0), 0), 1)) * height;
    this.#axes(context, { x, y, x0, x1, y0, y1, width, height });
    const line = (points, style, lineWidth, dash = []) => {
      context.strokeStyle = style;
      context.lineWidth = lineWidth;
      context.setLineDash(dash);
      context.beginPath();
      for (const [a, b] of points) context.lineTo(x(a), y(b));
      context.stroke();
      context.setLineDash([]);
    };
    if (grid.barrier !== null && grid.path?.length) line(grid.path, look.text, 2, [7, 5]);
    const points = trail(grid.clusters);
    if (!points.length) return;
    this.now = points.at(-1);
    const PARTS = 5; // the trail fades
    for (let k = 0; k < PARTS; k++) {
      const cut = (part) => Math.floor((part * (points.length - 1)) / PARTS);
      line(points.slice(cut(k), cut(k + 1) + 1), css(PRESENT, (k + 1) / PARTS), 3);
    }
    const beyond = [this.now[0] > x1, this.now[1] > y1];
    context.beginPath();
    if (beyond.some(Boolean)) arrow(context, x(this.now[0]), y(this.now[1]), beyond);
    else context.arc(x(this.now[0]), y(this.now[1]), 7, 0, 7);
    context.fillStyle = css(PRESENT);
    context.strokeStyle = '#fff';
    context.lineWidth = 3;
    context.stroke();
    context.fill();
    if (!beyond.some(Boolean)) return;
    const words = `${this.now.filter((_, k) => beyond[k]).map((rate) => rate.toFixed(0)).join(' and ')} Hz`;
    const half = context.measureText(words).width / 2 + 4;
    const middle = Math.min(Math.max(x(this.now[0]) - (beyond[0] ? half + 12 : 0), LEFT + half), LEFT + width - half);
    const height0 = Math.min(y(this.now[1]) + (beyond[1] ? 26 : 0), TOP + height - 10);
    context.globalAlpha = 0.85;
    context.fillStyle = look.surface;
    context.fillRect(middle - half, height0 - 9, 2 * half, 18);
    context.globalAlpha = 1;
    context.fillStyle = look.text;
    context.textAlign = 'center';
    context.fillText(words, middle, height0 + 1);
  }

  #axes(context, { x, y, x0, x1, y0, y1, width, height }) {
    const text = (v) => `${+v.toPrecision(2)}`;
    context.fillStyle = look.faint;
    context.textAlign = 'center';
    for (const part of [0, 0.5, 1]) context.fillText(text(x0 + part * (x1 - x0)), Math.min(x(x0 + part * (x1 - x0)), this.width - 14), TOP + height + 17);
    context.fillText(`rate of ${this.grid.clusters[0]} (Hz)`, LEFT + width / 2, TOP + height + 36);
    context.textAlign = 'right';
    for (const part of [0, 0.5, 1]) context.fillText(text(y0 + part * (y1 - y0)), LEFT - 13, Math.max(y(y0 + part * (y1 - y0)), TOP + 7));
    context.save();
    context.translate(9, TOP + height / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = 'center';
    context.fillText(`rate of ${this.grid.clusters[1]} (Hz)`, 0, 0);
    context.restore();
  }

  describeNow() {
    if (!this.grid || !this.now) return this.describe('No landscape yet.');
    const [a, b] = this.grid.clusters;
    const barrier = this.grid.barrier === null ? 'no barrier was found' : `the barrier is ${this.grid.barrier.toPrecision(3)}`;
    this.describe(`Clusters ${a} and ${b}: now ${this.now.map((r) => r.toFixed(0)).join(' and ')} hertz; ${barrier}.`);
  }
}
