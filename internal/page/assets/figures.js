// The figures with their change against the period before, and the facets.

import { button, byId, make } from './dom.js';
import { has, nameOf, term } from './search.js';
import { calls, count, hours, length, span } from './time.js';

const percent = (part, whole) => (whole > 0 ? Math.round((100 * part) / whole) : null);

// changed says by how much a figure differs from before, or is empty if that can't be said.
function changed(now, before) {
  if (!before) return '';
  const by = Math.round((100 * (now - before)) / before);
  return by === 0 ? '±0 %' : `${by > 0 ? '▲' : '▼'} ${count.format(Math.abs(by))} %`;
}

// showFigures shows them first, since they answer most questions.
export function showFigures({ figures: now, earlier: before }) {
  const [share, shareBefore] = [percent(now.outside, now.scoped), before && percent(before.outside, before.scoped)];
  const points = share === null || shareBefore === null ? null : share - shareBefore;
  const figure = (name, value, change, was) => make('div', {},
    make('dt', {}, name), make('dd', {}, value),
    make('dd', { className: 'change', title: before ? `${was} in the period before` : '' }, before ? change : ''));
  byId('figures').replaceChildren(
    figure('Calls', count.format(now.calls), changed(now.calls, before?.calls), count.format(before?.calls ?? 0)),
    figure('Talked', hours(now.seconds), changed(now.seconds, before?.seconds), hours(before?.seconds ?? 0)),
    figure('Median length', now.timed > 0 ? length(now.median) : '–', changed(now.median, before?.median), length(before?.median ?? 0)),
    figure('With outsiders', share === null ? '–' : `${share} %`,
      points === null || !before ? '' : points === 0 ? '±0 points' : `${points > 0 ? '▲' : '▼'} ${Math.abs(points)} points`, `${shareBefore ?? 0} %`));
  byId('compared').textContent = before ? `compared with ${span(before.from, before.to)}` : '';
}

const titles = { system: 'System', direction: 'Direction', host: 'Who', workspace: 'Workspace' };
const few = 6; // values of a facet that are shown at first
const opened = new Set(); // the facets of which all values are shown

// showFacets ranks the values of each field. Toggle is called with the term of the search that
// finds a value.
export function showFacets({ facets, names }, where, toggle) {
  const focused = document.activeElement?.dataset.term;
  const draw = () => byId('facets').replaceChildren(...facets.filter(({ values }) => values.length > 0).map(facet));

  function facet({ field, values, others }) {
    const most = Math.max(...values.map((v) => v.calls));
    const shown = opened.has(field) ? values : values.slice(0, few);
    const hidden = values.length - shown.length;
    const all = () => { opened.add(field); draw(); byId(`facet-${field}`).querySelector(`li:nth-child(${few + 1}) button`)?.focus(); };
    return make('section', { id: `facet-${field}`, 'aria-label': titles[field] },
      make('h3', {}, titles[field]),
      make('ul', {}, ...shown.map((value) => make('li', {}, row(field, value, most)))),
      ...(hidden > 0 ? [button({ className: 'quiet', onclick: all }, null, `${count.format(hidden + others)} more`)] : []),
      ...(hidden === 0 && others > 0 ? [make('p', { className: 'hint' }, `and ${count.format(others)} more: search ${field}:NAME`)] : []));
  }

  function row(field, { value, calls: n, seconds }, most) {
    const name = nameOf(names, field, value);
    const about = `${calls(n)}, ${hours(seconds)}`;
    const label = [make('span', { className: name || !/^\d+$/.test(value) ? 'name' : 'name id', dir: 'auto' }, name || value || 'none'), make('span', {}, count.format(n))];
    const found = term(field, value);
    const element = value
      ? button({ 'aria-pressed': String(has(where, found)), title: name ? `${value}: ${about}` : about }, () => toggle(found), ...label)
      : make('div', { title: about }, ...label); // no term finds calls without a value
    element.dataset.term = found;
    element.style.setProperty('--share', n / most);
    return element;
  }

  draw();
  if (focused) byId('facets').querySelector(`button[data-term="${CSS.escape(focused)}"]`)?.focus();
}
