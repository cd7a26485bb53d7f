// The field in which a workspace is chosen, by its name or its id.

import { byId, make } from './dom.js';

let known = []; // each with its id, and its name if it has one

// offerWorkspaces makes them the field's suggestions.
export function offerWorkspaces(workspaces) {
  known = workspaces.map(({ id, name = '' }) => ({ id, name: name.replace(/\s+/g, ' ') })); // as a field shows it
  byId('workspaces').replaceChildren(...known.map(({ id, name }) => make('option', { value: id, label: name || id })));
  byId('workspace').inputMode = known.some(({ name }) => name) ? 'text' : 'numeric';
}

// workspaceOf is the id that a text means. A name means one only if no other workspace has it.
export function workspaceOf(text) {
  if (known.some(({ id }) => id === text)) return text;
  const named = known.filter(({ name }) => name === text);
  return named.length === 1 ? named[0].id : text;
}

// showWorkspace shows the chosen workspace by its name, if that means it.
export function showWorkspace(id = '') {
  const name = known.find((workspace) => workspace.id === id)?.name;
  byId('workspace').value = name && workspaceOf(name) === id ? name : id;
  byId('workspace').title = id;
}

// nameOf is what people call the user or the workspace with an id, of the names of an answer.
export const nameOf = (names, kind, id) => (id && Object.hasOwn(names?.[kind] ?? {}, id) ? names[kind][id] : '');
