// Times come from the server as RFC 3339, as the clock of the chosen zone shows
// them. What is shown of them are these digits: nothing here knows of time zones.

export const count = new Intl.NumberFormat('en');

export const calls = (n) => `${count.format(n)} ${n === 1 ? 'call' : 'calls'}`;

// clock is what the zone's clock shows, as a Date whose UTC fields are read.
export const clock = (time) => new Date(`${time.slice(0, 19)}Z`);

// isMidnight tells whether a day begins at a time.
export const isMidnight = (time) => /T00:00:00[Z+-]/.test(time);

// bound is a time as it stands in an address: a date where a day begins with it.
export const bound = (time) => (isMidnight(time) ? time.slice(0, 10) : time);

const named = (options) => {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', ...options });
  return (date) => format.format(date);
};
const monthName = named({ month: 'short' });
const weekdayName = named({ weekday: 'short' });
export const month = named({ month: 'long', year: 'numeric' });
export const dayMonth = (date) => `${date.getUTCDate()} ${monthName(date)}`;
export const day = (date) => `${dayMonth(date)} ${date.getUTCFullYear()}`;
export const weekday = (date) => `${weekdayName(date)} ${day(date)}`;
const minutes = (time) => time.slice(11, 16);

// moment is a time of a call.
export const moment = (time) => `${day(clock(time))} ${time.slice(11, 19)}`;

// span says from when to when, in as few words as are clear. Days are named by the
// last one that is in it.
export function span(from, to) {
  if (!isMidnight(from) || !isMidnight(to)) {
    const sameDay = from.slice(0, 10) === to.slice(0, 10);
    return `${weekday(clock(from))} ${minutes(from)} – ${sameDay ? '' : `${weekday(clock(to))} `}${minutes(to)}`;
  }
  const first = clock(from);
  const last = new Date(clock(to) - 86400e3);
  if (first >= last) return weekday(first);
  const sameYear = first.getUTCFullYear() === last.getUTCFullYear();
  return `${(sameYear ? dayMonth : day)(first)} – ${day(last)}`;
}

// duration is a number of seconds as a clock counts them.
export function duration(seconds) {
  if (typeof seconds !== 'number') return '';
  const two = (n) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

// tick is the mark of a bar on the axis.
export function tick(time, unit) {
  const date = clock(time);
  if (unit === 'hour' && date.getUTCHours() + date.getUTCMinutes() > 0) return minutes(time);
  if (unit === 'year') return time.slice(0, 4);
  if (unit === 'month') return date.getUTCMonth() === 0 ? time.slice(0, 4) : monthName(date);
  return dayMonth(date);
}
