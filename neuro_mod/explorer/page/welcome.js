// The sentence of the first visit.

const KEY = 'neuro-mod-explore-welcomed';

/** Shows it until it is dismissed, once for all where the browser keeps that. */
export function welcome() {
  const box = document.getElementById('welcome');
  try {
    box.hidden = localStorage.getItem(KEY) !== null;
  } catch {
    box.hidden = false; // storage may be forbidden
  }
  document.getElementById('welcome-close').addEventListener('click', () => {
    box.hidden = true;
    try {
      localStorage.setItem(KEY, 'yes');
    } catch { /* it comes again */ }
  });
}
