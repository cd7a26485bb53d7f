// Elements are made of nodes and never of HTML, so that a call's content is always text.

export const byId = (id) => document.getElementById(id);

// make makes an element with properties and children; a child that is a string
// becomes text.
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes('-')) element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children);
  return element;
}

// button makes a button that does something.
export const button = (properties, onclick, ...children) =>
  make('button', { type: 'button', onclick, ...properties }, ...children);

// copy copies a text, and says so on the button for a while.
export async function copy(text, pressed) {
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    done = copyOldWay(text, pressed);
  }
  const label = pressed.dataset.label ??= pressed.textContent;
  pressed.ariaLive = 'polite';
  pressed.textContent = done ? 'Copied' : 'Not copied';
  clearTimeout(Number(pressed.dataset.timer));
  pressed.dataset.timer = setTimeout(() => { pressed.textContent = label; }, 2000);
}

// copyOldWay works where the page came over HTTP from another machine.
function copyOldWay(text, pressed) {
  const area = make('textarea', { value: text, className: 'unseen' });
  pressed.after(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  pressed.focus();
  return done;
}
