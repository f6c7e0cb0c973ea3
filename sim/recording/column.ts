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

/** Rows of the first chunk, so that a short run asks for little; each further one has twice as many, up to the most. */
const FIRST_CHUNK = 1 << 9;
const LARGEST_CHUNK = 1 << 15;

const CONSTRUCTORS = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f64: Float64Array,
};

/** Whether a file's header names a type that there is. */
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
  /** Rows of each chunk. */
  private readonly sizes: number[] = [];
  /** Rows in the chunks that are full. */
  private numFull = 0;
  /** Rows of the open chunk. */
  private size = 0;
  current: Columns<T>;
  row = 0;

  constructor(types: T) {
    this.types = types;
    this.current = this.open(FIRST_CHUNK);
  }

  get length(): number {
    return this.numFull + this.row;
  }

  advance(): void {
    if (++this.row < this.size) return;
    this.numFull += this.size;
    this.current = this.open(Math.min(2 * this.size, LARGEST_CHUNK));
    this.row = 0;
  }

  private open(size: number): Columns<T> {
    const chunk = makeColumns(this.types, size);
    this.chunks.push(chunk);
    this.sizes.push(size);
    this.size = size;
    return chunk;
  }

  /** Changes a value of the row that was written last. */
  amend(name: keyof T & string, value: number): void {
    const last = this.chunks.length - (this.row > 0 ? 1 : 2);
    const row = (this.row > 0 ? this.row : this.sizes[last]) - 1;
    (this.chunks[last] as Record<string, Column>)[name][row] = value;
  }

  /** The whole table in contiguous columns. The chunks are let go on the way: the writer is finished. */
  finish(): Columns<T> {
    const { length } = this;
    const columns: Record<string, Column> = {};
    for (const [name, type] of Object.entries(this.types)) {
      const column = makeColumn(type, length);
      let begin = 0;
      this.chunks.forEach((chunk, i) => {
        column.set(chunk[name].subarray(0, length - begin), begin);
        (chunk as Record<string, Column>)[name] = NOTHING;
        begin += this.sizes[i];
      });
      columns[name] = column;
    }
    this.chunks.length = 0;
    return columns as Columns<T>;
  }
}

const NOTHING = new Uint8Array(0);
