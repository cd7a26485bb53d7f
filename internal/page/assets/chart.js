// The chart: a bar for each count. Each width needs a new drawing. All bars are one path,
// so that many cost no more than a few.

import { byId } from './dom.js';
import { bound, calls, clock, count, month, span, tick, weekday } from './time.js';

const height = 240;
const foot = 28; // the axis
const head = 8;
const apart = 62; // pixels from one mark of the axis to the next, at least

const svg = (name, attributes) => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

// newChart draws into the page. Narrow is called with the ends of what was chosen.
export function newChart(narrow) {
  const root = byId('chart');
  const picture = root.querySelector('svg');
  const readout = byId('readout');
  let bars = []; // each with from, to and count
  let unit = '';
  let width = 0;
  let left = 0; // the width of the scale
  let band = 0; // the width of a bar and its gap
  let at = -1; // the current bar
  let anchor = -1; // the other end of the selection
  let pressed = null; // where a pointer went down
  const mark = svg('rect', { class: 'mark', y: 0, height: height - foot });

  const selected = () => (anchor < 0 ? [at, at] : [Math.min(at, anchor), Math.max(at, anchor)]);

  function draw() {
    const [top, step] = scale(Math.max(...bars.map((b) => b.count)));
    width = root.clientWidth;
    left = 8 * count.format(top).length + 10;
    band = (width - left) / bars.length;
    const gap = band > 8 ? 2 : band > 3 ? 1 : 0;
    const y = (n) => height - foot - (n / top) * (height - foot - head);
    picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
    picture.replaceChildren();
    for (let n = step; n <= top; n += step) {
      const label = svg('text', { class: 'scale', x: left - 9, y: y(n) + 4, 'text-anchor': 'end' });
      label.textContent = count.format(n);
      picture.append(svg('line', { class: 'grid', x1: left, x2: width, y1: y(n), y2: y(n) }), label);
    }
    const path = bars.map((b, i) => {
      if (b.count === 0) return '';
      const tall = Math.max(y(0) - y(b.count), 1.5); // one call among thousands is seen too
      return `M${(left + i * band + gap / 2).toFixed(2)} ${y(0)}v${-tall.toFixed(2)}h${Math.max(band - gap, 0.5).toFixed(2)}v${tall.toFixed(2)}z`;
    });
    picture.append(mark, svg('path', { class: 'bars', d: path.join('') }));
    picture.append(svg('line', { class: 'axis', x1: left, x2: width, y1: y(0), y2: y(0) }));
    for (const i of marks(bars, unit, band)) {
      const x = left + (i + 0.5) * band;
      const label = svg('text', { class: 'tick', y: height - 8, x: Math.max(left + 18, Math.min(x, width - 20)), 'text-anchor': 'middle' });
      label.textContent = tick(bars[i].from, unit);
      picture.append(label);
    }
    show();
  }

  // show describes the current bar or the selection.
  function show() {
    const [first, last] = selected();
    mark.toggleAttribute('hidden', at < 0);
    if (at < 0) {
      readout.textContent = '';
      return;
    }
    mark.setAttribute('x', left + first * band);
    mark.setAttribute('width', (last - first + 1) * band);
    const sum = bars.slice(first, last + 1).reduce((n, b) => n + b.count, 0);
    readout.textContent = `${name(bars[first], bars[last])}: ${calls(sum)}`;
  }

  function name(first, last) {
    if (first === last && unit === 'month') return month(clock(first.from));
    if (first === last && unit === 'year') return String(clock(first.from).getUTCFullYear());
    if (first === last && unit === 'day') return weekday(clock(first.from));
    return span(first.from, last.to);
  }

  function look(i, from = -1) {
    at = Math.max(-1, Math.min(i, bars.length - 1));
    anchor = at < 0 ? -1 : from;
    show();
  }

  function choose() {
    const [first, last] = selected();
    if (at < 0 || (first === 0 && last === bars.length - 1)) return;
    look(-1);
    narrow(edge(bars[first].from), edge(bars[last].to));
  }

  // edge is a time as it stands in an address. Where midnight comes twice, as in Havana
  // each autumn, the date is the first one.
  function edge(time) {
    const same = bars.filter((b) => b.from.slice(0, 19) === time.slice(0, 19));
    return same.length > 1 ? time : bound(time);
  }

  const barAt = (event) => {
    const box = picture.getBoundingClientRect();
    return Math.max(0, Math.min(bars.length - 1, Math.floor((event.clientX - box.left - left) / band)));
  };

  picture.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || bars.length === 0) return;
    const i = barAt(event);
    pressed = { i, x: event.clientX, before: at, moved: false };
    picture.setPointerCapture(event.pointerId);
    look(i);
  });
  picture.addEventListener('pointermove', (event) => {
    if (bars.length === 0) return;
    if (!pressed) {
      if (event.pointerType === 'mouse') look(barAt(event));
      return;
    }
    pressed.moved ||= Math.abs(event.clientX - pressed.x) > 4;
    if (pressed.moved) look(barAt(event), pressed.i);
  });
  picture.addEventListener('pointerup', (event) => {
    if (!pressed) return;
    const { i, before, moved } = pressed;
    pressed = null;
    // The first touch of a finger shows a count, the second narrows the range.
    if (moved || event.pointerType === 'mouse' || before === i) choose();
  });
  picture.addEventListener('pointercancel', () => { pressed = null; look(-1); });
  picture.addEventListener('pointerleave', (event) => {
    if (!pressed && event.pointerType === 'mouse') look(-1);
  });

  root.addEventListener('keydown', (event) => {
    if (bars.length === 0 || event.target !== root || event.altKey || event.ctrlKey || event.metaKey) return;
    const far = Math.max(1, Math.round(bars.length / 10));
    const to = {
      ArrowLeft: at < 0 ? bars.length - 1 : Math.max(0, at - 1), ArrowRight: at + 1,
      PageUp: Math.max(0, at - far), PageDown: at + far, Home: 0, End: bars.length - 1,
    }[event.key];
    if (to !== undefined) look(to, event.shiftKey ? (anchor < 0 ? Math.max(at, 0) : anchor) : -1);
    else if (event.key === 'Enter' || event.key === ' ') choose();
    else if (event.key === 'Escape' && at >= 0) { pressed = null; look(-1); } else return;
    event.preventDefault();
  });
  root.addEventListener('blur', () => look(-1));

  new ResizeObserver(() => { if (bars.length > 0 && root.clientWidth !== width) draw(); }).observe(root);

  return {
    // show draws counts, or nothing if there are none.
    show(summary) {
      bars = summary.bars.map((b, i) => ({ ...b, to: summary.bars[i + 1]?.from ?? summary.to }));
      unit = summary.unit;
      [at, anchor, pressed] = [-1, -1, null];
      root.dataset.bars = bars.length;
      if (summary.total === 0) {
        bars = [];
        picture.replaceChildren();
        readout.textContent = '';
        return;
      }
      draw();
    },
  };
}

// scale is the number at the top of the chart, and that of its lowest line.
function scale(most) {
  for (let power = 1; ; power *= 10) {
    for (const step of [power, 2 * power, 5 * power]) {
      if (most <= 4 * step) return [Math.max(Math.ceil(most / step), 1) * step, step];
    }
  }
}

// marks are the bars whose name stands on the axis: as many as have room, chosen as
// calendars are divided.
function marks(bars, unit, band) {
  const hour = (d) => d.getUTCHours();
  const first = (d) => d.getUTCDate() === 1;
  const monthOf = (d) => d.getUTCMonth();
  const year = (d) => d.getUTCFullYear();
  const full = (d) => d.getUTCMinutes() === 0;
  const everyMonth = [1, 3, 6, 12].map((n) => (d) => first(d) && monthOf(d) % n === 0);
  const monday = (d) => d.getUTCDay() === 1;
  const rules = {
    hour: [...[1, 2, 3, 6, 12, 24].map((n) => (d) => full(d) && hour(d) % n === 0), (d) => monday(d) && hour(d) === 0],
    day: [() => true, monday, (d) => first(d) || d.getUTCDate() === 15, ...everyMonth],
    week: [() => true, ...[1, 3, 6, 12].map((n) => (d) => d.getUTCDate() <= 7 && monthOf(d) % n === 0)],
    month: everyMonth,
    year: [1, 5, 10, 50, 100, 500, 1000].map((n) => (d) => year(d) % n === 0),
  }[unit];
  const dates = bars.map((b) => clock(b.from));
  let fewest = [];
  for (const rule of rules) {
    const found = dates.flatMap((d, i) => (rule(d) ? [i] : []));
    if (found.length === 0) break;
    fewest = found;
    if (found.every((i, n) => n === 0 || (i - found[n - 1]) * band >= apart)) return found;
  }
  // Nothing fits: every so many.
  const every = Math.ceil(apart / band);
  return fewest.filter((i, n) => n === 0 || i % every === 0);
}
