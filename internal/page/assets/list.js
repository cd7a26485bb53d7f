// The list of calls.

import { byId, make } from './dom.js';
import { nameOf } from './search.js';
import { clock, day as dayName, delay, duration, late, minutes, weekday } from './time.js';

const idOf = (row) => row?.dataset.at.split('.')[1];

// newList is the list. Link is the address of a call, open shows one, and more is asked for
// the calls after a place.
export function newList({ link, open, more }) {
  const table = byId('rows');
  let order = '';
  let last = null; // the last call that is shown
  let day = ''; // of the last call
  let asking = null; // the answer under way
  let marked = ''; // the id of the call that is open

  // add shows further calls. Calls of one day are together in a list from the newest.
  function add({ list, names }) {
    for (const call of list.calls) {
      const date = order === 'longest' ? 'all' : weekday(clock(call.time));
      if (date !== day) {
        table.append(make('tbody', {}, ...(order === 'longest' ? [] : [make('tr', { className: 'day' }, make('th', { scope: 'rowgroup', colSpan: 4 }, date))])));
        day = date;
      }
      table.tBodies[table.tBodies.length - 1].append(row(call, names));
      last = call;
    }
    byId('more').hidden = !list.more;
  }

  function row({ at, time, document: call }, names) {
    const title = make('a', { className: call.title ? 'title' : 'title untitled', href: link(call.id), dir: 'auto' }, call.title || 'no title');
    const host = call.primaryUserId ?? '';
    const space = call.workspaceId ?? '';
    const [hostName, spaceName] = [nameOf(names, 'host', host), nameOf(names, 'workspace', space)];
    const element = make('tr', { title: [`Call ${call.id}`, spaceName, space].filter(Boolean).join(', ') },
      make('td', { className: 'time' }, make('time', { dateTime: time }, order === 'longest' ? `${dayName(clock(time))} ${minutes(time)}` : minutes(time))),
      make('td', { className: 'what', title: call.title ?? '' }, title),
      make('td', { className: hostName ? 'host' : 'host id', title: host, dir: 'auto' }, hostName || host),
      make('td', { className: 'number' }, duration(call.duration)),
      make('td', { className: 'late' }, late(call) > 0 ? delay(late(call)) : ''),
      make('td', { className: 'direction' }, call.direction ?? ''),
      make('td', { className: 'system' }, call.system ?? ''),
      make('td', { className: 'scope' }, call.scope ?? ''),
      make('td', { className: spaceName ? 'space' : 'space id', title: space, dir: 'auto' }, spaceName || space),
      make('td', { className: 'external', title: call.clientUniqueId ?? '' }, call.clientUniqueId ?? ''),
      make('td', { className: 'id' }, call.id));
    element.dataset.at = at;
    if (idOf(element) === marked) element.ariaCurrent = 'true';
    element.onclick = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || String(getSelection())) return; // a new tab, or a text is selected
      event.preventDefault();
      open(idOf(element));
    };
    return element;
  }

  // next shows the calls after the last one, and tells whether there were some.
  async function next() {
    if (byId('more').hidden) return false;
    const { at, document: { duration: seconds } } = last;
    asking ??= more(typeof seconds === 'number' ? `${at},${seconds}` : at);
    const answer = asking;
    const found = await answer;
    if (asking === answer) { // else another list is shown by now, or it has been added
      asking = null;
      if (found) add(found);
    }
    return Boolean(found);
  }
  const rows = () => [...table.querySelectorAll('tr[data-at]')];
  const find = (id) => rows().findIndex((r) => idOf(r) === id);
  byId('more').onclick = async () => {
    const before = rows().length;
    await next();
    focus(rows()[before]);
  };

  return {
    show(view, chosen = '') {
      [order, last, day, asking] = [chosen, null, '', null];
      for (const body of [...table.tBodies]) body.remove();
      table.classList.toggle('longest', order === 'longest');
      add(view);
    },

    // place is where a call stands, from 0, or -1. A listed one is loaded, up to the first thousand.
    async place(id, isListed) {
      let i;
      while ((i = find(id)) < 0 && isListed && rows().length < 1000 && await next());
      return i;
    },

    // step is the call that stands some places after another one, if there is one.
    async step(id, by) {
      const i = find(id);
      if (i >= 0 && i + by >= rows().length) await next();
      return i < 0 ? undefined : idOf(rows()[i + by]);
    },

    // walk moves the focus to another call of the list.
    async walk(by) {
      const i = rows().indexOf(document.activeElement.closest?.('tr[data-at]'));
      if (i + by >= rows().length) await next();
      focus(rows()[i < 0 ? 0 : i + by]);
    },

    // mark marks the call that is open. Once none is, the focus goes to the one that was.
    mark(id) {
      const [left, open] = [marked, id].map((i) => rows()[find(i)]);
      if (left) left.ariaCurrent = null;
      if (open) open.ariaCurrent = 'true';
      open?.scrollIntoView({ block: 'nearest' });
      if (marked && !id) focus(left);
      marked = id;
    },
  };

  function focus(r) {
    r?.querySelector('a').focus({ preventScroll: true });
    r?.scrollIntoView({ block: 'nearest' });
  }
}

// choices lets one of a group of buttons be chosen, and returns what presses one.
export function choices(id, chosen) {
  const all = [...byId(id).querySelectorAll('[data-value]')];
  for (const b of all) b.onclick = () => chosen(b.dataset.value);
  return (value) => { for (const b of all) b.ariaPressed = String(b.dataset.value === value); };
}
