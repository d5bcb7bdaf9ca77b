// Frames: the binary messages of the server (neuro_mod/explorer/wire.py).

/**
 * @typedef {object} Spikes
 * @property {number} from seconds to which the times are relative
 * @property {Float32Array} times
 * @property {Uint16Array} positions in `network.drawn`
 */
/**
 * @typedef {object} Frame
 * @property {number} number
 * @property {number} from seconds
 * @property {number} to seconds
 * @property {number} thinned the spikes of one of so many drawn neurons were kept
 * @property {Spikes} spikes
 * @property {{begin: number, n: number, values: Float32Array}} rates a row for each bin, Hz
 * @property {Uint8Array} active a row of clusters for each bin; 255 where it is not known yet
 * @property {Float32Array} voltage pairs of time since `from` and V in units of the threshold
 * @property {{spikes: Spikes, rates: {begin: number, n: number, values: Float32Array}}|null} twin
 */

const MAGIC = 0x31584d4e; // NMX1

/**
 * @param {ArrayBuffer} buffer
 * @param {{nPopulations: number, nClusters: number}} shape
 * @returns {Frame}
 */
export function decode(buffer, { nPopulations, nClusters }) {
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) throw new Error('not a frame of this version of the explorer');
  const number = view.getUint32(4, true);
  const from = view.getFloat64(8, true);
  const to = view.getFloat64(16, true);
  const [nSpikes, nBins, nVoltage, nSpikesB, nBinsB, thinned] = [0, 1, 2, 3, 4, 5].map((k) => view.getUint32(24 + 4 * k, true));
  let at = 48;
  // Typed arrays on the message itself: nothing is copied until it goes into the histories.
  const take = (Type, n) => {
    const array = new Type(buffer, at, n);
    at += array.byteLength;
    return array;
  };
  const pad = () => { at = (at + 3) & ~3; };
  const spikes = (n) => {
    const times = take(Float32Array, n);
    const positions = take(Uint16Array, n);
    pad();
    return { from, times, positions };
  };
  const rates = (n) => {
    const begin = view.getFloat64(at, true);
    at += 8;
    return { begin, n, values: take(Float32Array, n * nPopulations) };
  };
  const frame = { number, from, to, thinned: Math.max(1, thinned), spikes: spikes(nSpikes), rates: rates(nBins) };
  frame.active = take(Uint8Array, nBins * nClusters);
  pad();
  frame.voltage = take(Float32Array, 2 * nVoltage);
  frame.twin = nSpikesB || nBinsB ? { spikes: spikes(nSpikesB), rates: rates(nBinsB) } : null;
  return frame;
}
