// The search field. Its terms stand in the address, and each is a chip.

import { button, byId, make } from './dom.js';

const quotes = '"“”„‟';
const termForm = new RegExp(`(?:[^\\s:${quotes}]*:)?[${quotes}][^${quotes}]*[${quotes}]?|\\S+`, 'g');

// terms divides a text as the server does.
export const terms = (where = '') => where.match(termForm) ?? [];

// term is what finds the calls with a value. It leaves out quotes, because the search ignores punctuation.
export function term(field, value) {
  const text = value.replace(new RegExp(`[${quotes}]`, 'g'), ' ').trim();
  return `${field}:${/\s/.test(text) ? `"${text}"` : text}`;
}

export const has = (where, found) => terms(where).includes(found);

// toggle is a search with a term, or without it if it is there.
export const toggle = (where, found) => (has(where, found) ? terms(where).filter((t) => t !== found) : [...terms(where), found]).join(' ');

// newSearch is the field. Go is called with the changes of the state, and jump with digits,
// which may be the id of a call.
export function newSearch(go, jump) {
  const field = byId('search');
  const always = [...byId('values').children];
  let where = '';
  byId('find').onsubmit = async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    field.value = '';
    if (!text || (/^\d{1,20}$/.test(text) && await jump(text))) return;
    const added = terms(text).filter((t) => !has(where, t));
    if (added.length > 0) go({ where: [...terms(where), ...added].join(' ') });
  };
  field.onkeydown = (event) => {
    if (event.key === 'Backspace' && field.value === '' && where) go({ where: terms(where).slice(0, -1).join(' ') });
    if (event.key === 'Escape' && field.value === '') field.blur();
  };

  return {
    // show shows the terms, and offers the values that there are.
    show(text = '', { names, facets = [] } = {}, culprit = '') {
      where = text;
      const all = terms(where);
      const focused = [...byId('chips').children].indexOf(document.activeElement);
      byId('chips').replaceChildren(...all.map((t) => {
        const [, name, id] = /^(host|workspace):(\d+)$/.exec(t) ?? [];
        const said = name && nameOf(names, name, id) ? term(name, nameOf(names, name, id)) : t; // as it would be typed
        return button({ title: t, 'aria-label': `Remove ${said}`, className: t === culprit ? 'bad' : '' }, () => go({ where: toggle(where, t) }),
          make('bdi', {}, said), make('span', { 'aria-hidden': 'true' }, '✕'));
      }));
      if (focused >= 0) (byId('chips').children[Math.min(focused, all.length - 1)] ?? field).focus();
      field.placeholder = all.length > 0 ? 'and …' : field.dataset.hint;
      byId('values').replaceChildren(...facets.flatMap(({ field: name, values }) => values.filter(({ value }) => value).map(({ value }) =>
        make('option', { value: term(name, value), label: nameOf(names, name, value) }))), ...always);
    },
  };
}

// nameOf is what people call the host or the workspace with an id, if the answer has a name.
export function nameOf(names, field, id) {
  const known = names?.[{ host: 'users', workspace: 'workspaces' }[field]];
  return id && known && Object.hasOwn(known, id) ? known[id] : '';
}
