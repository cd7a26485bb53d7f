// The dialog in which a range is chosen by days, or written. Days here are those of
// the calendar and belong to no time zone.

import { byId, make } from './dom.js';
import { bound, clock, isMidnight, month, weekday } from './time.js';

const dayLength = 86400e3;
const iso = (date) => date.toISOString().slice(0, 10);
const later = (date, days) => new Date(date.getTime() + days * dayLength);
const isDate = (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));

// monthsLater keeps the day of the month, or uses the last day of a shorter month.
function monthsLater(date, months) {
  const first = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1));
  const length = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  return later(first, Math.min(date.getUTCDate(), length) - 1);
}

// newCalendar is the dialog. Check asks the server what the fields mean, and chosen is called
// with the ends of the range, the second of which is not in it.
export function newCalendar({ check, chosen }) {
  const dialog = byId('calendar');
  const days = byId('days');
  const from = byId('from');
  const to = byId('to');
  let focus = new Date(0); // the day that the keyboard is at
  let picking = false; // the first day is chosen, the last is not

  function draw() {
    const first = new Date(Date.UTC(focus.getUTCFullYear(), focus.getUTCMonth(), 1));
    byId('month').textContent = month(first);
    const monday = later(first, -((first.getUTCDay() + 6) % 7));
    const weeks = [0, 1, 2, 3, 4, 5].map((week) => make('tr', {},
      ...[0, 1, 2, 3, 4, 5, 6].map((n) => cell(later(monday, 7 * week + n), first))));
    days.replaceChildren(...weeks);
  }

  function cell(date, first) {
    const name = iso(date);
    const inRange = isDate(from.value) && (picking ? name === from.value : isDate(to.value) && from.value <= name && name <= to.value);
    const element = make('td', { role: 'gridcell', 'aria-label': weekday(date), 'aria-selected': inRange }, String(date.getUTCDate()));
    element.dataset.day = name;
    element.tabIndex = name === iso(focus) ? 0 : -1;
    element.classList.toggle('other', date.getUTCMonth() !== first.getUTCMonth());
    element.classList.toggle('ends', inRange && (name === from.value || name === to.value));
    return element;
  }

  function pick(name) {
    if (!picking || name < from.value) [from.value, to.value, picking] = [name, name, true];
    else [to.value, picking] = [name, false];
    blame();
    move(new Date(name));
  }

  function move(date) {
    focus = date;
    draw();
    days.querySelector('[tabindex="0"]').focus();
  }

  days.onclick = (event) => {
    const name = event.target.closest('[data-day]')?.dataset.day;
    if (name) pick(name);
  };
  days.onkeydown = (event) => {
    const weekdayNumber = (focus.getUTCDay() + 6) % 7;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7, Home: -weekdayNumber, End: 6 - weekdayNumber };
    if (event.key in steps) move(later(focus, steps[event.key]));
    else if (/^Page/.test(event.key)) move(monthsLater(focus, (event.key === 'PageUp' ? -1 : 1) * (event.shiftKey ? 12 : 1)));
    else if (event.key === 'Enter' || event.key === ' ') pick(iso(focus));
    else return;
    event.preventDefault();
  };
  byId('month-before').onclick = () => { focus = monthsLater(focus, -1); draw(); };
  byId('month-after').onclick = () => { focus = monthsLater(focus, 1); draw(); };
  for (const field of [from, to]) field.addEventListener('input', () => { picking = false; blame(); draw(); });
  dialog.querySelector('.close').onclick = () => dialog.close();
  dialog.onclick = (event) => { if (event.target === dialog) dialog.close(); };

  // blame says beside a field what is wrong with it.
  function blame(text = '', wrong = null) {
    for (const field of [from, to]) {
      field.ariaInvalid = String(field === wrong);
      byId(`${field.id}-problem`).textContent = field === wrong ? text : '';
    }
    wrong?.focus();
  }
  dialog.querySelector('form').onsubmit = async (event) => {
    event.preventDefault();
    let range;
    try {
      range = await check(from.value.trim(), to.value.trim());
    } catch (error) {
      blame(error.message, error.culprit?.name === 'from' ? from : to);
      return;
    }
    dialog.close();
    chosen(range.from && bound(range.from), range.to && bound(range.to));
  };

  // open begins with the range that is shown.
  return function open(view) {
    picking = false;
    blame();
    const last = view && later(clock(view.to), isMidnight(view.to) ? -1 : 0);
    from.value = view ? bound(view.from) : '';
    to.value = view ? (isMidnight(view.to) ? iso(last) : bound(view.to)) : '';
    focus = new Date(iso(last ?? new Date()));
    draw();
    dialog.showModal();
    days.querySelector('[tabindex="0"]').focus();
  };
}
