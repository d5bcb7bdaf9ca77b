// A row for each cluster, filled while it is active.

const { search } = new URL(import.meta.url);
const { look, clusterColour, css } = await import(`./palette.js${search}`);
const { GUTTER, TimePanel } = await import(`./panel.js${search}`);

const UNKNOWN = 255;
const APART = 17, LEAST = 14; // css px between labels, as a rule and with the first one, which is moved down

export class States extends TimePanel {
  /** @param {number} nClusters @param {import('./history.js').Bins} active @param {number} bin s */
  constructor(id, label, view, nClusters, active, bin) {
    super(id, label, view, { top: 2, bottom: 2 });
    Object.assign(this, { nClusters, active, bin });
  }

  restart() {
    super.restart();
    this.next = Math.max(this.active.first, Math.floor(this.from / this.bin));
    this.colours = Array.from({ length: this.nClusters }, (_, k) => css(clusterColour(k, look.dark)));
    this.unknown = look.grid;
  }

  draw() {
    if (!this.visible) return;
    if (this.stale) this.restart();
    this.advance();
    const { pen, active, bin, perSecond, rows, nClusters } = this;
    const first = Math.max(this.next, active.first, active.next - Math.ceil(this.span / perSecond / bin));
    const height = rows / nClusters;
    const gap = height > 5 * this.ratio ? this.ratio : 0;
    for (let k = 0; k < nClusters && first < active.next; k++) {
      const y0 = Math.round(k * height), y1 = Math.round((k + 1) * height) - gap;
      for (let begin = first; begin < active.next;) {
        const value = active.at(begin, k);
        let end = begin + 1;
        while (end < active.next && active.at(end, k) === value) end++;
        if (value) {
          pen.fillStyle = value === UNKNOWN ? this.unknown : this.colours[k];
          const from = this.column(begin * bin), to = Math.max(from + 1, this.column(end * bin));
          this.onRing(Math.max(from, to - this.span), to, (x, n) => pen.fillRect(x, y0, n, y1 - y0));
        }
        begin = end;
      }
    }
    this.next = active.next;
    const context = this.show();
    context.textAlign = 'right';
    context.fillStyle = look.faint;
    const each = Math.max(1, Math.ceil(APART / (this.plotHeight / nClusters)));
    let last = -Infinity;
    for (let k = 0; k < nClusters; k += each) {
      const y = Math.max(8, this.top + ((k + 0.5) / nClusters) * this.plotHeight);
      if (y - last < LEAST || y > this.height - 7) continue;
      last = y;
      context.fillText(k, GUTTER.left - 12, y);
    }
  }

  clusterAt(y) {
    const cluster = Math.floor(((y - this.top) / this.plotHeight) * this.nClusters);
    return cluster >= 0 && cluster < this.nClusters ? cluster : null;
  }
}
