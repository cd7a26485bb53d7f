// The address holds the whole state: every change is a step of the history, and a view
// depends on nothing else.

import { localZone } from './zone.js';

const names = 'company range from to tz where by stack of order ids call'.split(' ');

export function read(search) {
  const parameters = new URLSearchParams(search);
  const state = {};
  for (const name of names) {
    const value = parameters.get(name);
    if (value) state[name] = value;
  }
  return state;
}

// change is the state after something else was chosen. Another choice closes a call.
export function change(state, changes) {
  const next = { ...state, call: '', ...changes };
  for (const name of names) if (!next[name]) delete next[name];
  return next;
}

export const address = (state) => `?${text(state, names)}`.replace(/^\?$/, './');

// questions are the requests for a state. If two answers may differ, so do their requests.
const view = ['company', 'range', 'from', 'to', 'tz', 'where'];
export const questions = {
  view: (state) => `api/view?${text(asked(state), [...view, 'by', 'stack', 'order'])}`,
  more: (state, before) => `api/view?${text({ ...asked(state), before }, [...view, 'order', 'before'])}`,
  outside: (state) => `api/outside?${text(asked(state), view)}`,
  call: (state, id) => `api/call?${text({ ...asked(state), id }, [...view, 'id'])}`,
  mirror: (state) => `api/mirror?${text(asked(state), ['company', 'tz'])}`,
  latest: (state, { from, to }, number) => `api/latest?${text({ ...asked(state), shown: `${from}/${to}`, number }, [...view, 'shown', 'number'])}`,
  range: (state, from, to) => `api/range?${text({ ...asked(state), from, to }, ['tz', 'from', 'to'])}`,
  download: (state, format) => `api/download?${text({ ...asked(state), format }, [...view, 'format'])}`,
};

const asked = (state) => ({ ...state, tz: state.tz || localZone });

function text(state, which) {
  const parameters = new URLSearchParams();
  for (const name of which) if (state[name]) parameters.set(name, state[name]);
  return parameters.toString();
}
