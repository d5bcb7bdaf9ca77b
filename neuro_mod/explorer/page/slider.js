// A number as a slider and a field, with explanation, reset, and the place for a refusal.

const { refusal } = await import(`./words.js${new URL(import.meta.url).search}`);

const WAIT = 1500; // ms for which a sent value is awaited in `status` before that of the server is shown
const KEYS_REST = 500; // ms after the last arrow key that count as a release
const SHOWN = 10000; // ms for which a refusal stays

let nSliders = 0;

const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

/**
 * @typedef {object} SliderOptions
 * @property {string} label
 * @property {string} [unit]
 * @property {number} min
 * @property {number} max
 * @property {number|'any'} [step]
 * @property {number} value
 * @property {number} [normal] to which the button resets
 * @property {string} [help]
 * @property {string} [about] name under which refusals come
 * @property {boolean} [atOnce] whether it acts while it is moved
 * @property {string} [colour] of the label's edge
 * @property {(value: number) => void} act
 */
export class Slider {
  #held = false;
  #sent = null; // {value, at} while the server has not confirmed it
  #rest = 0;

  /** @param {SliderOptions} options */
  constructor(options) {
    const { label, unit = '', min, max, step = 'any', help, atOnce = true, colour } = options;
    this.options = { atOnce, ...options };
    this.decimals = Math.min(Math.max(3 - Math.floor(Math.log10(max - min)), 0), 9);
    const id = `slider-${nSliders++}`;
    this.range = element('input', { type: 'range', id, min, max, step });
    this.field = element('input', { type: 'number', min, max, step: 'any' });
    this.field.setAttribute('aria-label', `${label}${unit && `, ${unit}`}`);
    if (unit) this.range.setAttribute('aria-valuetext', '');
    const name = element('label', { htmlFor: id }, label);
    if (colour) name.style.borderColor = colour;
    this.root = element('div', { className: help === undefined ? 'slider compact' : 'slider' });
    this.problem = element('p', { className: 'problem', id: `${id}-problem` });
    this.problem.setAttribute('role', 'alert');
    this.field.setAttribute('aria-describedby', this.problem.id);
    if (help === undefined) {
      this.root.append(name, this.range, this.field, this.problem);
    } else {
      const about = element('div', {}, name), head = element('div', { className: 'slider-head' }, about);
      if (unit) name.append(' ', element('span', { className: 'unit' }, unit));
      if (!atOnce) about.append(element('span', { className: 'badge', title: 'Takes effect on release, with a new network' }, 'rebuilds on release'));
      this.back = element('button', { className: 'mini', textContent: '↺', title: `Back to ${options.normal}` });
      this.back.setAttribute('aria-label', `Reset ${label} to ${options.normal}`);
      this.back.addEventListener('click', () => this.#commit(options.normal));
      const ask = element('button', { className: 'mini', textContent: '?', title: help });
      ask.setAttribute('aria-label', `Explain ${label}`);
      ask.setAttribute('aria-expanded', 'false');
      ask.setAttribute('aria-controls', `${id}-help`);
      const words = element('p', { className: 'hint', id: `${id}-help`, textContent: help, hidden: true });
      ask.addEventListener('click', () => {
        words.hidden = !words.hidden;
        ask.setAttribute('aria-expanded', String(!words.hidden));
      });
      this.range.setAttribute('aria-describedby', words.id);
      head.append(this.back, ask);
      this.problem.dataset.about = options.about;
      this.root.append(head, element('div', { className: 'slider-row' }, this.range, this.field), words, this.problem);
    }
    this.#listen();
    this.#set(options.value);
  }

  #listen() {
    const { range, field } = this;
    range.addEventListener('pointerdown', () => { this.#held = true; });
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture', 'blur']) range.addEventListener(end, () => { this.#held = false; });
    range.addEventListener('input', () => {
      const value = Number(range.value);
      this.#say('');
      this.#set(value, range);
      if (this.options.atOnce) this.#act(value);
      else this.#sent = { value, at: performance.now() }; // kept until the release
    });
    range.addEventListener('change', () => {
      if (this.options.atOnce) return;
      clearTimeout(this.#rest);
      const act = () => this.#act(Number(range.value));
      if (this.#held || !range.matches(':focus-visible')) act();
      else this.#rest = setTimeout(act, KEYS_REST); // arrow keys "change" at each step
      this.#held = false;
    });
    field.addEventListener('change', () => {
      const { min, max } = this.options;
      const why = refusal(field.value, { min, max });
      this.#say(why);
      if (why) this.#set(this.value);
      else this.#commit(Number(field.value));
    });
    range.addEventListener('dblclick', () => this.options.normal !== undefined && this.#commit(this.options.normal));
  }

  #commit(value) {
    this.#set(value);
    this.#act(value);
  }

  /** Beside the field, why what was typed is not taken. */
  #say(words) {
    this.problem.textContent = words;
    clearTimeout(this.problem.timer);
    if (words) this.problem.timer = setTimeout(() => { this.problem.textContent = ''; }, SHOWN);
  }

  #act(value) {
    this.#sent = { value, at: performance.now() };
    this.options.act(value);
  }

  #set(value, by) {
    this.value = value;
    if (by !== this.range) this.range.value = value;
    // compact fields hold few digits: to a part of the range
    const text = `${this.options.help === undefined ? +value.toFixed(this.decimals) : +value.toPrecision(6)}`;
    if (document.activeElement !== this.field || by === undefined) this.field.value = text;
    if (this.options.unit) this.range.setAttribute('aria-valuetext', `${text} ${this.options.unit}`);
    if (this.back) this.back.disabled = Math.abs(value - this.options.normal) <= 1e-9 * Math.max(1, Math.abs(value));
  }

  /** Whether the person is moving it, or the server has yet to confirm what was sent. */
  get busy() {
    return this.#held || this.#sent !== null;
  }

  /**
   * The value of the last status; an older one does not move the slider under the finger.
   * @param {boolean} building whether the server is still making the network that was asked for
   */
  show(value, building = false) {
    if (this.#sent) {
      const confirmed = Math.abs(value - this.#sent.value) <= 1e-6 * Math.max(1e-3, Math.abs(value));
      if (!confirmed && (performance.now() - this.#sent.at < WAIT || (building && !this.options.atOnce))) return;
      this.#sent = null;
    }
    if (this.#held || document.activeElement === this.field) return;
    if (value !== this.value) this.#set(value);
  }

  /** Sets it without telling the server. */
  put(value) {
    if (!this.#held && document.activeElement !== this.field && value !== this.value) this.#set(value);
  }

  /** After a refusal: the next `show` counts. */
  release() {
    this.#sent = null;
  }
}
