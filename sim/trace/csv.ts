import { nearest } from '../catalog/nearest.ts';
import { InputError } from '../error.ts';
import { count, plural } from '../words.ts';
import { type Cell, fail, shown, tokenCount } from './cells.ts';
import { linesOf } from './pieces.ts';
import { secondsReader, timestampReader } from './times.ts';
import type { Trace, TraceRow } from './trace.ts';

type CsvFormat = keyof typeof CSV_COLUMNS;

/** Columns that the formats need, in any order, others between them: time, prompt, output. */
export const CSV_COLUMNS = {
  azure: ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'],
  vidur: ['arrived_at', 'num_prefill_tokens', 'num_decode_tokens'],
  burstgpt: ['Timestamp', 'Request tokens', 'Response tokens'],
} as const;

/** Whether a first line has the columns of a format. */
export function isHeaderOf(format: CsvFormat, line: string): boolean {
  const names = line.split(',');
  return CSV_COLUMNS[format].every((name) => columnNamed(name, names) >= 0);
}

/** Azure's traces, Vidur's, and BurstGPT, where a response without tokens is a request that failed. */
export function csvTrace(chunks: Iterable<string>, file: string, format: CsvFormat): Trace {
  let numFailed = 0;
  function* rows(): Generator<TraceRow> {
    const lines = linesOf(chunks, file);
    const header = lines.next();
    if (header.done) throw new InputError([{ file, message: 'is empty' }]);
    const read = rowReader(header.value[0], file, format);
    for (const [line, number] of lines) {
      if (line.trim() === '') continue;
      const row = read(line, number);
      if (row.outputTokens > 0) yield row;
      else numFailed++;
    }
  }
  return {
    format,
    blockTokens: 0,
    isTimed: true,
    rows: rows(),
    notes: () =>
      numFailed === 0
        ? []
        : [
            `${count(numFailed, 'request')} without response tokens (failed) ${plural(numFailed, 'is', 'are')} left out`,
          ],
  };
}

function rowReader(header: string, file: string, format: CsvFormat): (line: string, n: number) => TraceRow {
  const wanted = CSV_COLUMNS[format];
  const names = header.split(',');
  const columns = wanted.map((name) => columnNamed(name, names));
  const missing = columns.indexOf(-1);
  if (missing >= 0) throw missingColumn(wanted[missing], wanted, names, file, format);
  const timeNs = format === 'azure' ? timestampReader() : secondsReader();
  const leastOutput = format === 'burstgpt' ? 0 : 1;
  return (line, number) => {
    const fields = line.split(',');
    const cell = (i: number): Cell => {
      const place = { line: number, column: columnOf(fields, columns[i]) };
      return { file, field: wanted[i], place, text: fields[columns[i]] };
    };
    const [time, prompt, output] = [cell(0), cell(1), cell(2)];
    if (fields.length < names.length) {
      fail(time, `the row has ${fields.length} of ${names.length} fields: is the file cut off?`);
    }
    return {
      timeNs: timeNs(time),
      promptTokens: tokenCount(prompt),
      outputTokens: tokenCount(output, leastOutput),
    };
  };
}

/** Index of a column in a header, or -1. Case and space around names do not count. */
function columnNamed(name: string, header: readonly string[]): number {
  return header.findIndex((column) => column.trim().toLowerCase() === name.toLowerCase());
}

function missingColumn(
  field: string,
  wanted: readonly string[],
  names: readonly string[],
  file: string,
  format: string,
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

/** Where a field of a row begins, from 1. */
function columnOf(fields: readonly string[], index: number): number {
  let column = 1;
  for (let i = 0; i < index && i < fields.length; i++) column += fields[i].length + 1;
  return column;
}
