// The figures, compared with the period before, and the facets.

import { button, byId, make } from './dom.js';
import { has, nameOf, term } from './search.js';
import { calls, count, duration, hours, span } from './time.js';

// A figure is a number of a view and how it is written. A share differs by points.
const share = ({ outside, scoped }) => (scoped > 0 ? Math.round((100 * outside) / scoped) : null);
const kinds = [
  ['Calls', ({ calls: n }) => n, count.format],
  ['Talked', ({ seconds }) => seconds, hours],
  ['Median length', ({ timed, median }) => (timed > 0 ? median : null), duration],
  ['With outsiders', share, (n) => `${n} %`],
];

function changed(of, now, before) {
  if (of !== share && !before) return '';
  const by = of === share ? now - before : Math.round((100 * (now - before)) / before);
  return `${by > 0 ? '▲' : by < 0 ? '▼' : '±'}${by === 0 ? '' : ' '}${count.format(Math.abs(by))} ${of !== share ? '%' : Math.abs(by) === 1 ? 'point' : 'points'}`;
}

// showFigures shows them first, since they answer most questions.
export function showFigures({ figures, earlier, from, to }) {
  byId('figures').replaceChildren(...kinds.map(([name, of, text]) => {
    const [now, before] = [of(figures), earlier && of(earlier)];
    return make('div', {}, make('dt', {}, name), make('dd', {}, now === null ? '–' : text(now)),
      make('dd', { className: 'change' }, before === null ? '' : `${now === null ? '' : changed(of, now, before)} (${text(before)})`));
  }));
  const year = span(from, to).match(/ \d{4}/g)?.at(-1) ?? ''; // which need not be said again
  byId('compared').textContent = earlier ? `compared with ${span(earlier.from, earlier.to).replaceAll(year, '')}` : '';
}

const titles = { system: 'System', direction: 'Direction', host: 'Who', workspace: 'Workspace' };

// few is how many values of a facet are shown at first: as many as leave room for the others.
const few = () => (innerWidth <= 640 ? 4 : innerWidth <= 1216 ? 6 : Math.max(6, Math.floor(innerHeight / 64) - 8));
const opened = new Set(); // the facets of which all values are shown

// showFacets ranks the values of each field by calls or seconds. Toggle gets the term that finds one.
export function showFacets({ facets, names }, where, by, toggle) {
  const focused = document.activeElement?.dataset.term;
  const draw = () => {
    const [system, direction, host, workspace] = facets.map(facet);
    byId('many').replaceChildren(system, host);
    byId('few').replaceChildren(direction, workspace);
  };

  function facet({ field, values: all, others }) {
    const values = all.toSorted((a, b) => b[by] - a[by]);
    const first = few();
    const shown = opened.has(field) ? values : values.filter(({ chosen }, i) => i < first || chosen);
    const hidden = values.length - shown.length;
    const open = () => { opened.add(field); draw(); byId(`facet-${field}`).querySelector(`li:nth-child(${first + 1}) button`)?.focus(); };
    return values.length === 0 ? '' : make('section', { id: `facet-${field}`, 'aria-label': titles[field] },
      make('h3', {}, titles[field]), make('ul', {}, ...shown.map((value) => make('li', {}, row(field, value, values)))),
      hidden > 0 ? button({ className: 'quiet' }, open, `${count.format(hidden + others)} more`)
        : others > 0 ? make('p', { className: 'hint' }, `and ${count.format(others)} more: search ${field}:NAME`) : '');
  }

  function row(field, { value, calls: n, seconds, chosen }, values) {
    const name = nameOf(names, field, value);
    const isTwin = (v) => name && v.value !== value && nameOf(names, field, v.value) === name;
    const about = `${calls(n)}, ${hours(seconds)}`;
    const label = [make('span', { className: name || !/^\d+$/.test(value) ? 'name' : 'name id', dir: 'auto' }, values.some(isTwin) ? `${name} (${value})` : name || value || 'none'), make('span', {}, by === 'calls' ? count.format(n) : hours(seconds))];
    const element = value ? pick(button({ title: name ? `${value}: ${about}` : about }, null, ...label), chosen || term(field, value))
      : make('div', { title: about }, ...label); // no term finds calls without a value
    element.style.setProperty('--share', { calls: n, seconds }[by] / (values[0][by] || 1));
    return element;
  }

  function pick(element, found) {
    element.dataset.term = found;
    element.ariaPressed = String(has(where, found));
    element.onclick = () => toggle(found);
    return element;
  }

  draw();
  for (const element of byId('only').querySelectorAll('button')) pick(element, element.dataset.term);
  if (focused) byId('facets').querySelector(`button[data-term="${CSS.escape(focused)}"]`)?.focus();
}
