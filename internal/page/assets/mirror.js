// The line in the header that says how the company's mirror stands, and the lines below it.

import { byId, make } from './dom.js';

const period = 60e3; // between two looks at a mirror, in milliseconds
const opened = 5e3; // the same while its lines are open

// beginMirror lets the line open, and looks again while the page can be seen.
export function beginMirror(refresh) {
  const line = byId('mirror');
  let at = Date.now() + period; // of the next look
  const look = () => {
    if (line.hidden || document.hidden) return;
    at = Date.now() + period;
    refresh();
  };
  line.onclick = () => {
    const open = line.ariaExpanded !== 'true';
    line.ariaExpanded = String(open);
    byId('mirror-lines').hidden = !open;
    if (open) look();
  };
  document.addEventListener('visibilitychange', look);
  setInterval(() => { if (!byId('mirror-lines').hidden || Date.now() >= at) look(); }, opened);
}

// showMirror shows the line, or none for a company that has no mirror.
export function showMirror(mirror) {
  const line = byId('mirror');
  const lines = byId('mirror-lines');
  line.hidden = !mirror;
  lines.hidden = !mirror?.lines.length || line.ariaExpanded !== 'true';
  if (!mirror) return;
  line.dataset.state = mirror.state;
  line.title = mirror.headline;
  line.replaceChildren(make('span', {}, mirror.headline));
  lines.replaceChildren(...mirror.lines.flatMap(({ name, text, part, whole }) => [
    name ? make('dt', {}, name) : '', // without a name it goes on
    make('dd', {}, ...(whole > 0 ? [make('progress', { value: part, max: whole, 'aria-label': name })] : []), text),
  ]));
}
