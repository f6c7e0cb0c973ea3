/** Typed arrays that a column can be made of. */
interface ColumnOf {
  u8: Uint8Array;
  u16: Uint16Array;
  u32: Uint32Array;
  i32: Int32Array;
  f64: Float64Array;
}
export type ColumnType = keyof ColumnOf;
/** Column name → type of its values. */
export type TableTypes = Readonly<Record<string, ColumnType>>;
export type Column = ColumnOf[ColumnType];
export type Columns<T extends TableTypes> = { -readonly [K in keyof T]: ColumnOf[T[K]] };

const ROWS_PER_CHUNK = 1 << 15;

const CONSTRUCTORS = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f64: Float64Array,
};

export function isColumnType(type: unknown): type is ColumnType {
  return typeof type === 'string' && Object.hasOwn(CONSTRUCTORS, type);
}

/** A column of zeros. */
export function makeColumn(type: ColumnType, length: number): Column {
  return new CONSTRUCTORS[type](length);
}

/** A table of zeros. */
export function makeColumns<T extends TableTypes>(types: T, length: number): Columns<T> {
  const columns: Record<string, Column> = {};
  for (const [name, type] of Object.entries(types)) columns[name] = makeColumn(type, length);
  return columns as Columns<T>;
}

/**
 * An append-only table in chunks, so that a long run never copies what it has written. `current` holds the
 * columns of the open chunk; write to row `row`, then call advance().
 */
export class TableWriter<T extends TableTypes> {
  private readonly types: T;
  private readonly chunks: Columns<T>[] = [];
  current: Columns<T>;
  row = 0;

  constructor(types: T) {
    this.types = types;
    this.current = makeColumns(types, ROWS_PER_CHUNK);
    this.chunks.push(this.current);
  }

  get length(): number {
    return (this.chunks.length - 1) * ROWS_PER_CHUNK + this.row;
  }

  advance(): void {
    if (++this.row < ROWS_PER_CHUNK) return;
    this.current = makeColumns(this.types, ROWS_PER_CHUNK);
    this.chunks.push(this.current);
    this.row = 0;
  }

  /** Changes a value of the row that was written last. */
  amend(name: keyof T & string, value: number): void {
    const isOpen = this.row > 0;
    const chunk = isOpen ? this.current : this.chunks[this.chunks.length - 2];
    (chunk as Record<string, Column>)[name][(isOpen ? this.row : ROWS_PER_CHUNK) - 1] = value;
  }

  /** The whole table in contiguous columns. The chunks are let go on the way: the writer is finished. */
  finish(): Columns<T> {
    const { length } = this;
    const columns: Record<string, Column> = {};
    for (const [name, type] of Object.entries(this.types)) {
      const column = makeColumn(type, length);
      this.chunks.forEach((chunk, i) => {
        const rows = Math.min(ROWS_PER_CHUNK, length - i * ROWS_PER_CHUNK);
        column.set(chunk[name].subarray(0, rows), i * ROWS_PER_CHUNK);
        (chunk as Record<string, Column>)[name] = NOTHING;
      });
      columns[name] = column;
    }
    this.chunks.length = 0;
    return columns as Columns<T>;
  }
}

const NOTHING = new Uint8Array(0);
