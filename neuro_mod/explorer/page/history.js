// What happened lately, in rings of fixed size: memory stays the same for hours.

/** Rows of numbers, one for each bin of time; a row is found by its bin, counted from time 0. */
export class Bins {
  /**
   * @param {number} width numbers in a row
   * @param {number} capacity rows
   * @param {Float32ArrayConstructor|Uint8ArrayConstructor} Type
   * @param {number} missing value of bins that were never sent
   */
  constructor(width, capacity, Type, missing) {
    Object.assign(this, { width, capacity, missing, values: new Type(width * capacity) });
    this.clear();
  }

  clear() {
    this.first = 0; // oldest bin that is kept
    this.next = 0; // after the newest
  }

  /** @param {number} bin of the first row of `rows` */
  write(bin, rows) {
    if (!this.width) return;
    const n = rows.length / this.width;
    if (this.next === this.first) this.first = this.next = bin;
    for (; this.next < bin && bin - this.next < this.capacity; this.next++) this.#row(this.next).fill(this.missing);
    for (let k = Math.max(0, n - this.capacity); k < n; k++) this.#row(bin + k).set(rows.subarray(k * this.width, (k + 1) * this.width));
    this.next = Math.max(this.next, bin + n);
    this.first = Math.max(this.first, this.next - this.capacity);
  }

  #row(bin) {
    const at = (bin % this.capacity) * this.width;
    return this.values.subarray(at, at + this.width);
  }

  at(bin, column) {
    return bin < this.first || bin >= this.next ? this.missing : this.values[(bin % this.capacity) * this.width + column];
  }

  /** The newest row, or null. */
  latest() {
    return this.next > this.first ? this.#row(this.next - 1) : null;
  }
}

/** Events with a time in seconds and a value; they are counted from the first ever, and the newest are kept. */
export class Events {
  constructor(capacity, Type) {
    Object.assign(this, { capacity, times: new Float64Array(capacity), values: new Type(capacity), total: 0 });
  }

  clear() {
    this.total = 0;
  }

  add(time, value) {
    const at = this.total % this.capacity;
    this.times[at] = time;
    this.values[at] = value;
    this.total++;
  }

  /** Number of the oldest event that is kept. */
  get first() {
    return Math.max(0, this.total - this.capacity);
  }
}

/** All that the panels over time draw. */
export class History {
  constructor({ nPopulations, nClusters, bin, longest }) {
    const rows = Math.ceil(longest / bin) + 100;
    this.bin = bin;
    this.rates = new Bins(nPopulations, rows, Float32Array, NaN);
    this.active = new Bins(nClusters, rows, Uint8Array, 255);
    this.spikes = new Events(1 << 20, Uint16Array);
    this.voltage = new Events(1 << 17, Float32Array);
    this.ratesB = new Bins(nPopulations, rows, Float32Array, NaN);
    this.spikesB = null; // made when first needed
    this.now = 0; // what the clock shows
    this.newest = 0; // end of the last frame
    this.resumed = 0; // time at the connection: nothing comes from before
    this.thinned = 1;
  }

  clear() {
    for (const part of [this.rates, this.active, this.spikes, this.voltage, this.ratesB, this.spikesB]) part?.clear();
    this.now = this.newest = this.resumed = 0;
  }

  /** At a connection: the clock is that of the server, before any frame. */
  resume(time) {
    this.now = this.resumed = time;
  }

  /** Whether there are no spikes from `time` on, as those before the connection are not sent again. */
  missing(time) {
    const { spikes } = this;
    const last = spikes.total ? spikes.times[(spikes.total - 1) % spikes.capacity] : -Infinity;
    return this.resumed > 0 && this.newest <= this.resumed && last < time;
  }

  clearTwin() {
    this.ratesB.clear();
    this.spikesB?.clear();
  }

  /** @param {import('./frames.js').Frame} frame */
  add(frame) {
    this.#spikes(this.spikes, frame.spikes);
    const bin = Math.round(frame.rates.begin / this.bin);
    if (frame.rates.n) {
      this.rates.write(bin, frame.rates.values);
      this.active.write(bin, frame.active);
    }
    for (let k = 0; k < frame.voltage.length; k += 2) this.voltage.add(frame.from + frame.voltage[k], frame.voltage[k + 1]);
    if (frame.twin) {
      this.spikesB ??= new Events(1 << 20, Uint16Array);
      this.#spikes(this.spikesB, frame.twin.spikes);
      if (frame.twin.rates.n) this.ratesB.write(Math.round(frame.twin.rates.begin / this.bin), frame.twin.rates.values);
    }
    this.now = this.newest = frame.to;
    this.thinned = frame.thinned;
  }

  #spikes(events, { from, times, positions }) {
    for (let k = 0; k < times.length; k++) events.add(from + times[k], positions[k]);
  }

  /**
   * Smoothed rates of populations over the last `seconds`, a row for each bin.
   * @returns {number[][]}
   */
  trail(populations, seconds = 1) {
    const rows = [], keep = Math.exp(-this.bin / 0.04);
    let means = null;
    for (let bin = Math.max(this.rates.first, this.rates.next - Math.round(1.3 * seconds / this.bin)); bin < this.rates.next; bin++) {
      const rates = populations.map((p) => this.rates.at(bin, p));
      if (rates.some((rate) => rate !== rate)) continue;
      means = means ? rates.map((rate, k) => rate + (means[k] - rate) * keep) : rates;
      rows.push(means);
    }
    return rows.slice(-Math.round(seconds / this.bin));
  }

  /** Mean rate of a population over the last `seconds`; NaN without bins. */
  meanRate(population, seconds = 0.1) {
    let sum = 0, n = 0;
    for (let bin = Math.max(this.rates.first, this.rates.next - Math.round(seconds / this.bin)); bin < this.rates.next; bin++) {
      const rate = this.rates.at(bin, population);
      if (rate === rate) { sum += rate; n++; }
    }
    return n ? sum / n : NaN;
  }
}
