// The page: it fetches and shows what the address says.

import { newCalendar } from './calendar.js';
import { newPanel } from './call.js';
import { newChart } from './chart.js';
import { button, byId, copy, make } from './dom.js';
import { showFacets, showFigures } from './figures.js';
import { choices, newList } from './list.js';
import { beginLive } from './live.js';
import { beginMirror, showMirror } from './mirror.js';
import { newSearch, toggle } from './search.js';
import { address, change, questions, read } from './state.js';
import { calls, clock, day, span } from './time.js';
import { newZone } from './zone.js';

let state = read(location.search);
let site = null; // the server's companies, links and formats
let view = null; // the view on the screen, and the query that it answers
let shown = null; // the state of the view on the screen
let wanted = null; // the state that could not be shown
let mirror = ''; // the query whose answer the header shows
let culprit = null; // what can't be answered

const main = document.querySelector('main');
const chart = newChart((from, to) => go({ range: '', from, to }, [...wider(), { range: state.range, from: state.from, to: state.to }]), filter);
const list = newList({ link: (call) => address({ ...state, call }), open: (call) => go({ call }), more: askMore });
const panel = newPanel(closeCall, walk);
const search = newSearch(go, jump);
const showZone = newZone((tz) => go({ tz }));
const show = {};

// wider are the ranges from which the chart has narrowed this one.
const wider = () => history.state?.wider ?? [];

// go changes what is shown, as a step of the history.
function go(changes, ranges = 'from' in changes ? [] : wider()) {
  step(change(state, changes), { wider: ranges, opened: 'call' in changes });
}

function step(next, about) {
  if (address(next) === address(state)) return false;
  state = next;
  history.pushState(about, '', address(state));
  load();
  return true;
}

// widen shows the range that the chart has narrowed, or else the one to begin with.
function widen() {
  const ranges = wider();
  go({ range: '', from: '', to: '', ...ranges.at(-1) }, ranges.slice(0, -1));
}

// filter adds a term to the search, or takes it away.
function filter(term) { go({ where: toggle(state.where, term) }); }

// closeCall goes back to where the call was opened.
function closeCall() {
  if (history.state?.opened) {
    history.back();
    return;
  }
  state = change(state, {});
  history.replaceState(history.state, '', address(state));
  load();
}

// walk shows the call before or after the one that is shown. Going back closes it all the same.
async function walk(by) {
  const call = await list.step(state.call, by);
  if (!call) return;
  state = { ...state, call };
  history.replaceState(history.state, '', address(state));
  load();
}

// jump opens the call with an id, if there is one.
async function jump(id) {
  const { signal } = underWay;
  try {
    const { at } = await ask(questions.find(state, id), signal);
    go({ call: at });
  } catch (error) {
    if (error instanceof Refusal) return false;
    if (!signal.aborted) throw error;
  }
  return true;
}

// Asking again can't change a final refusal. Without the culprit there may be something to show.
class Refusal extends Error {
  constructor(text, { final = false, culprit: named = null } = {}) {
    super(text);
    this.final = final;
    this.culprit = named;
  }
}

async function ask(question, signal) {
  let response;
  let text;
  try {
    // The page's address may contain a key, which fetch refuses.
    response = await fetch(`${location.origin}${location.pathname}${question}`, { signal, headers: { Accept: 'application/json' } });
    text = await response.text(); // the server may be stopped half-way
    if (response.ok) return JSON.parse(text);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Refusal('The server does not answer. Is it running?');
  }
  if (response.status === 401) throw new Refusal('This key is no longer valid. Reload the page to enter another one.', { final: true });
  let said = { error: text.trim() };
  try {
    said = JSON.parse(text);
  } catch { /* a proxy's answer */ }
  const first = said.culprit?.name === 'where' ? said.error[0] : said.error?.[0]?.toUpperCase(); // a term stays as it was typed
  throw new Refusal(said.error ? first + said.error.slice(1) + (/[.!?]$/.test(said.error) ? '' : '.') : `The server answered ${response.status}.`, said);
}

let underWay = new AbortController();

// load fetches the parts of the state that are not loaded yet.
async function load() {
  underWay.abort();
  const { signal } = (underWay = new AbortController());
  document.documentElement.dataset.state = 'loading';
  const waiting = setTimeout(() => { byId('progress').hidden = false; }, 150);
  main.setAttribute('aria-busy', 'true');
  culprit = wanted = null;
  showControls();
  try {
    site ??= await ask('api/site', signal);
    showSite();
    await Promise.all([fetchCall(signal), fetchView(signal), fetchMirror(signal)]);
    shown = state;
    byId('problem').hidden = true;
    main.classList.remove('stale');
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Refusal)) throw error;
    fail(error);
  } finally {
    clearTimeout(waiting);
    if (!signal.aborted) {
      byId('progress').hidden = true;
      main.setAttribute('aria-busy', 'false');
      document.documentElement.dataset.state = 'shown';
    }
  }
}

// fail says why the state can't be shown. What was shown before stays, and so do the controls,
// unless a part of the address is to blame, which can be taken away.
function fail(error) {
  culprit = error.culprit;
  byId('problem-text').textContent = error.message;
  byId('remove').hidden = !culprit;
  byId('remove').textContent = `✕ Remove ${culprit?.value}`;
  byId('again').hidden = error.final;
  byId('problem').hidden = false;
  main.classList.toggle('bare', !view);
  main.classList.add('stale');
  if (!culprit && shown) {
    [wanted, state] = [state, shown];
    history.replaceState(history.state, '', address(state));
  }
  showControls();
}

async function fetchView(signal) {
  const question = questions.view(state);
  if (view?.question !== question) {
    view = { ...await ask(question, signal), question };
    byId('news').hidden = true;
    list.show(view, state.order);
  }
  showView();
}

// askMore asks for the calls of the list after a place. It is null if that fails.
async function askMore(before) {
  const { signal } = underWay;
  try {
    return await ask(questions.more(state, before), signal);
  } catch (error) {
    if (error instanceof Refusal) fail(error);
    else if (!signal.aborted) throw error;
    return null;
  }
}

async function fetchMirror(signal) {
  const question = questions.mirror(state);
  if (mirror === question) return;
  showMirror((await ask(question, signal)).mirror);
  mirror = question;
}

// refreshMirror shows how the mirror stands by now.
async function refreshMirror() {
  const { signal } = underWay;
  mirror = '';
  try {
    await fetchMirror(signal);
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Refusal)) throw error;
    showMirror({ state: 'trouble', headline: `Mirror status unknown: ${error.message}`, lines: [] });
  }
}

// latest is the company's last change and its calls, or null if the server does not answer.
async function latest() {
  const { signal } = underWay;
  try {
    return await ask(questions.latest(state), signal);
  } catch {
    return null; // other requests report it
  }
}

async function fetchCall(signal) {
  if (!state.call) {
    const left = shown?.call;
    panel.close();
    if (left) list.focus(left);
    return;
  }
  try {
    panel.show(await ask(questions.call(state), signal));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    panel.fail(error.message);
  }
}

function showView() {
  const { figures, from, to, all } = view;
  const isEmpty = figures.calls === 0;
  main.classList.remove('bare');
  main.classList.toggle('empty', isEmpty);
  byId('range').textContent = span(from, to);
  showFigures(view);
  showFacets(view, state.where, filter);
  byId('total').textContent = calls(figures.calls);
  byId('jump').textContent = `${calls(figures.calls)} ↓`;
  byId('chart').setAttribute('aria-label', `${calls(figures.calls)} by the ${view.chart.unit}, stacked by ${view.chart.stack}`);
  if (!isEmpty) chart.show(view, state.of || 'calls', state.where);
  byId('empty').hidden = !isEmpty;
  if (isEmpty) showEmpty(all);
  byId('lines').replaceChildren(
    ...line('Request them from the API (curl prompts for the key’s secret)', view.curl),
    ...line('List them on the command line', view.command));
  document.title = `${calls(figures.calls)}, ${span(from, to)} – callvault`;
  showControls();
}

// showEmpty says why no call is shown, and leads to some.
function showEmpty(all) {
  const { from, to, newest } = view;
  const next = byId('show-newest');
  const range = span(from, to);
  const text = `No calls ${state.where ? 'match ' : ''}${range.includes(' – ') ? 'from' : 'on'} ${range.replace(' – ', ' to ')}.`;
  const isOutside = newest && (newest < from || newest >= to);
  next.hidden = all === 0;
  if (all === 0) byId('empty-text').textContent = 'This company has no calls yet. Add some: callvault import calls.ndjson';
  else if (state.where) {
    byId('empty-text').textContent = text;
    next.textContent = state.range === 'all' ? 'Remove all search terms' : 'Search all calls';
    next.onclick = () => { go(state.range === 'all' ? { where: '' } : { range: 'all', from: '', to: '' }); byId('search').focus(); };
  } else {
    byId('empty-text').textContent = isOutside ? `${text} The newest is of ${day(clock(newest))}.` : text;
    next.textContent = 'Show the newest calls';
    next.onclick = () => { go({ range: '', from: '', to: '' }); byId('chart').focus(); };
  }
}

function* line(label, text) {
  if (!text) return;
  const code = make('code', {}, text);
  yield make('div', { className: 'line' },
    make('p', {}, label), make('pre', { tabIndex: 0, 'aria-label': label, role: 'region' }, code),
    button({}, (event) => copy(text, event.target), 'Copy'));
}

// showControls shows what is chosen.
function showControls() {
  const isCustom = Boolean(state.from || state.to);
  const chosen = isCustom ? '' : state.range || view?.range;
  const strip = byId('presets');
  for (const b of strip.children) {
    const isPressed = b.id === 'custom' ? isCustom : b.dataset.value === chosen;
    b.setAttribute('aria-pressed', String(isPressed));
    if (isPressed) strip.scrollLeft = b.offsetLeft - strip.offsetLeft - (strip.clientWidth - b.offsetWidth) / 2;
  }
  byId('widen').hidden = !isCustom;
  search.show(state.where, view ?? {}, culprit?.name === 'where' ? culprit.value : '');
  showZone(state.tz);
  show.measure(state.of || 'calls');
  show.order(state.order || 'newest');
  show.stack(view?.chart.stack);
  show.unit(view?.chart.unit);
  for (const b of byId('units').children) b.hidden = !view?.chart.units.includes(b.dataset.value);
  byId('ids').setAttribute('aria-pressed', String(Boolean(state.ids)));
  byId('rows').classList.toggle('ids', Boolean(state.ids));
  for (const place of document.querySelectorAll('.downloads')) {
    place.replaceChildren(...(site?.formats ?? []).map(({ name, extension }) => make('a', { href: questions.download(state, extension), download: '' }, name)));
  }
}

// choose selects a value, even if it was not offered.
function choose(select, value) {
  select.value = value;
  if (select.selectedIndex < 0) select.append(make('option', { value, selected: true }, value));
}

function showSite() {
  const company = byId('company');
  if (company.length === 0) {
    company.replaceChildren(...site.companies.map((name) => make('option', {}, name)));
    byId('links').replaceChildren(...site.links.flatMap(({ text, url }) => [make('a', { href: url }, text), ' ']));
    byId('about').replaceChildren(...[site.store && make('span', { title: site.store, dir: 'auto' }, site.store), site.version !== 'unknown' && make('span', {}, site.version), site.demo && make('b', {}, 'demo')].filter(Boolean));
  }
  byId('company-field').hidden = site.companies.length < 2;
  choose(company, state.company ?? site.companies[0]);
}

// toList goes to the calls, which is no step of the history.
function toList(event) {
  event.preventDefault();
  byId('total').focus({ preventScroll: true });
  document.querySelector('.list').scrollIntoView();
}

// A key acts on the page unless it is typed into a field or belongs to a dialog.
function onKey(event) {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.target.closest('input, select, textarea, dialog')) return;
  if (event.key === '/') byId('search').focus();
  else if (event.key === 'j' || event.key === 'k') list.walk(event.key === 'j' ? 1 : -1);
  else if (event.key === 'Escape' && !byId('widen').hidden) widen();
  else return;
  event.preventDefault();
}

function begin() {
  choices('presets', (range) => go({ range, from: '', to: '' }));
  const openCalendar = newCalendar({
    check: (from, to) => ask(questions.range(state, from, to), underWay.signal),
    chosen: (from, to) => go({ range: from || to ? '' : 'all', from, to }),
  });
  byId('custom').onclick = () => openCalendar(view);
  show.measure = choices('measures', (of) => go({ of: of === 'calls' ? '' : of }));
  show.stack = choices('stacks', (stack) => go({ stack }));
  show.unit = choices('units', (by) => go({ by }));
  show.order = choices('orders', (order) => go({ order: order === 'newest' ? '' : order }));
  byId('ids').onclick = () => go({ ids: state.ids ? '' : '1' });
  byId('widen').onclick = widen;
  byId('company').onchange = (event) => go({ company: event.target.value, where: '' });
  byId('again').onclick = () => { if (!wanted || !step(wanted, history.state)) load(); };
  byId('remove').onclick = () => go(culprit.name === 'range' ? { range: '', from: '', to: '' } : { [culprit.name]: culprit.without });
  beginMirror(refreshMirror);
  beginLive(latest, () => view, () => { view = { ...view, question: '' }; load(); byId('total').scrollIntoView({ block: 'nearest' }); });
  for (const a of document.querySelectorAll('[href="#total"]')) a.onclick = toList;
  document.addEventListener('keydown', onKey);
  window.addEventListener('popstate', () => { byId('calendar').close(); state = read(location.search); load(); });
  load();
}

byId('mute').remove();
begin();
