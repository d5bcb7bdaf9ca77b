// The knobs of the network, by group.

const { search } = new URL(import.meta.url);
const { Slider } = await import(`./slider.js${search}`);
const { differences } = await import(`./words.js${search}`);

/** @typedef {{key: string, label: string, unit: string, min: number, max: number, step: number, value: number, default: number, group: string, help: string, at_once: boolean}} Knob */

export class Knobs {
  #sliders = new Map();

  /** @param {import('./connection.js').Connection} connection */
  constructor(connection) {
    this.connection = connection;
    this.box = document.getElementById('knobs');
  }

  /** @param {Knob[]} knobs */
  begin(knobs) {
    this.#sliders.clear();
    this.knobs = knobs;
    const groups = new Map();
    for (const knob of knobs) {
      if (!groups.has(knob.group)) groups.set(knob.group, this.#group(knob.group, groups.size === 0, knobs));
      const command = (value) => ({ do: 'knob', key: knob.key, value });
      const slider = new Slider({
        label: knob.label, unit: knob.unit, min: knob.min, max: knob.max, step: knob.step, value: knob.value, normal: knob.default,
        help: knob.help ?? '', about: knob.key, atOnce: knob.at_once,
        act: (value) => this.connection.sendSoon(knob.key, command(value)),
      });
      groups.get(knob.group).append(slider.root);
      this.#sliders.set(knob.key, slider);
    }
    this.box.replaceChildren(...groups.values());
  }

  #group(name, open, knobs) {
    const group = document.createElement('details');
    group.open = open && matchMedia('(min-width: 1100px)').matches;
    const summary = document.createElement('summary');
    summary.textContent = name[0].toUpperCase() + name.slice(1);
    group.append(summary);
    if (knobs.some((knob) => knob.group === name && knob.at_once)) {
      group.append(Object.assign(document.createElement('p'), { className: 'hint', textContent: 'Act at once, unless marked.' }));
    }
    return group;
  }

  /** @param {object} status */
  status({ knobs, building, changed }) {
    for (const [key, value] of Object.entries(knobs)) this.#sliders.get(key)?.show(value, building);
    const words = changed ? differences(changed, this.knobs.map(({ key, label }) => ({ key, label, value: knobs[key] }))) : '';
    const place = document.getElementById('changed');
    if (place.textContent !== words) place.textContent = words;
    document.getElementById('changed-mark').hidden = !words;
  }

  release() {
    for (const slider of this.#sliders.values()) slider.release();
  }
}
