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
import { bound, calls, clock, count, day, span } from './time.js';
import { newZone } from './zone.js';

let state = read(location.search);
let site = null; // the server's companies and formats
let view = null; // the view on the screen, and the question that it answers
let shown = null; // the state of the view on the screen
let wanted = null; // the state that could not be shown
let mirror = ''; // the query whose answer the header shows
let culprit = null; // what can't be answered
let listed = false; // whether the view has the call that is open

const main = document.querySelector('main');
const page = document.documentElement.dataset;
const chart = newChart((from, to) => go({ range: '', from, to }, [...wider(), { range: state.range, from: state.from, to: state.to }]), filter);
const list = newList({ link: (call) => address({ ...state, call }), open: (call) => go({ call }), more: askMore });
const panel = newPanel(closeCall, walk, link);
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

// stay makes the address that of the state, without a step.
const stay = () => history.replaceState(history.state, '', address(state));

// link is the address of what is shown, with its dates and zone.
function link() {
  return new URL(view ? address({ ...shown, call: state.call, range: '', from: bound(view.from), to: bound(view.to), tz: view.zone }) : '', location).href;
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
  if (history.state?.opened) return history.back();
  state = change(state, {});
  stay();
  return load();
}

// walk shows the call before or after. Going back closes it all the same.
async function walk(by) {
  const from = state.call;
  const call = await list.step(from, by);
  if (!call || state.call !== from) return;
  state = { ...state, call };
  stay();
  showCall();
}

// jump opens the call with an id, if there is one.
function jump(id) {
  return ask(questions.call(state, id), underWay.signal).then((call) => { go({ call: call.id }); return true; }, (error) => !(error instanceof Refusal));
}

// Asking again can't change a final refusal. Without its culprit there may be something to show.
class Refusal extends Error {
  constructor(text, about) {
    super(text);
    Object.assign(this, about);
  }
}

async function ask(question, signal) {
  let response;
  let text;
  try {
    // The page's address may contain a key, which fetch refuses.
    response = await fetch(location.origin + location.pathname + question, { signal, headers: { Accept: 'application/json' } });
    text = await response.text(); // the server may be stopped half-way
    if (response.ok) return JSON.parse(text);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Refusal('The server does not answer. Is it running?');
  }
  if (response.status === 401) throw new Refusal('This key is no longer valid. Reload the page to enter another one.', { final: true });
  let said = { error: text.trim() || `The server answered ${response.status}.` };
  try {
    said = JSON.parse(text);
  } catch { /* a proxy's answer */ }
  throw new Refusal(said.error, said);
}

let [underWay, reading] = [new AbortController(), new AbortController()]; // of a view, and of a call

// load shows the state: of a view that is on the screen only its call.
async function load() {
  if (page.state === 'shown' && byId('problem').hidden && view.question && address(change(state, {})) === address(change(shown, {}))) {
    await showCall();
    return;
  }
  underWay.abort();
  const { signal } = (underWay = new AbortController());
  page.state = 'loading';
  const waiting = setTimeout(() => { byId('progress').hidden = false; }, 150);
  main.ariaBusy = 'true';
  culprit = wanted = null;
  showControls();
  try {
    site ??= await ask('api/site', signal);
    showSite();
    await Promise.all([showCall(), fetchView(signal)]);
    await fetchMirror(signal);
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
      main.ariaBusy = 'false';
      page.state = 'shown';
      showPlace();
    }
  }
}

// fail says why the state can't be shown. The view and its controls stay, unless a part of the
// address is to blame, which can be taken away.
function fail(error) {
  culprit = error.culprit;
  byId('problem-text').textContent = error.message;
  byId('near').replaceChildren(...instead(culprit));
  byId('remove').hidden = !culprit;
  byId('remove').textContent = `✕ Remove ${culprit?.value}`;
  byId('again').hidden = !!error.final;
  byId('problem').hidden = false;
  main.classList.toggle('bare', !view);
  main.classList.add('stale');
  if (!culprit && shown) {
    [wanted, state] = [state, shown];
    stay();
  }
  showControls();
}

// without takes away what can't be answered.
const without = ({ name, without: rest }) => (name === 'range' ? { range: '', from: '', to: '' } : { [name]: rest });

// instead are buttons for what a search could be.
const instead = (of) => (of?.near ?? []).map((term) => button({}, () => { go({ where: `${of.without} ${term}`.trim() }); byId('search').focus(); }, term));

async function fetchView(signal, of = state) {
  const question = questions.view(of);
  const isNew = view?.question !== question;
  if (isNew) {
    try {
      view = { ...await ask(question, signal), question };
    } catch (error) {
      const rest = !view && error.culprit && change(of, without(error.culprit));
      if (rest && questions.view(rest) !== question) { // else there is nothing to show dimmed
        await fetchView(signal, rest).catch(() => {});
        if (view) error.message += ' Below is the view without it.';
      }
      throw error;
    }
    byId('news').hidden = true;
    list.show(view, of.order);
  }
  shown = of;
  showView();
  if (!isNew || !of.where || view.range === 'all') return;
  try {
    view.outside = (await ask(questions.outside(of), signal)).calls;
    showOutside();
  } catch (error) {
    if (signal.aborted) throw error;
  }
}

// askMore asks for the calls of the list after a place, and has none if that fails.
function askMore(before) {
  return ask(questions.more(shown, before), underWay.signal).catch((error) => { if (error instanceof Refusal) fail(error); });
}

async function fetchMirror(signal) {
  const question = questions.mirror(state);
  if (mirror === question) return;
  showMirror((await ask(question, signal)).mirror);
  mirror = question;
}

// refreshMirror shows how the mirror stands by now.
function refreshMirror() {
  mirror = '';
  fetchMirror(underWay.signal).catch((error) => {
    if (error instanceof Refusal) showMirror({ state: 'trouble', headline: `Mirror status unknown: ${error.message}`, lines: [] });
  });
}

// latest counts the calls of the view by now. What goes wrong other requests report.
const latest = (of, number) => ask(questions.latest(shown, of, number), underWay.signal).catch(() => null);

// showCall shows the call of the state, or none.
async function showCall() {
  reading.abort();
  const { signal } = (reading = new AbortController());
  const { call } = state;
  listed = false;
  if (!call) panel.close();
  list.mark(call);
  if (!call) return;
  try {
    const answer = await ask(questions.call(state, call), signal);
    listed = answer.listed;
    panel.show(answer);
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Refusal)) throw error;
    panel.fail(error.message);
  }
  if (page.state === 'shown') showPlace(); // else once the list is there
}

// showPlace says where the call stands in the list.
async function showPlace() {
  const { call } = state;
  if (!call) return;
  const i = await list.place(call, listed);
  if (call !== state.call) return;
  list.mark(call);
  const all = view?.figures.calls;
  byId('call-place').textContent = i >= 0 ? `${i + 1} of ${count.format(all)}` : listed ? '' : 'not in this list';
  byId('call-before').ariaDisabled = String(i < 1);
  byId('call-after').ariaDisabled = String(i < 0 || i + 1 === all);
}

function showView() {
  const isEmpty = !view.figures.calls;
  main.classList.remove('bare');
  main.classList.toggle('empty', isEmpty);
  byId('range').textContent = span(view.from, view.to);
  showFigures(view);
  showFacets(view, shown.where, shown.of ? 'seconds' : 'calls', filter);
  byId('total').textContent = calls(view.figures.calls);
  byId('jump').textContent = `${byId('total').textContent} ↓`;
  byId('chart').ariaLabel = `${byId('total').textContent} by the ${view.chart.unit}, stacked by ${view.chart.stack}`;
  if (!isEmpty) chart.show(view, shown.of || 'calls', shown.where);
  byId('empty').hidden = !isEmpty;
  if (isEmpty) showEmpty();
  showOutside();
  for (const place of document.querySelectorAll('.downloads')) {
    place.replaceChildren(...site.formats.map(({ name, extension }) => make('a', { href: questions.download(shown, extension), download: '' }, name)));
  }
  byId('lines').replaceChildren(...view.lines.map(({ label, text }) => make('div', { className: 'line' },
    make('p', {}, label), make('pre', { tabIndex: 0, 'aria-label': label, role: 'region' }, make('code', {}, text)),
    button({}, (event) => copy(text, event.target), 'Copy'))));
  document.title = `${byId('total').textContent}, ${byId('range').textContent} – callvault`;
  showControls();
}

// showEmpty says why no call is shown, and leads to some.
function showEmpty() {
  const { from, to, newest, all } = view;
  const next = byId('show-newest');
  const range = span(from, to);
  const text = `No calls ${range.includes(' – ') ? 'from' : 'on'} ${range.replace(' – ', ' to ')}${shown.where ? ' match' : ''}.`;
  const isOutside = !shown.where && newest && (newest < from || newest >= to);
  byId('meant').replaceChildren(...instead(view.meant));
  next.hidden = !all;
  next.textContent = shown.where ? 'Remove all search terms' : 'Show the newest calls';
  next.onclick = () => { go(shown.where ? { where: '' } : { range: '', from: '', to: '' }); byId('range').focus(); };
  byId('empty-text').textContent = all === 0 ? 'This company has no calls yet. Add some: callvault import calls.ndjson'
    : isOutside ? `${text} The newest is of ${day(clock(newest))}.` : text;
}

// showOutside says how many calls the search finds outside the range.
function showOutside() {
  const n = view.outside;
  const line = byId('outside');
  const match = n === null ? 'More calls may match' : `${calls(n).replace(' ', view.figures.calls ? ' more ' : ' ')} match${n === 1 ? 'es' : ''}`;
  line.hidden = !n && n !== null;
  line.firstChild.data = `${match} outside this range. `;
  if (!line.hidden) byId('show-newest').hidden = true;
  if (n === 0) byId('empty-text').textContent = 'No calls match in any range.';
}

// showControls shows what is chosen.
function showControls() {
  const isCustom = Boolean(state.from || state.to);
  const strip = byId('presets');
  show.preset(isCustom ? '' : state.range || view?.range);
  byId('custom').ariaPressed = String(isCustom);
  const pressed = strip.querySelector('[aria-pressed="true"]');
  if (pressed) strip.scrollLeft = pressed.offsetLeft - strip.offsetLeft - (strip.clientWidth - pressed.offsetWidth) / 2;
  byId('widen').hidden = !isCustom;
  search.show(state.where, view ?? {}, culprit?.name === 'where' ? culprit.value : '');
  showZone(state.tz);
  show.measure(state.of || 'calls');
  show.order(state.order || 'newest');
  show.stack(view?.chart.stack);
  show.unit(view?.chart.unit);
  for (const b of byId('units').children) b.hidden = !view?.chart.units.includes(b.dataset.value);
  byId('ids').ariaPressed = String(Boolean(state.ids));
  byId('rows').classList.toggle('ids', Boolean(state.ids));
}

function showSite() {
  const company = byId('company');
  if (company.length === 0) {
    company.replaceChildren(...site.companies.map((name) => make('option', {}, name)));
    byId('store').textContent = byId('store').title = site.store ?? '';
    byId('version').textContent = site.version ?? '';
    byId('demo').hidden = !site.demo;
  }
  byId('company-field').hidden = site.companies.length < 2;
  company.value = state.company ?? site.companies[0];
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
  else if (event.key === '?') byId('help').click();
  else if ('jk'.includes(event.key)) list.walk(event.key === 'j' ? 1 : -1);
  else if (event.key === 'Escape' && !byId('widen').hidden) widen();
  else return;
  event.preventDefault();
}

function begin() {
  show.preset = choices('presets', (range) => go({ range, from: '', to: '' }));
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
  byId('copy-view').onclick = ({ target }) => copy(link(), target);
  byId('help').onclick = () => byId('keys').showModal();
  byId('company').onchange = (event) => go({ company: event.target.value, where: '' });
  byId('again').onclick = () => { if (!wanted || !step(wanted, history.state)) load(); };
  byId('remove').onclick = () => {
    const control = byId(culprit.name === 'where' ? 'search' : 'range');
    go(without(culprit));
    control.focus();
  };
  byId('show-all').onclick = () => { go({ range: 'all', from: '', to: '' }); byId('range').focus(); };
  beginMirror(refreshMirror);
  beginLive(latest, () => view, () => { view.question = ''; load(); byId('total').focus(); });
  for (const a of document.querySelectorAll('[href="#total"]')) a.onclick = toList;
  document.addEventListener('keydown', onKey);
  window.addEventListener('popstate', () => { byId('calendar').close(); state = read(location.search); load(); });
  main.inert = false;
  load();
}

byId('mute').remove();
begin();
