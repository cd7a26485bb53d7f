// The server sends times as RFC 3339, as the clock of the chosen zone shows them. The
// page shows these digits and knows nothing of time zones.

export const count = new Intl.NumberFormat('en');

export const calls = (n) => `${count.format(n)} ${n === 1 ? 'call' : 'calls'}`;

// shown is the date and the time of day. The year 9999 ends with one of five digits.
const shown = (time) => /^(\d+-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(time).slice(1);

// clock is what the zone's clock shows, as a Date whose UTC fields are read.
export function clock(time) {
  const [date, hours] = shown(time);
  return new Date(`${date.length > 10 ? '+0' : ''}${date}T${hours}Z`);
}

// isMidnight reports whether a day begins at a time.
export const isMidnight = (time) => /T00:00:00[Z+-]/.test(time);

// bound is a time as it stands in an address: a date where a day begins with it.
export const bound = (time) => (isMidnight(time) ? shown(time)[0] : time);

const named = (options) => {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', ...options });
  return (date) => format.format(date);
};
const monthName = named({ month: 'short' });
const weekdayName = named({ weekday: 'short' });
export const month = named({ month: 'long', year: 'numeric' });
const dayMonth = (date) => `${date.getUTCDate()} ${monthName(date)}`;
export const day = (date) => `${dayMonth(date)} ${date.getUTCFullYear()}`;
export const weekday = (date) => `${weekdayName(date)} ${day(date)}`;
export const minutes = (time) => shown(time)[1].slice(0, 5);
const offset = (time) => (time.endsWith('Z') ? '+00:00' : time.slice(-6));

export const moment = (time) => `${day(clock(time))} ${shown(time)[1]}`;

// span says from when to when, in as few words as are clear. Days are named by the
// last one that is in it; an hour may come twice.
export function span(from, to) {
  if (isMidnight(from) && !isMidnight(to) && shown(from)[0] !== shown(to)[0]) return `${day(clock(from))} – ${day(clock(to))} ${minutes(to)}`;
  if (!isMidnight(from) || !isMidnight(to)) {
    const sameDay = shown(from)[0] === shown(to)[0];
    const exact = offset(from) === offset(to) ? minutes : (time) => `${minutes(time)} (${offset(time)})`;
    return `${weekday(clock(from))} ${exact(from)} – ${sameDay ? '' : `${weekday(clock(to))} `}${exact(to)}`;
  }
  const first = clock(from);
  const last = new Date(clock(to) - 86400e3);
  if (first >= last) return weekday(first);
  const sameYear = first.getUTCFullYear() === last.getUTCFullYear();
  return `${(sameYear ? dayMonth : day)(first)} – ${day(last)}`;
}

// A length is written as a clock counts it, as 'callvault calls' does, a sum of lengths in hours,
// and how late a call was in minutes, as in late:5m.
export function duration(seconds) {
  if (typeof seconds !== 'number') return '';
  const two = (n) => String(n).padStart(2, '0');
  const all = Math.round(seconds);
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export function hours(seconds) {
  const tenths = Math.round(seconds / 360);
  return seconds > 0 && tenths === 0 ? '< 0.1 h' : `${count.format(tenths < 1000 ? tenths / 10 : Math.round(seconds / 3600))} h`;
}

// late is how many minutes after its time a call began, or NaN.
export const late = ({ scheduled, started }) => Math.trunc((Date.parse(started) - Date.parse(scheduled)) / 6e4);

export const delay = (minutes) => (minutes < 60 ? `${minutes} min` : hours(minutes * 60));

export function tick(time, unit) {
  const date = clock(time);
  if (unit === 'hour' && date.getUTCHours() + date.getUTCMinutes() > 0) return minutes(time);
  if (unit === 'year') return String(date.getUTCFullYear());
  if (unit === 'month') return date.getUTCMonth() === 0 ? String(date.getUTCFullYear()) : monthName(date);
  return dayMonth(date);
}
