// The page: it fetches and shows what the address says.

import { newCalendar } from './calendar.js';
import { newPanel } from './call.js';
import { newChart } from './chart.js';
import { button, byId, copy, make } from './dom.js';
import { beginMirror, showMirror } from './mirror.js';
import { address, change, localZone, preset, presets, questions, read } from './state.js';
import { showPager, showRows } from './table.js';
import { calls, span } from './time.js';
import { offerWorkspaces, showWorkspace, workspaceOf } from './workspace.js';

let state = read(location.search);
let site = null; // the server's companies, links and formats
let summary = null; // the counts shown, and the query that they answer
let page = null;
let workspaces = ''; // the query whose answer is offered
let mirror = ''; // the query whose answer the header shows

const chart = newChart((from, to) => go({ range: '', from, to }));
const openCalendar = newCalendar((from, to) => go({ range: from || to ? '' : 'all', from, to }));
const panel = newPanel(() => go({ call: '' }));

// go shows something else.
function go(changes) {
  const next = change(state, changes);
  if (address(next) === address(state)) return;
  state = next;
  history.pushState(null, '', address(state));
  load();
}

// Asking again can't change a final refusal.
class Refusal extends Error {
  constructor(text, final = false) {
    super(text);
    this.final = final;
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
  if (response.status === 401) throw new Refusal('This key is no longer valid. Reload the page to enter another one.');
  let said = text.trim();
  let final = false;
  try {
    ({ error: said, final } = JSON.parse(text));
  } catch { /* said by what stands before the page */ }
  throw new Refusal(said ? said[0].toUpperCase() + said.slice(1) + (/[.!?]$/.test(said) ? '' : '.') : `The server answered ${response.status}.`, final);
}

let underWay = new AbortController();

// load fetches the parts of the state that are not loaded yet.
async function load() {
  underWay.abort();
  const { signal } = (underWay = new AbortController());
  document.documentElement.dataset.state = 'loading';
  const waiting = setTimeout(() => { byId('progress').hidden = false; }, 150);
  showControls();
  try {
    site ??= await ask('api/site', signal);
    showSite();
    const parts = [fetchCall(signal), fetchList(signal), fetchSummary(signal), fetchWorkspaces(signal), fetchMirror(signal)];
    await Promise.all(parts);
    byId('problem').hidden = true;
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Refusal)) throw error;
    byId('problem-text').textContent = error.message;
    byId('again').hidden = error.final;
    byId('problem').hidden = false;
    if (!summary) document.querySelector('main').classList.add('bare'); // there is nothing yet that could stay
  } finally {
    clearTimeout(waiting);
    if (!signal.aborted) {
      byId('progress').hidden = true;
      for (const section of document.querySelectorAll('[aria-busy]')) section.setAttribute('aria-busy', 'false');
      document.documentElement.dataset.state = 'shown';
    }
  }
}

async function fetchSummary(signal) {
  const question = questions.summary(state);
  if (summary?.question === question) return;
  document.querySelector('.overview').setAttribute('aria-busy', 'true');
  summary = { ...await ask(question, signal), question };
  showSummary();
  showLists();
}

async function fetchList(signal) {
  const question = questions.list(state);
  if (page?.question === question) return;
  document.querySelector('.list').setAttribute('aria-busy', 'true');
  page = { ...await ask(question, signal), question };
  showLists();
}

async function fetchWorkspaces(signal) {
  const question = questions.workspaces(state);
  if (workspaces === question) return;
  offerWorkspaces((await ask(question, signal)).workspaces);
  workspaces = question;
  if (state.workspace) showWorkspace(state.workspace);
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
    showMirror({ state: 'trouble', headline: `How the mirror stands is not known: ${error.message}`, lines: [] });
  }
}

async function fetchCall(signal) {
  if (!state.call) {
    panel.close();
    return;
  }
  try {
    panel.show(await ask(questions.call(state), signal));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    panel.fail(error.message);
  }
}

// showLists shows the calls once the total is known, so that a page of one view never
// appears with the total of another.
function showLists() {
  if (page?.question !== questions.list(state) || summary?.question !== questions.summary(state)) return;
  showRows(page, (call) => go({ call }), (workspace) => { go({ workspace }); byId('calls').focus(); });
  showPager(page, summary.total, (changes) => { go(changes); byId('calls').scrollIntoView({ block: 'nearest' }); });
}

function showSummary() {
  const { total, from, to, unit, units } = summary;
  document.querySelector('main').classList.remove('bare');
  byId('total').textContent = calls(total);
  byId('range').textContent = `${span(from, to)}, ${summary.zone.replaceAll('_', ' ')}`;
  byId('chart').setAttribute('aria-label', `${calls(total)}, by the ${unit}`);
  chart.show(summary);
  for (const b of byId('units').children) {
    b.setAttribute('aria-pressed', String(b.textContent === unit));
    b.disabled = !units.includes(b.textContent);
  }
  const everything = preset(state) === 'all' && !state.workspace;
  byId('empty').hidden = total > 0;
  byId('empty-text').textContent = everything ? 'There are no calls yet. Add some: callvault import calls.ndjson' : 'There are no calls in this range.';
  byId('show-all').hidden = everything;
  byId('chart-help').classList.toggle('idle', total === 0);
  document.querySelector('.list').hidden = document.querySelector('.take').hidden = total === 0;
  byId('lines').replaceChildren(
    ...line('Request them from the API (curl prompts for the key’s secret)', summary.curl),
    ...line('List them on the command line', summary.command));
  document.title = `${calls(total)}, ${span(from, to)} – callvault`;
}

function* line(label, text) {
  if (!text) return;
  const code = make('code', {}, text);
  yield make('div', { className: 'line' },
    make('p', {}, label), make('pre', { tabIndex: 0, 'aria-label': label, role: 'region' }, code),
    button({}, (event) => copy(text, event.target), 'Copy'));
}

// showControls shows the chosen values.
function showControls() {
  const chosen = preset(state);
  const strip = byId('presets');
  for (const b of strip.children) {
    b.setAttribute('aria-pressed', String(b.dataset.range === chosen));
    if (b.dataset.range === chosen) strip.scrollLeft = b.offsetLeft - strip.offsetLeft - (strip.clientWidth - b.offsetWidth) / 2;
  }
  showWorkspace(state.workspace);
  choose(byId('zone'), state.tz ?? '');
}

// choose selects a value, even if it was not offered: a zone under another name, or a
// company that no longer exists.
function choose(select, value) {
  select.value = value;
  if (select.selectedIndex < 0) select.append(make('option', { value, selected: true }, value));
}

function showSite() {
  const company = byId('company');
  if (company.length === 0) {
    company.replaceChildren(...site.companies.map((name) => make('option', {}, name)));
    byId('links').replaceChildren(...site.links.flatMap(({ text, url }) => [make('a', { href: url }, text), ' ']));
  }
  byId('company-field').hidden = site.companies.length < 2;
  choose(company, state.company ?? site.companies[0]);
  byId('downloads').replaceChildren('Download as ', ...site.formats.map(({ name, extension }) =>
    make('a', { className: 'button', href: questions.download(state, extension), download: '' }, name)));
}

function begin() {
  byId('presets').replaceChildren(...presets.map(([range, label]) => {
    const b = button({}, () => go({ range, from: '', to: '' }), label);
    b.dataset.range = range;
    return b;
  }), button({ id: 'custom', 'aria-haspopup': 'dialog' }, () => openCalendar(state, summary), 'Other…'));
  byId('presets').lastChild.dataset.range = '';
  byId('units').replaceChildren(...['hour', 'day', 'week', 'month', 'year'].map((by) => button({ disabled: true }, () => go({ by }), by)));

  const zones = new Set(['UTC', ...Intl.supportedValuesOf('timeZone')]);
  byId('zone').replaceChildren(make('option', { value: '' }, `Local: ${localZone.replaceAll('_', ' ')}`),
    ...[...zones].map((value) => make('option', { value }, value.replaceAll('_', ' '))));

  byId('zone').onchange = (event) => go({ tz: event.target.value });
  byId('company').onchange = (event) => go({ company: event.target.value, workspace: '' });
  byId('workspace').onchange = byId('workspace').onsearch = (event) => go({ workspace: workspaceOf(event.target.value.trim()) });
  byId('again').onclick = load;
  byId('show-all').onclick = () => { go({ range: 'all', from: '', to: '', workspace: '' }); byId('chart').focus(); };
  beginMirror(refreshMirror);
  window.addEventListener('popstate', () => { byId('calendar').close(); state = read(location.search); load(); });
  load();
}

byId('mute').remove();
begin();
