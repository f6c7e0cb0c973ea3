import { InputError } from '../error.ts';

/** A line of a table: column → text. */
export type CsvRow = Readonly<Record<string, string>>;

/**
 * Reads a comma-separated table whose first line names the columns; a cell may be quoted.
 * @throws InputError where a column is missing.
 */
export function parseCsv(text: string, file: string, columns: readonly string[]): CsvRow[] {
  const [head = '', ...lines] = text.split(/\r?\n/).filter((line) => line !== '');
  const names = cellsOf(head);
  for (const column of columns) {
    if (!names.includes(column)) throw new InputError([{ file, message: `has no column "${column}"` }]);
  }
  return lines.map((line) => {
    const cells = cellsOf(line);
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? '']));
  });
}

/** Whether the first line of a table names all of these columns. */
export function hasColumns(text: string, columns: readonly string[]): boolean {
  const [head] = text.split(/\r?\n/, 1);
  const names = new Set(cellsOf(head));
  return columns.every((column) => names.has(column));
}

function cellsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  const cells = line.match(/(?<=^|,)("(?:[^"]|"")*"|[^,]*)/g) ?? [];
  return cells.map((cell) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell));
}
