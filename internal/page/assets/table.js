// The table of calls and its pages.

import { button, byId, make } from './dom.js';
import { count, duration, moment } from './time.js';
import { nameOf } from './workspace.js';

// showRows fills the table. Open is called with the position of a call, filter with a
// workspace.
export function showRows(page, open, filter) {
  byId('rows').replaceChildren(...page.calls.map(({ at, time, document: call }) => {
    const title = button({ className: 'title' }, () => open(at), call.title || 'no title');
    if (!call.title) title.classList.add('untitled');
    title.dir = 'auto';
    title.dataset.at = at;
    const host = call.primaryUserId ?? '';
    const hostName = nameOf(page.names, 'users', host);
    const space = call.workspaceId;
    const spaceName = nameOf(page.names, 'workspaces', space);
    const workspace = space
      ? button({ className: 'plain', title: `Only workspace ${space}`, dir: 'auto' }, () => filter(space), spaceName || space)
      : '';
    const row = make('tr', {},
      make('td', { className: 'time' }, make('time', { dateTime: time }, moment(time))),
      make('td', { className: 'what' }, title),
      make('td', { className: hostName ? 'host' : 'host id', title: host, dir: 'auto' }, hostName || host),
      make('td', { className: 'direction' }, call.direction ?? ''),
      make('td', { className: 'number duration' }, duration(call.duration)),
      make('td', { className: 'system' }, call.system ?? ''),
      make('td', { className: spaceName ? 'space' : 'id space' }, workspace),
      make('td', { className: 'id' }, call.id));
    return row;
  }));
  byId('rows').parentElement.classList.toggle('hosts', Object.keys(page.names?.users ?? {}).length > 0);
}

// showPager says which calls are shown, and has the buttons for others. Go is called with
// the changes of the state.
export function showPager(page, total, go) {
  const { before, calls: shown, more } = page;
  const first = shown[0]?.at;
  const last = shown.at(-1)?.at;
  const step = (label, text, possible, changes) => {
    const b = button({ 'aria-label': label, title: label }, () => possible && go(changes), text);
    b.setAttribute('aria-disabled', String(!possible)); // and stays in the order of focus
    return b;
  };
  const end = before + shown.length;
  for (const pager of document.querySelectorAll('.pager')) {
    const focused = [...pager.querySelectorAll('button')].indexOf(document.activeElement);
    pager.replaceChildren(
      make('span', { className: 'where' }, shown.length > 0 ? `${count.format(before + 1)}–${count.format(end)} of ${count.format(Math.max(total, end))}` : ''),
      step('First page', '«', before > 0 || shown.length === 0, { after: '', before: '' }),
      step('Previous page', '‹', before > 0 && first, { after: '', before: first }),
      step('Next page', '›', more && last, { after: last, before: '' }),
      step('Last page', '»', more, { after: '', before: 'end' }));
    pager.hidden = Boolean(pager.closest('.below')) && before === 0 && !more;
    if (focused >= 0) pager.querySelectorAll('button')[focused].focus();
  }
}
