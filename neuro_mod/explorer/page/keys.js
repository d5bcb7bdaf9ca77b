// The keyboard, and the help that lists its keys.

const typing = (target) => target.matches('input:not([type=range]), select, textarea');
const pressing = (target) => target.closest('button, summary, a');

/**
 * @param {import('./controls.js').Controls} controls
 * @param {() => void} theme
 */
export function listen(controls, theme) {
  const help = document.getElementById('help-dialog');
  const open = () => help.open || help.showModal();
  document.getElementById('help').addEventListener('click', open);
  document.getElementById('help-close').addEventListener('click', () => help.close());
  help.addEventListener('click', (event) => event.target === help && help.close()); // beside it
  const acts = {
    ' ': () => controls.toggle(), '.': () => controls.step(), r: () => controls.restart(), a: () => controls.twin(),
    s: () => controls.save(), d: theme, '?': open,
  };
  // What was pressed with a pointer does not keep the focus, so that the space bar goes on to pause.
  document.addEventListener('click', (event) => event.detail > 0 && pressing(event.target)?.blur());
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open || typing(event.target)) return;
    if (event.key === ' ' && pressing(event.target)) return; // the space bar presses what has the focus
    const digit = /^[0-9]$/.test(event.key);
    const act = digit ? () => controls.pulse(Number(event.key)) : acts[event.key];
    if (!act || (event.repeat && event.key !== '.')) return;
    event.preventDefault();
    act();
  });
}
