// Numbers and texts as a person reads them.

/** With three digits at most. */
export const figure = (value) => (Number.isFinite(value) ? `${+value.toPrecision(3)}` : '–');

/** Seconds, with the unit that suits. */
export const duration = (s) => (s >= 1e4 ? `${s.toExponential(1)} s` : s >= 1 ? `${figure(s)} s` : `${figure(1000 * s)} ms`);

/**
 * Why a typed number is not taken; empty if it is.
 * @param {string} text of a field @param {{min?: number|string, max?: number|string}} limits an empty string is none
 */
export function refusal(text, { min = '', max = '' } = {}) {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) return 'a number is needed';
  if (min !== '' && value < Number(min)) return `${value} is below ${+Number(min).toPrecision(6)}`;
  if (max !== '' && value > Number(max)) return `${value} is above ${+Number(max).toPrecision(6)}`;
  return '';
}

/** A refusal of the server without the option of the command line that it begins with. */
export const withoutOption = (message) => message.replace(/^(?:--set|override) [^\s=]+=.*?: /, '');

/**
 * A pulse or change with its sign, as `+3 Hz`.
 * @param {number} value
 */
export const signed = (value, unit) => `${value < 0 ? '−' : '+'}${figure(Math.abs(value))} ${unit}`;

/** What the knobs differ in from the configuration. */
export function differences(changed, knobs) {
  const words = knobs.filter(({ key }) => key in changed).map(({ key, label, value }) => `${label} (${+value.toPrecision(6)} instead of ${+changed[key].toPrecision(6)})`);
  return words.length ? `Differs from the configuration in: ${words.join(', ')}.` : '';
}
