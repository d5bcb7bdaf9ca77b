// How quickly the page draws and answers, for tests.

const SILENT = ['seen', 'save', 'vector', 'neuron', 'landscape']; // commands that change nothing in the simulation

export class Measures {
  frames = 0; // received
  lastFrame = 0; // number of the last one that was drawn
  latency = NaN; // ms from the last input to the first frame drawn after its status
  #drawn = []; // times of the last second
  #input = null; // {at, revision, confirmed, frame} of the last command, until a frame after it was drawn

  /** Frames with new content that were drawn in the last second. */
  get fps() {
    const now = performance.now();
    return this.#drawn.filter((at) => now - at < 1000).length;
  }

  /** @param {number} at when the input came @param {number} revision of the last status before */
  sent({ do: name }, at, revision) {
    if (!SILENT.includes(name)) this.#input = { at, revision, confirmed: false, frame: null };
  }

  status({ revision }) {
    if (this.#input && revision > this.#input.revision) this.#input.confirmed = true;
  }

  received(number) {
    this.frames++;
    if (this.#input?.confirmed) this.#input.frame ??= number;
  }

  /** @param {number} number of the newest frame that was drawn */
  drawn(number) {
    const now = performance.now();
    this.lastFrame = number;
    this.#drawn.push(now);
    while (now - this.#drawn[0] > 1000) this.#drawn.shift();
    if (this.#input?.frame == null || number < this.#input.frame) return;
    this.latency = now - this.#input.at;
    this.#input = null;
  }

  /** A new connection counts its frames anew. */
  restart() {
    this.#input = null;
  }
}
