// One call's document.

import { byId, copy, make, webURL } from './dom.js';
import { duration, moment } from './time.js';
import { nameOf } from './workspace.js';

// newPanel is the dialog of a call. Closed is called when a person closes it.
export function newPanel(closed) {
  const dialog = byId('call');
  let raw = '';
  dialog.querySelector('.close').onclick = closed;
  dialog.addEventListener('cancel', (event) => { event.preventDefault(); closed(); });
  dialog.addEventListener('click', (event) => { if (event.target === dialog) closed(); });
  byId('copy-document').onclick = (event) => copy(raw, event.target);

  const open = () => { if (!dialog.open) dialog.showModal(); };
  return {
    close() { if (dialog.open) dialog.close(); },

    show({ document: text, indented, time, names }) {
      raw = text;
      const call = JSON.parse(text);
      byId('call-title').textContent = call.title || `Call ${call.id}`;
      const named = (kind, id) => {
        const name = nameOf(names, kind, id);
        return name && make('bdi', { title: id }, name);
      };
      const facts = [moment(time), duration(call.duration), call.direction, call.system, named('users', call.primaryUserId), named('workspaces', call.workspaceId)];
      byId('call-facts').replaceChildren(...facts.filter(Boolean).flatMap((fact) => [' · ', fact]).slice(1));
      const url = webURL(call.url);
      const link = byId('call-link');
      link.hidden = !url;
      if (url) link.href = url.href;
      else link.removeAttribute('href');
      link.textContent = url ? `Open at ${url.host}` : '';
      byId('copy-document').hidden = false;
      byId('document').replaceChildren(...coloured(indented));
      open();
      byId('document').scrollTop = 0;
    },

    fail(text) {
      raw = '';
      byId('call-title').textContent = 'This call can’t be shown';
      byId('call-facts').textContent = text;
      byId('call-link').hidden = byId('copy-document').hidden = true;
      byId('document').replaceChildren();
      open();
    },
  };
}

// coloured is JSON as nodes: keys, strings and other values have colours, and a string
// that is a URL is a link.
function* coloured(text) {
  const token = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  let end = 0;
  for (const found of text.matchAll(token)) {
    const [all, string, colon] = found;
    yield text.slice(end, found.index);
    end = found.index + all.length;
    if (colon) {
      yield make('span', { className: 'key' }, string);
      yield colon;
    } else if (string) {
      const url = webURL(JSON.parse(string));
      yield url
        ? make('a', { href: url.href, target: '_blank', rel: 'noopener noreferrer' }, string)
        : make('span', { className: 'string' }, string);
    } else {
      yield make('span', { className: all === 'null' ? 'null' : 'value' }, all);
    }
  }
  yield text.slice(end);
}
