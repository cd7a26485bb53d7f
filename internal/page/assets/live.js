// The pill that tells of calls that came after the page was loaded.

import { byId } from './dom.js';
import { count } from './time.js';

const period = 4e3; // between two looks, in milliseconds

// beginLive looks for changes while the page can be seen. Latest asks for the company's number
// and its calls, shown is the view on the screen, and show shows what is new.
export function beginLive(latest, shown, show) {
  const pill = byId('news');
  let timer = 0;
  async function look() {
    const view = shown();
    const now = view && await latest();
    if (!now || view !== shown()) return; // another view is shown by now
    const more = now.all - view.all;
    pill.hidden = now.number === view.number;
    pill.textContent = more > 0 ? `${count.format(more)} new ${more === 1 ? 'call' : 'calls'} ↑` : 'Calls have changed ↑';
  }
  const follow = () => {
    clearInterval(timer);
    if (document.hidden) return;
    timer = setInterval(look, period);
    look();
  };
  pill.onclick = () => { pill.hidden = true; show(); };
  document.addEventListener('visibilitychange', follow);
  follow();
}
