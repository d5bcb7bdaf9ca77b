// Numbers as a person reads them.

/** With three digits at most. */
export const figure = (value) => (Number.isFinite(value) ? `${+value.toPrecision(3)}` : '–');

/** Seconds, with the unit that suits. */
export const duration = (s) => (s >= 1e4 ? `${s.toExponential(1)} s` : s >= 1 ? `${figure(s)} s` : `${figure(1000 * s)} ms`);
