// One call.

import { byId, copy, make } from './dom.js';
import { nameOf } from './search.js';
import { delay, duration, late, moment } from './time.js';

// newPanel is the dialog of a call. Closed is called when a person closes it, and walk with -1
// or 1 for the call before or after it in the list. Link is the address to copy.
export function newPanel(closed, walk, link) {
  const dialog = byId('call');
  let shown = null;
  dialog.querySelector('.close').onclick = closed;
  dialog.oncancel = (event) => { event.preventDefault(); closed(); };
  dialog.onclick = (event) => { if (event.target === dialog) closed(); };
  byId('call-before').onclick = () => walk(-1);
  byId('call-after').onclick = () => walk(1);
  dialog.onkeydown = (event) => {
    const by = { ArrowLeft: -1, k: -1, ArrowRight: 1, j: 1 }[event.key];
    if (!by || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    walk(by);
  };
  const texts = { document: () => shown.document, curl: () => shown.curl, link };
  for (const [id, text] of Object.entries(texts)) byId(`copy-${id}`).onclick = ({ target }) => copy(text(), target);

  const open = () => { if (!dialog.open) dialog.showModal(); };
  return {
    close() { dialog.close(); },

    show(answer) {
      shown = answer;
      const { document: text, indented, scheduled, started, names, curl } = answer;
      const call = JSON.parse(text);
      const minutes = late(call);
      byId('call-title').textContent = call.title || 'No title';
      const named = (field, id) => id && make('bdi', { title: id }, nameOf(names, field, id) || id);
      const link = (value) => { // a call may contain a javascript: URL
        const url = URL.parse(value);
        return /^https?:$/.test(url?.protocol) && make('a', { href: url.href, title: url.href, target: '_blank', rel: 'noopener noreferrer' }, url.host);
      };
      const facts = [
        ['Scheduled', scheduled && moment(scheduled)], ['Started', started && moment(started)],
        [minutes < 0 ? 'Early' : 'Late', minutes === 0 ? 'no' : minutes && delay(Math.abs(minutes))],
        ['Length', duration(call.duration)],
        ['Who', named('host', call.primaryUserId)], ['Workspace', named('workspace', call.workspaceId)],
        ['System', call.system], ['Direction', call.direction], ['Scope', call.scope], ['Private', call.isPrivate ? 'yes' : ''],
        ['Recording', link(call.url)], ['Meeting', link(call.meetingUrl)], ['ID', make('code', {}, call.id)],
        ['External ID', call.clientUniqueId && make('code', {}, call.clientUniqueId)],
      ];
      byId('call-facts').replaceChildren(...facts.filter(([, value]) => value).map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', { dir: 'auto' }, value))));
      byId('call-problem').textContent = '';
      byId('copy-curl').hidden = !curl;
      byId('call-actions').hidden = byId('call-json').hidden = false;
      byId('document').textContent = indented;
      open();
      dialog.scrollTop = 0;
    },

    fail(text) {
      byId('call-title').textContent = 'This call can’t be shown';
      byId('call-problem').textContent = text;
      byId('call-actions').hidden = byId('call-json').hidden = true;
      byId('call-facts').replaceChildren();
      open();
    },
  };
}
