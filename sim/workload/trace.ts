import { nearest } from '../catalog/nearest.ts';
import { InputError, type Place } from '../error.ts';
import type { TraceFormat } from '../scenario/scenario.ts';
import { type Run, WorkloadBuilder } from './builder.ts';
import type { Workload } from './workload.ts';

/** How a trace file is to be read. */
export interface TraceOptions {
  /** Named in errors. */
  readonly file: string;
  readonly format: TraceFormat;
  /** 2 = arrivals twice as fast. */
  readonly timeScale: number;
  /** At most this many requests, from the start of the file; null = all. */
  readonly limit: number | null;
}

/** Tokens per entry of Mooncake's `hash_ids`. */
const MOONCAKE_BLOCK = 512;
const MAX_TOKENS = 100_000_000;

/** Columns that the CSV formats need, in any order, others between them. */
const CSV_COLUMNS = {
  azure: ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'],
  vidur: ['arrived_at', 'num_prefill_tokens', 'num_decode_tokens'],
} as const;

/**
 * The format of a trace, told by its first line.
 * @returns null if it is none that Poolscope reads.
 */
export function detectTraceFormat(text: string): TraceFormat | null {
  const line = text
    .replace(/^\uFEFF/, '')
    .slice(0, 4096)
    .split('\n', 1)[0]
    .trim();
  if (line.startsWith('{'))
    return line.includes('"hash_ids"') || line.includes('"input_length"') ? 'mooncake' : null;
  const names = line.split(',');
  for (const format of ['azure', 'vidur'] as const) {
    if (CSV_COLUMNS[format].every((name) => columnNamed(name, names) >= 0)) return format;
  }
  return null;
}

/**
 * Reads a request trace. Arrivals count from the first request; rows out of order are sorted.
 * @throws InputError with file, line and field of the first row that is not understood.
 */
export function readTrace(text: string, options: TraceOptions): Workload {
  const builder = new WorkloadBuilder();
  const rows = linesOf(text);
  const reader = options.format === 'mooncake' ? mooncakeReader(options) : csvReader(options, rows);
  const requests: TraceRow[] = [];
  for (const [line, number] of rows) {
    if (line.trim() === '') continue;
    if (options.limit !== null && requests.length >= options.limit) break;
    requests.push(reader(line, number));
  }
  if (requests.length === 0) throw new InputError([{ file: options.file, message: 'holds no requests' }]);
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { timeNs } of requests) {
    first = Math.min(first, timeNs);
    last = Math.max(last, timeNs);
  }
  if (!Number.isSafeInteger(Math.round((last - first) / options.timeScale))) {
    const message = `at time scale ${options.timeScale} the last request would arrive after more than 104 days`;
    throw new InputError([{ file: options.file, message }]);
  }
  for (const { timeNs, promptTokens, outputTokens, hashIds } of requests) {
    builder.add({
      arrivalNs: Math.round((timeNs - first) / options.timeScale),
      prompt: hashIds
        ? hashedPrompt(builder, hashIds, promptTokens)
        : [[builder.newSegment(), 0, promptTokens]],
      maxTokens: outputTokens,
    });
  }
  return builder.finish();
}

interface TraceRow {
  readonly timeNs: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly hashIds?: readonly number[];
}

function hashedPrompt(builder: WorkloadBuilder, hashIds: readonly number[], tokens: number): Run[] {
  const runs: Run[] = hashIds.map((id, i) => [
    builder.segment(`hash ${id}`),
    0,
    Math.min(MOONCAKE_BLOCK, tokens - i * MOONCAKE_BLOCK),
  ]);
  const covered = hashIds.length * MOONCAKE_BLOCK;
  if (covered < tokens) runs.push([builder.newSegment(), 0, tokens - covered]);
  return runs;
}

/** Lines with their 1-based numbers; one pass, nothing copied but the line itself. */
function* linesOf(text: string): Generator<[line: string, number: number]> {
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  for (let number = 1; at < text.length; number++) {
    let end = text.indexOf('\n', at);
    if (end < 0) end = text.length;
    const line = text.slice(at, end);
    yield [line.endsWith('\r') ? line.slice(0, -1) : line, number];
    at = end + 1;
  }
}

/** Index of a column in a header, or -1. Case and space around names do not count. */
function columnNamed(name: string, header: readonly string[]): number {
  return header.findIndex((column) => column.trim().toLowerCase() === name.toLowerCase());
}

function csvReader(
  options: TraceOptions,
  rows: Generator<[string, number]>,
): (line: string, n: number) => TraceRow {
  const { file, format } = options;
  const wanted = CSV_COLUMNS[format as keyof typeof CSV_COLUMNS];
  const header = rows.next();
  if (header.done) throw new InputError([{ file, message: 'is empty' }]);
  const names = header.value[0].split(',');
  const columns = wanted.map((name) => columnNamed(name, names));
  const missing = columns.indexOf(-1);
  if (missing >= 0) throw missingColumn(wanted[missing], wanted, names, options);
  const timeNs = format === 'azure' ? timestampReader() : secondsReader();
  return (line, number) => {
    const fields = line.split(',');
    const cell = (i: number) => {
      const column = columns[i];
      const place = { line: number, column: columnOf(fields, column) };
      return { file, field: wanted[i], place, text: fields[column] };
    };
    const [time, prompt, output] = [cell(0), cell(1), cell(2)];
    if (fields.length < names.length) {
      fail(time, `the row has ${fields.length} of ${names.length} fields: is the file cut off?`);
    }
    return {
      timeNs: timeNs(time),
      promptTokens: tokenCount(prompt),
      outputTokens: tokenCount(output),
    };
  };
}

function missingColumn(
  field: string,
  wanted: readonly string[],
  names: readonly string[],
  { file, format }: TraceOptions,
): InputError {
  const others = names.filter((name) => wanted.every((known) => columnNamed(known, [name]) < 0));
  const near = nearest(field, others);
  const column = near === null ? 1 : columnOf(names, names.indexOf(near));
  const message =
    near === null
      ? `column missing: a trace of format ${format} starts with the header "${wanted.join(',')}"`
      : `column missing: is it what "${shown(near.trim())}" should be?`;
  return new InputError([{ file, place: { line: 1, column }, field, message }]);
}

interface Cell {
  readonly file: string;
  readonly field: string;
  readonly place: Place;
  readonly text: string;
}

function columnOf(fields: readonly string[], index: number): number {
  let column = 1;
  for (let i = 0; i < index && i < fields.length; i++) column += fields[i].length + 1;
  return column;
}

function fail({ file, field, place }: Cell, message: string): never {
  throw new InputError([{ file, place, field, message }]);
}

function tokenCount(cell: Cell): number {
  const text = cell.text.trim();
  // Writers that go through data frames print counts as 12.0.
  const value = /^\d+(\.0+)?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) fail(cell, `expected a number of tokens, got "${shown(text)}"`);
  if (value < 1) fail(cell, 'expected at least 1 token, got 0');
  if (value > MAX_TOKENS) fail(cell, `expected at most ${MAX_TOKENS} tokens, got ${shown(text)}`);
  return value;
}

/**
 * Turns times in the file's unit into integer nanoseconds since the first row: counted from 1970 they would
 * not fit into a double.
 */
function sinceFirst(unitNs: number): (cell: Cell, time: number) => number {
  let first: number | null = null;
  return (cell, time) => {
    first ??= time;
    return exact(cell, Math.round((time - first) * unitNs));
  };
}

function exact(cell: Cell, ns: number): number {
  if (!Number.isSafeInteger(ns)) fail(cell, 'lies more than 104 days from the first row');
  return ns;
}

function secondsReader(): (cell: Cell) => number {
  const toNs = sinceFirst(1e9);
  return (cell) => {
    const text = cell.text.trim();
    // Number() alone would take "" and "0x10" as well.
    const value = /^[\d.]+(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    if (!Number.isFinite(value)) fail(cell, `expected seconds, at least 0, got "${shown(text)}"`);
    return toNs(cell, value);
  };
}

/** Reads `2023-11-16 18:17:03.9799600` (UTC) as integer nanoseconds since the day of the first row. */
function timestampReader(): (cell: Cell) => number {
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
    return exact(cell, secondsSince * 1e9 + Number((match[7] ?? '').padEnd(9, '0')));
  };
}

/** Days of the Gregorian calendar from a fixed day: no clock, no time zone. Month 13 is next January. */
function dayNumber(year: number, month: number, day: number): number {
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

function mooncakeReader({ file }: TraceOptions): (line: string, number: number) => TraceRow {
  const toNs = sinceFirst(1e6);
  return (line, number) => {
    const at = (field: string): Cell => {
      const column = Math.max(0, line.indexOf(`"${field}"`)) + 1;
      return { file, field, place: { line: number, column }, text: '' };
    };
    let row: Record<string, unknown>;
    try {
      row = JSON.parse(line);
    } catch {
      throw new InputError([
        {
          file,
          place: { line: number, column: 1 },
          message: 'expected one JSON object a line: is the file cut off?',
        },
      ]);
    }
    if (typeof row !== 'object' || row === null || Array.isArray(row)) {
      throw new InputError([
        { file, place: { line: number, column: 1 }, message: 'expected one JSON object a line' },
      ]);
    }
    const atLeast = (least: number, field: string): number => {
      const value = row[field];
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        return fail(at(field), `expected a number, got ${shown(JSON.stringify(value) ?? 'nothing')}`);
      }
      if (value < least) fail(at(field), `expected at least ${least}, got ${value}`);
      return value;
    };
    const tokens = (field: string): number => {
      const value = atLeast(1, field);
      if (!Number.isInteger(value) || value > MAX_TOKENS) {
        return fail(at(field), `expected a whole number of tokens, at most ${MAX_TOKENS}, got ${value}`);
      }
      return value;
    };
    const promptTokens = tokens('input_length');
    const hashIds = row.hash_ids ?? [];
    if (!Array.isArray(hashIds) || !hashIds.every((id) => Number.isInteger(id))) {
      return fail(at('hash_ids'), 'expected a list of whole numbers');
    }
    if (hashIds.length > Math.ceil(promptTokens / MOONCAKE_BLOCK)) {
      return fail(
        at('hash_ids'),
        `${hashIds.length} blocks of ${MOONCAKE_BLOCK} tokens are more than the prompt's ${promptTokens} tokens`,
      );
    }
    return {
      timeNs: toNs(at('timestamp'), atLeast(0, 'timestamp')),
      promptTokens,
      outputTokens: tokens('output_length'),
      hashIds,
    };
  };
}

function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
