import { InputError, type Place } from '../error.ts';
import { clipped } from '../one-line.ts';
import { count } from '../words.ts';

/** A value of a trace file, and where it stands. */
export interface Cell {
  readonly file: string;
  readonly field?: string;
  readonly place: Place;
  readonly text: string;
}

const MAX_TOKENS = 100_000_000;

/** @throws InputError with the place of the value. */
export function fail({ file, field, place }: Omit<Cell, 'text'>, message: string): never {
  throw new InputError([{ file, place, field, message }]);
}

/** A count of tokens, `least` or more. */
export function tokenCount(cell: Cell, least = 1): number {
  const text = cell.text.trim();
  // Writers that go through data frames print counts as 12.0.
  const value = /^\d+(\.0+)?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) fail(cell, `expected a number of tokens, got "${shown(text)}"`);
  return checkedTokens(cell, value, least);
}

/** The same of a value out of JSON. */
export function jsonTokens(at: Omit<Cell, 'text'>, value: unknown, least = 1): number {
  const number = jsonNumber(at, value, least);
  if (!Number.isInteger(number)) fail(at, `expected a whole number of tokens, got ${number}`);
  return checkedTokens(at, number, least);
}

function checkedTokens(at: Omit<Cell, 'text'>, value: number, least: number): number {
  if (value < least) fail(at, `expected at least ${count(least, 'token')}, got ${value}`);
  if (value > MAX_TOKENS) fail(at, `expected at most ${MAX_TOKENS} tokens, got ${value}`);
  return value;
}

/** A finite number out of JSON, `least` or more. */
export function jsonNumber(at: Omit<Cell, 'text'>, value: unknown, least: number): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    return fail(at, `expected a number, got ${shown(JSON.stringify(value) ?? 'nothing')}`);
  }
  if (value < least) fail(at, `expected at least ${least}, got ${value}`);
  return value;
}

export function shown(text: string): string {
  return clipped(text, 40);
}
