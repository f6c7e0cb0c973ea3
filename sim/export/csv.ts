import type { Recording } from '../recording/recording.ts';
import { REQUEST_FIELDS, requestRows } from './request-rows.ts';

/** A row per request (RFC 4180). What never happened is an empty cell. */
export function* exportCsv(recording: Recording): Generator<string> {
  yield `${REQUEST_FIELDS.join(',')}\r\n`;
  for (const row of requestRows(recording)) yield `${row.map(csvCell).join(',')}\r\n`;
}

/** A cell of RFC 4180. */
export function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  // Spreadsheets would run such a text as a formula; an apostrophe in front of it makes it text.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
