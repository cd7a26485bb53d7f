// The chart: a bar for each unit, divided into layers. Each width needs a new drawing. The bars
// of a layer are one path, so that many cost no more than a few.

import { button, byId, make } from './dom.js';
import { has, term } from './search.js';
import { bound, calls, clock, count, hours, month, span, tick, weekday } from './time.js';

const foot = 24; // the axis
const head = 8;
const apart = 46; // pixels from one mark of the axis to the next, at least

const svg = (name, attributes, text = '') => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(text);
  return element;
};
const add = (a, b) => a + b;

// newChart draws into the page. Narrow is called with the ends of what was chosen, and filter with
// the term of the search that finds a layer.
export function newChart(narrow, filter) {
  const root = byId('chart');
  const picture = root.querySelector('svg');
  const drawing = picture.querySelector('g');
  const readout = byId('readout');
  let chart = { bars: [], layers: [] }; // of the server's answer; each bar with its to
  let measure = 'calls';
  let width = 0;
  let height = 0;
  let left = 0; // the width of the scale
  let band = 0; // the width of a bar and its gap
  let at = -1; // the current bar
  let anchor = -1; // the other end of the selection
  let pressed = null; // where a pointer went down
  let legend = []; // the amounts beside the names of layers
  const mark = svg('rect', { class: 'mark', y: 0 });

  const selected = () => (anchor < 0 ? [at, at] : [Math.min(at, anchor), Math.max(at, anchor)]);
  const amounts = (bar) => (measure === 'hours' ? bar.seconds?.map((s) => s / 3600) : bar.calls) ?? [];
  const style = (layer) => (chart.layers[layer] === '' ? 'none' : chart.rest && layer === chart.layers.length - 1 ? 'rest' : `layer${layer}`);
  const label = (layer) => (style(layer) === 'none' ? `no ${chart.stack}` : chart.layers[layer]);

  function draw() {
    const { bars } = chart;
    const [top, step] = scale(Math.max(...bars.map((b) => amounts(b).reduce(add, 0))), measure === 'hours' ? 0.1 : 1);
    [width, height] = [root.clientWidth, root.clientHeight];
    left = 7 * Math.max(count.format(top).length, count.format(step).length) + 10;
    band = (width - left) / bars.length;
    const gap = band > 8 ? 2 : band > 3 ? 1 : 0;
    const wide = Math.max(band - gap, 0.5);
    const bottom = height - foot;
    const tall = (n) => (n / top) * (bottom - head);
    const x = (i) => left + i * band;
    picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
    drawing.replaceChildren();
    if (chart.unit === 'day' && band > 2) {
      const free = bars.map((b, i) => (clock(b.from).getUTCDay() % 6 === 0 ? `M${x(i).toFixed(2)} ${head}h${band.toFixed(2)}V${bottom}h${-band.toFixed(2)}z` : ''));
      drawing.append(svg('path', { class: 'weekend', d: free.join('') }));
    }
    for (let n = step; n <= top * 1.001; n += step) {
      const y = bottom - tall(n);
      drawing.append(svg('line', { class: 'grid', x1: left, x2: width, y1: y, y2: y }), svg('text', { x: left - 8, y: y + 4, 'text-anchor': 'end' }, count.format(n)));
    }
    mark.setAttribute('height', bottom);
    drawing.append(mark);
    const heights = bars.map(() => 0);
    chart.layers.forEach((_, layer) => {
      const path = bars.map((b, i) => {
        const n = amounts(b)[layer] ?? 0;
        if (n === 0) return '';
        const size = Math.max(tall(n), 1.5); // one call among thousands is seen too
        heights[i] += size;
        return `M${(x(i) + gap / 2).toFixed(2)} ${(bottom - heights[i]).toFixed(2)}h${wide.toFixed(2)}v${size.toFixed(2)}h${-wide.toFixed(2)}z`;
      });
      drawing.append(svg('path', { class: `bars ${style(layer)}`, d: path.join('') }));
    });
    const now = chart.running;
    if (now >= 0 && heights[now] > 0) drawing.append(svg('rect', { fill: 'url(#hatch)', x: x(now) + gap / 2, width: wide, y: bottom - heights[now], height: heights[now] }));
    drawing.append(svg('line', { class: 'axis', x1: left, x2: width, y1: bottom, y2: bottom }));
    const middle = (i) => Math.max(left + 18, Math.min(x(i + 0.5), width - 20));
    for (const i of marks(bars, chart.unit, middle)) {
      drawing.append(svg('text', { y: height - 7, x: middle(i), 'text-anchor': 'middle' }, tick(bars[i].from, chart.unit)));
    }
    show();
  }

  // show describes the current bar or the selection, or all of them.
  function show() {
    const { bars } = chart;
    const [first, last] = at < 0 ? [0, bars.length - 1] : selected();
    mark.toggleAttribute('hidden', at < 0);
    mark.setAttribute('x', left + first * band);
    mark.setAttribute('width', (last - first + 1) * band);
    const meant = bars.slice(first, last + 1);
    const sum = (name) => meant.map((b) => (b[name] ?? []).reduce(add, 0)).reduce(add, 0);
    const running = first === last && first === chart.running ? ', so far' : '';
    readout.textContent = at < 0 ? '' : `${name(bars[first], bars[last])}: ${calls(sum('calls'))}, ${hours(sum('seconds'))}${running}`;
    for (const { layer, amount } of legend) {
      const of = (list) => meant.reduce((n, b) => n + (b[list]?.[layer] ?? 0), 0);
      amount.textContent = measure === 'hours' ? hours(of('seconds')) : count.format(of('calls'));
    }
  }

  // explain names the layers that have calls. A click on one finds them, if a term of the search can.
  function explain(where) {
    const there = chart.layers.map((_, layer) => layer).filter((layer) => chart.bars.some((b) => b.calls?.[layer]));
    legend = there.map((layer) => ({ layer, amount: make('span') }));
    byId('legend').replaceChildren(...legend.map(({ layer, amount }) => {
      const found = term(chart.stack, chart.layers[layer]);
      const canFind = style(layer).startsWith('layer');
      return make('li', { className: style(layer), dir: 'auto' }, ...(canFind
        ? [button({ className: 'quiet', title: found, 'aria-pressed': String(has(where, found)) }, () => filter(found), label(layer), amount)]
        : [label(layer), amount]));
    }));
  }

  function name(first, last) {
    if (first === last && chart.unit === 'month') return month(clock(first.from));
    if (first === last && chart.unit === 'year') return String(clock(first.from).getUTCFullYear());
    if (first === last && chart.unit === 'day') return weekday(clock(first.from));
    return span(first.from, last.to);
  }

  function look(i, from = -1) {
    at = Math.min(i, chart.bars.length - 1);
    anchor = from;
    show();
  }

  function choose() {
    const [first, last] = selected();
    if (at < 0 || (first === 0 && last === chart.bars.length - 1)) return;
    narrow(edge(chart.bars[first].from), edge(chart.bars[last].to));
  }

  // edge is a time as it stands in an address. Where midnight comes twice, as in Havana
  // each autumn, the date is the first one.
  function edge(time) {
    const same = chart.bars.filter((b) => b.from.slice(0, 19) === time.slice(0, 19));
    return same.length > 1 ? time : bound(time);
  }

  const barAt = (event) => {
    const box = picture.getBoundingClientRect();
    return Math.max(0, Math.min(chart.bars.length - 1, Math.floor((event.clientX - box.left - left) / band)));
  };

  picture.onpointerdown = (event) => {
    if (event.button !== 0 || chart.bars.length === 0) return;
    const i = barAt(event);
    pressed = { i, x: event.clientX };
    picture.setPointerCapture(event.pointerId);
    look(i);
  };
  picture.onpointermove = (event) => {
    if (chart.bars.length === 0) return;
    if (!pressed) {
      if (event.pointerType === 'mouse') look(barAt(event));
    } else if (anchor >= 0 || Math.abs(event.clientX - pressed.x) > 4) look(barAt(event), pressed.i);
  };
  picture.onpointerup = () => {
    if (!pressed) return;
    pressed = null;
    choose();
  };
  picture.onpointercancel = () => { pressed = null; look(-1); };
  picture.onpointerleave = (event) => {
    if (!pressed && event.pointerType === 'mouse') look(-1);
  };

  root.onkeydown = (event) => {
    const { bars } = chart;
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
  };
  root.onblur = () => look(-1);

  new ResizeObserver(() => { if (root.clientWidth > 0 && chart.bars.length > 0 && (root.clientWidth !== width || root.clientHeight !== height)) draw(); }).observe(root);

  return {
    // show draws a view by its calls or by its hours.
    show({ chart: next, to }, by, where) {
      chart = { ...next, bars: next.bars.map((b, i) => ({ ...b, to: next.bars[i + 1]?.from ?? to })) };
      measure = by;
      [at, anchor, pressed] = [-1, -1, null];
      root.dataset.bars = chart.bars.length;
      explain(where);
      draw();
    },
  };
}

// scale is the number at the top of the chart, and that of its lowest line. Lines are no closer
// than the least number.
function scale(most, least) {
  for (let power = least; ; power *= 10) {
    for (const step of [power, 2 * power, 5 * power]) {
      if (most <= 4 * step) return [Math.max(Math.ceil(most / step), 1) * step, step];
    }
  }
}

// marks are the bars whose name stands on the axis: as many as have room, chosen as
// calendars are divided. Middle is where the name of a bar would be.
function marks(bars, unit, middle) {
  const all = () => true;
  const monday = (d) => d.getUTCDay() === 1;
  const months = (days) => [1, 3, 6, 12].map((n) => (d) => d.getUTCDate() <= days && d.getUTCMonth() % n === 0);
  const rules = {
    hour: [...[1, 2, 3, 6, 12, 24].map((n) => (d) => d.getUTCMinutes() === 0 && d.getUTCHours() % n === 0), (d) => monday(d) && d.getUTCHours() === 0],
    day: [all, monday, (d) => d.getUTCDate() === 1 || d.getUTCDate() === 15, ...months(1)],
    week: [all, ...months(7)],
    month: months(1),
    year: [1, 5, 10, 50, 100, 500, 1000].map((n) => (d) => d.getUTCFullYear() % n === 0),
  }[unit];
  const dates = bars.map((b) => clock(b.from));
  const fit = (found) => found.every((i, n) => n === 0 || middle(i) - middle(found[n - 1]) >= apart);
  let fewest = [];
  for (const rule of rules) {
    const found = dates.flatMap((d, i) => (rule(d) ? [i] : []));
    if (found.length < 2 && fewest.length > 0) break;
    fewest = found;
    if (fit(found)) return found;
  }
  for (let every = 2; ; every++) { // no rule leaves enough room
    const found = fewest.filter((_, n) => n % every === 0);
    if (fit(found)) return found;
  }
}
