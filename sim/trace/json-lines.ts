import { isObject } from '../plain-values.ts';
import { NS_PER_S } from '../units.ts';
import { type Cell, fail, jsonNumber, jsonTokens } from './cells.ts';
import { linesOf, type Piece } from './pieces.ts';
import { sinceFirst } from './times.ts';
import type { Trace, TraceFile, TraceRow } from './trace.ts';

type JsonLinesFormat = 'mooncake' | 'bailian' | 'timed_trace';

/** Tokens per entry of hash_ids, and seconds per unit of timestamp. */
const UNITS: Readonly<Record<JsonLinesFormat, readonly [blockTokens: number, seconds: number]>> = {
  mooncake: [512, 0.001],
  bailian: [16, 1],
  timed_trace: [16, 1],
};

/** One object a line with timestamp, input_length, output_length and hash_ids: formats that differ in units only. */
export function jsonLinesTrace(
  chunks: Iterable<string>,
  { file, timedTrace }: TraceFile,
  format: JsonLinesFormat,
): Trace {
  const [ownBlock, ownSeconds] = UNITS[format];
  const isFree = format === 'timed_trace';
  const blockTokens = (isFree && timedTrace?.chunkHashSize) || ownBlock;
  const seconds = (isFree && timedTrace?.secMultiplier) || ownSeconds;
  function* rows(): Generator<TraceRow> {
    const toNs = sinceFirst(seconds * NS_PER_S);
    for (const piece of linesOf(chunks, file)) {
      if (piece[0].trim() !== '') yield rowOf(piece, file, blockTokens, toNs);
    }
  }
  return { format, blockTokens, isTimed: true, rows: rows(), notes: () => [] };
}

/** Which of the formats an object is of; null if of none. */
export function jsonLinesFormat(row: Record<string, unknown>): JsonLinesFormat | null {
  const { input_length: tokens, hash_ids: ids } = row;
  if (typeof tokens !== 'number') return null;
  if ('chat_id' in row || 'parent_chat_id' in row) return 'bailian';
  // More ids than Mooncake's blocks of 512 tokens would have.
  return Array.isArray(ids) && ids.length > Math.ceil(tokens / UNITS.mooncake[0])
    ? 'timed_trace'
    : 'mooncake';
}

function rowOf(
  [line, number]: Piece,
  file: string,
  blockTokens: number,
  toNs: ReturnType<typeof sinceFirst>,
): TraceRow {
  const at = (field: string): Omit<Cell, 'text'> => {
    const column = Math.max(0, line.indexOf(`"${field}"`)) + 1;
    return { file, field, place: { line: number, column } };
  };
  const row = objectOf(line, { file, place: { line: number, column: 1 } });
  const promptTokens = jsonTokens(at('input_length'), row.input_length);
  const hashIds = row.hash_ids ?? [];
  if (!Array.isArray(hashIds) || !hashIds.every((id) => Number.isInteger(id))) {
    return fail(at('hash_ids'), 'expected a list of whole numbers');
  }
  if (hashIds.length > Math.ceil(promptTokens / blockTokens)) {
    return fail(
      at('hash_ids'),
      `${hashIds.length} blocks of ${blockTokens} tokens are more than the prompt's ${promptTokens} tokens`,
    );
  }
  return {
    timeNs: toNs(at('timestamp'), jsonNumber(at('timestamp'), row.timestamp, 0)),
    promptTokens,
    outputTokens: jsonTokens(at('output_length'), row.output_length),
    hashIds,
  };
}

function objectOf(line: string, at: Omit<Cell, 'text'>): Record<string, unknown> {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    fail(at, 'expected one JSON object a line: is the file cut off?');
  }
  return isObject(row) ? row : fail(at, 'expected one JSON object a line');
}
