// Colours of populations, and the light or dark theme.

/** Okabe and Ito's palette without black; told apart with any colour vision. */
const HUES = ['#e69f00', '#56b4e9', '#009e73', '#d7c400', '#0072b2', '#d55e00', '#cc79a7'];
const THEMES = ['system', 'light', 'dark'];
const KEY = 'neuro-mod-explore-theme';

/** @typedef {[number, number, number]} Colour red, green and blue, 0 to 255 */

/** @returns {Colour} */
const parse = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** @param {Colour} a @param {Colour} b @returns {Colour} */
export const mix = (a, b, part) => a.map((value, i) => Math.round(value + (b[i] - value) * part));

/** @param {Colour} colour */
export const css = (colour, alpha = 1) => `rgba(${colour.join(',')},${alpha})`;

/**
 * Colour of a cluster: the hues repeat in another lightness.
 * @returns {Colour}
 */
export function clusterColour(cluster, dark) {
  const hue = parse(HUES[cluster % HUES.length]);
  const second = Math.floor(cluster / HUES.length) % 2;
  if (dark) return mix(hue, [255, 255, 255], second ? 0.5 : 0.1);
  return mix(hue, [0, 0, 0], second ? 0.42 : 0.08);
}

/**
 * Colour of a population: E clusters bright, I clusters muted, background grey.
 * @returns {Colour}
 */
export function populationColour(population, dark) {
  const grey = dark ? [150, 155, 165] : [115, 120, 130];
  if (population.cluster === null) return grey;
  const colour = clusterColour(population.cluster, dark);
  return population.type === 'E' ? colour : mix(colour, grey, 0.6);
}

const system = matchMedia('(prefers-color-scheme: dark)');
const listeners = [];
let chosen = 'system';
try {
  chosen = localStorage.getItem(KEY) ?? 'system';
} catch { /* storage may be forbidden */ }

/** The present colours, for canvases; replaced as a whole when the theme changes. */
export const look = { dark: false, text: '', faint: '', grid: '', surface: '', accent: '' };

function apply() {
  const root = document.documentElement;
  look.dark = chosen === 'system' ? system.matches : chosen === 'dark';
  root.dataset.theme = look.dark ? 'dark' : 'light';
  const style = getComputedStyle(root);
  for (const name of ['text', 'faint', 'grid', 'surface', 'accent']) look[name] = style.getPropertyValue(`--${name}`).trim();
  for (const listener of listeners) listener(chosen);
}

/** Calls `listener` with the name of the theme now and at each change. */
export function onTheme(listener) {
  listeners.push(listener);
  apply();
}

/** The next of system, light and dark. */
export function nextTheme() {
  chosen = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length];
  try {
    localStorage.setItem(KEY, chosen);
  } catch { /* holds until the page is left */ }
  apply();
}

system.addEventListener('change', apply);
