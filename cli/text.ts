import { grouped, plural } from '../sim/words.ts';

/* How reports say things. */

const LABEL_WIDTH = 11;

/** A line of a report: its label, and what there is to say. */
export function row(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_WIDTH)}${text}`;
}

/** Cells of a table, flush right. */
export function columns(cells: readonly string[]): string {
  return cells.map((cell) => cell.padStart(9)).join('');
}

/** Seconds in the unit that reads best. */
export function seconds(value: number): string {
  if (value >= 100) return `${number(value)} s`;
  if (value >= 1) return `${value.toFixed(2)} s`;
  return `${(value * 1000).toFixed(1)} ms`;
}

/** A share as 14.2 %. */
export function percent(share: number): string {
  return `${inPercent(share)} %`;
}

/** For columns under a heading that says %: 1.4. */
export function inPercent(share: number): string {
  return (share * 100).toFixed(1);
}

/** The same with its sign: +1.4. */
export function signedInPercent(share: number): string {
  return `${share >= 0 ? '+' : ''}${inPercent(share)}`;
}

/** A whole number with its thousands apart: 12,345. */
export function number(value: number): string {
  return grouped(Math.round(value));
}

/** A whole number with its noun. */
export function counted(n: number, noun: string): string {
  return `${number(n)} ${plural(n, noun)}`;
}
