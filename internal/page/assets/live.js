// The pill that tells of calls that came into the view after it was loaded.

import { byId } from './dom.js';
import { calls } from './time.js';

const period = 4e3; // between two looks, in milliseconds

// beginLive looks while the page can be seen. Shown is the view on the screen, latest counts its
// calls if the company's number is another than at the last count, and show loads it again.
export function beginLive(latest, shown, show) {
  const pill = byId('news');
  let timer = 0;
  let view = null; // whose calls were counted
  let number = 0;
  async function look() {
    if (shown() !== view) number = (view = shown())?.number;
    const of = view;
    const now = of && await latest(of, number);
    if (now?.calls === undefined || of !== shown()) return; // nothing new, or another view by now
    number = now.number;
    const more = now.calls - of.figures.calls;
    pill.hidden = more === 0;
    pill.textContent = more > 0 ? `${calls(more).replace(' ', ' new ')} ↑` : 'Calls have changed ↑';
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
