import { NS_PER_S } from '../units.ts';
import { type Cell, fail, shown } from './cells.ts';

/* Times of trace files, as integer nanoseconds since the first row. */

/** Counted from 1970, times would not fit into a double. */
export function sinceFirst(unitNs: number): (at: Omit<Cell, 'text'>, time: number) => number {
  let first: number | null = null;
  return (at, time) => {
    first ??= time;
    return exact(at, Math.round((time - first) * unitNs));
  };
}

function exact(at: Omit<Cell, 'text'>, ns: number): number {
  if (!Number.isSafeInteger(ns)) fail(at, 'lies more than 104 days from the first row');
  return ns;
}

/** Reads seconds, like 12.5, as integer nanoseconds since the first row. */
export function secondsReader(): (cell: Cell) => number {
  const toNs = sinceFirst(NS_PER_S);
  return (cell) => {
    const text = cell.text.trim();
    // Number() alone would take "" and "0x10" as well.
    const value = /^[\d.]+(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    if (!Number.isFinite(value)) fail(cell, `expected seconds, at least 0, got "${shown(text)}"`);
    return toNs(cell, value);
  };
}

/** Reads `2023-11-16 18:17:03.9799600` (UTC) as integer nanoseconds since the day of the first row. */
export function timestampReader(): (cell: Cell) => number {
  let firstDay: number | null = null;
  return (cell) => {
    const text = cell.text.trim();
    const match = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)?$/.exec(text);
    if (!match) return fail(cell, `expected a time like 2023-11-16 18:17:03.9799600, got "${shown(text)}"`);
    const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
    const today = dayNumber(year, month, day);
    const isDate = month >= 1 && month <= 12 && day >= 1 && today < dayNumber(year, month + 1, 1);
    if (!isDate || hour > 23 || minute > 59 || second > 60) {
      return fail(cell, `"${text}" is no date and time`);
    }
    firstDay ??= today;
    const secondsSince = (((today - firstDay) * 24 + hour) * 60 + minute) * 60 + second;
    return exact(cell, secondsSince * NS_PER_S + Number((match[7] ?? '').padEnd(9, '0')));
  };
}

/** Days of the Gregorian calendar from a fixed day: no clock, no time zone. Month 13 is next January. */
export function dayNumber(year: number, month: number, day: number): number {
  // Years that begin in March put the leap day last.
  const y = month <= 2 ? year - 1 : year;
  const m = (month + 9) % 12;
  return (
    365 * y +
    Math.floor(y / 4) -
    Math.floor(y / 100) +
    Math.floor(y / 400) +
    Math.floor((m * 306 + 5) / 10) +
    day
  );
}

/** The day of a number of dayNumber(), as 2023-11-16. */
export function dateText(day: number): string {
  let year = Math.floor(day / 365.2425);
  while (dayNumber(year + 1, 1, 1) <= day) year++;
  let month = 1;
  while (dayNumber(year, month + 1, 1) <= day) month++;
  const pad = (value: number) => String(value).padStart(2, '0');
  return `${year}-${pad(month)}-${pad(day - dayNumber(year, month, 1) + 1)}`;
}
