import { NS_PER_MS, NS_PER_S, secondsText } from '../units.ts';
import { CSV_COLUMNS } from './csv.ts';
import { Regrouper } from './regroup.ts';
import { dateText, dayNumber } from './times.ts';
import type { TraceRow } from './trace.ts';

/** Formats that can be written: one row per request, as it arrives. */
export const WRITABLE_FORMATS = ['azure', 'vidur', 'burstgpt', 'mooncake', 'bailian', 'timed_trace'] as const;
export type WritableFormat = (typeof WRITABLE_FORMATS)[number];

/** Tokens per hash id; 0 = the format has none. */
const BLOCK_TOKENS: Readonly<Record<WritableFormat, number>> = {
  azure: 0,
  vidur: 0,
  burstgpt: 0,
  mooncake: 512,
  bailian: 16,
  timed_trace: 16,
};
/** Azure's format wants a day. */
const FIRST_DAY = dayNumber(2023, 1, 1);
const NS_PER_DAY = 86_400e9;

/** Whether a format says which prompts begin alike. */
export function keepsPrefixes(format: WritableFormat): boolean {
  return BLOCK_TOKENS[format] > 0;
}

/** All rows by arrival, the first at time 0. */
export function rowsByArrival(rows: Iterable<TraceRow>): TraceRow[] {
  const sorted = [...rows].sort((a, b) => a.timeNs - b.timeNs);
  return sorted.map((row) => ({ ...row, timeNs: row.timeNs - sorted[0].timeNs }));
}

/**
 * Rows as a file of a format, a line each.
 * @param rows in the order of their times, which are at least 0
 * @param blockTokens tokens per hash id of the rows; 0 = they have none
 */
export function* writeTrace(
  rows: Iterable<TraceRow>,
  blockTokens: number,
  format: WritableFormat,
): Generator<string> {
  if (format === 'azure' || format === 'vidur') yield `${CSV_COLUMNS[format].join(',')}\n`;
  if (format === 'burstgpt') yield 'Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n';
  const regroup = new Regrouper(blockTokens, BLOCK_TOKENS[format]);
  let number = 0;
  for (const row of rows) yield `${lineOf(row, format, regroup, number++)}\n`;
}

function lineOf(row: TraceRow, format: WritableFormat, regroup: Regrouper, number: number): string {
  const { timeNs, promptTokens, outputTokens } = row;
  switch (format) {
    case 'azure':
      return `${timestamp(timeNs)},${promptTokens},${outputTokens}`;
    case 'vidur':
      return `${seconds(timeNs)},${promptTokens},${outputTokens}`;
    case 'burstgpt':
      return `${seconds(timeNs)},unknown,${promptTokens},${outputTokens},${promptTokens + outputTokens},API log`;
    default: {
      return JSON.stringify({
        ...(format === 'bailian' && { chat_id: number, parent_chat_id: -1 }),
        timestamp: format === 'mooncake' ? timeNs / NS_PER_MS : timeNs / NS_PER_S,
        input_length: promptTokens,
        output_length: outputTokens,
        ...(format === 'bailian' && { type: 'text', turn: 1 }),
        hash_ids: regroup.idsOf(row),
      });
    }
  }
}

function seconds(ns: number): string {
  return secondsText(ns).replace(/\.?0+$/, '');
}

function timestamp(ns: number): string {
  const day = Math.floor(ns / NS_PER_DAY);
  const inDay = ns - day * NS_PER_DAY;
  const [whole, fraction] = secondsText(inDay).split('.');
  const pad = (value: number) => String(value).padStart(2, '0');
  const clock = [Math.floor(+whole / 3600), Math.floor(+whole / 60) % 60, +whole % 60].map(pad).join(':');
  return `${dateText(FIRST_DAY + day)} ${clock}.${fraction}`;
}
