import { nearest } from '../catalog/nearest.ts';
import { InputError } from '../error.ts';
import { type StepTable, TABLE_COLUMNS, type TableColumn } from '../time/step-table.ts';

const ALIASES: Readonly<Record<string, TableColumn>> = { batch: 'requests', batch_size: 'requests' };
const TIME = 'ms';
const MOST_ROWS = 100_000;
const MOST_MS = 3_600_000;
const EXPECTED = `${TIME} and at least one of ${TABLE_COLUMNS.join(', ')}`;

/**
 * Reads a table of measured step times: comma-separated, the first line names the columns.
 * @throws InputError with line and column, also where a combination of the axes' values has no row or two.
 */
export function readStepTable(text: string, file: string): StepTable {
  const fail = (line: number, column: number, message: string, field?: string): never => {
    throw new InputError([{ file, place: { line, column }, field, message }]);
  };
  const [head, ...lines] = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const names = head.split(',').map((cell) => cell.trim());
  const columns = names.map((name, i) => {
    const column = Object.hasOwn(ALIASES, name) ? ALIASES[name] : name;
    if (column === TIME || TABLE_COLUMNS.includes(column as TableColumn)) return column;
    const near = nearest(name, [...TABLE_COLUMNS, TIME]);
    const hint = near === null ? `expected ${EXPECTED}` : `did you mean ${near}?`;
    return fail(
      1,
      columnOf(head, i),
      `"${name.slice(0, 40)}" is no column of a table of step times: ${hint}`,
    );
  });
  if (new Set(columns).size < columns.length) fail(1, 1, 'a column stands here a second time');
  if (!columns.includes(TIME) || columns.length < 2) fail(1, 1, `expected the columns ${EXPECTED}`);
  const rows: { line: number; values: number[] }[] = [];
  lines.forEach((text, i) => {
    if (text.trim() === '') return;
    const line = i + 2;
    const cells = text.split(',');
    if (cells.length !== columns.length) {
      fail(line, 1, `the row has ${cells.length} of ${columns.length} fields: is the file cut off?`);
    }
    const values = cells.map((cell, k) => {
      const value = cell.trim() === '' ? Number.NaN : Number(cell);
      if (value >= 0 && value <= (columns[k] === TIME ? MOST_MS : 1e12)) return value;
      const what = columns[k] === TIME ? `milliseconds from 0 to ${MOST_MS}` : 'a number, 0 or more';
      return fail(line, columnOf(text, k), `expected ${what}, got "${cell.trim().slice(0, 40)}"`, names[k]);
    });
    if (rows.length === MOST_ROWS) fail(line, 1, `is one row more than ${MOST_ROWS}`);
    rows.push({ line, values });
  });
  if (rows.length === 0) fail(1, 1, 'the table has no rows');
  const time = columns.indexOf(TIME);
  const axes = columns.flatMap((column, k) =>
    k === time
      ? []
      : [{ column: column as TableColumn, k, values: ascending(rows.map(({ values }) => values[k])) }],
  );
  const size = axes.reduce((product, { values }) => product * values.length, 1);
  if (size > 2 * MOST_ROWS) fail(1, 1, gridMessage(axes.map(({ column }) => column)));
  const ms = new Float64Array(size).fill(Number.NaN);
  const indices = axes.map(({ values }) => new Map(Array.from(values, (value, i) => [value, i])));
  for (const { line, values } of rows) {
    let at = 0;
    axes.forEach((axis, i) => {
      at = at * axis.values.length + (indices[i].get(values[axis.k]) ?? 0);
    });
    if (!Number.isNaN(ms[at])) fail(line, 1, 'an earlier row has the same place in the table');
    ms[at] = values[time];
  }
  const missing = ms.findIndex(Number.isNaN);
  if (missing !== -1) {
    const place = axes.map(({ column, values }, i) => {
      const below = axes.slice(i + 1).reduce((product, axis) => product * axis.values.length, 1);
      return `${column} ${values[Math.floor(missing / below) % values.length]}`;
    });
    fail(1, 1, `${gridMessage(axes.map(({ column }) => column))}; missing: ${place.join(', ')}`);
  }
  return { file, axes: axes.map(({ column, values }) => ({ column, values })), ms };
}

function gridMessage(columns: readonly string[]): string {
  return `expected a row for every combination of the values of ${columns.join(' and ')}`;
}

function ascending(values: readonly number[]): Float64Array {
  return Float64Array.from(new Set(values)).sort();
}

/** Where a cell of a line begins, 1-based. */
function columnOf(line: string, index: number): number {
  return line.split(',').slice(0, index).join(',').length + (index === 0 ? 1 : 2);
}
