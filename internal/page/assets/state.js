// The address holds the whole state: every change is a step of the history, and a view
// depends on nothing else.

const names = ['company', 'range', 'from', 'to', 'tz', 'workspace', 'by', 'after', 'before', 'call'];

export const localZone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

// presets are the named ranges, and the default.
export const presets = [
  ['today', 'Today'], ['yesterday', 'Yesterday'], ['7d', '7 days'], ['30d', '30 days'], ['90d', '90 days'],
  ['this-month', 'This month'], ['last-month', 'Last month'], ['all', 'All'],
];
const firstPreset = '30d';

// read is the state that an address has.
export function read(search) {
  const parameters = new URLSearchParams(search);
  const state = {};
  for (const name of names) {
    const value = parameters.get(name);
    if (value) state[name] = value;
  }
  return state;
}

// change is the state after something else was chosen: a page is of one list, and a
// call of one page.
export function change(state, changes) {
  const next = { ...state, ...changes };
  const kept = new Set(['call', 'by']);
  if (Object.keys(changes).some((name) => !kept.has(name))) {
    delete next.call;
    if (!('after' in changes)) delete next.after;
    if (!('before' in changes)) delete next.before;
  }
  for (const name of names) if (!next[name]) delete next[name];
  return next;
}

export const address = (state) => `?${text(state, names)}`;

// preset is the preset that a state shows, or nothing.
export const preset = (state) => (state.from || state.to ? '' : state.range || firstPreset);

// questions are the requests for a state. If two answers may differ, so do their requests.
const view = ['company', 'range', 'from', 'to', 'tz', 'workspace'];
export const questions = {
  summary: (state) => `api/summary?${text(asked(state), [...view, 'by'])}`,
  list: (state) => `api/calls?${text(asked(state), [...view, 'after', 'before'])}`,
  call: (state) => `api/call?${text({ ...asked(state), at: state.call }, ['company', 'tz', 'at'])}`,
  mirror: (state) => `api/mirror?${text(asked(state), ['company', 'tz'])}`,
  workspaces: (state) => `api/workspaces?${text(state, ['company'])}`,
  download: (state, format) => `api/download?${text({ ...asked(state), format }, [...view, 'format'])}`,
};

const asked = (state) => ({ ...state, tz: state.tz || localZone });

function text(state, which) {
  const parameters = new URLSearchParams();
  for (const name of which) if (state[name]) parameters.set(name, state[name]);
  return parameters.toString();
}
