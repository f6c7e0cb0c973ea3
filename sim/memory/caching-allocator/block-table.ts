/** No block. */
export const NONE = 0;

/** What a block is, as bits of `flags`. */
export const Flag = {
  /** The row is in use. */
  Live: 1,
  /** Of the small pool; otherwise of the large one. */
  Small: 2,
  /** Handed out. */
  Allocated: 4,
  /** Backed by memory: always, outside expandable segments. */
  Mapped: 8,
  /** Part of an expandable segment. */
  Expandable: 16,
} as const;

const INITIAL_ROWS = 256;

/**
 * All blocks, as columns; a block is the number of its row, and rows are used again. Sizes and offsets are in
 * units of 512 bytes, which 32 bits hold up to 1 TiB.
 */
export class BlockTable {
  units = new Int32Array(INITIAL_ROWS);
  offset = new Int32Array(INITIAL_ROWS);
  segment = new Int32Array(INITIAL_ROWS);
  stream = new Int32Array(INITIAL_ROWS);
  flags = new Uint8Array(INITIAL_ROWS);
  /** Neighbours in the segment; `next` also links the unused rows. */
  prev = new Int32Array(INITIAL_ROWS);
  next = new Int32Array(INITIAL_ROWS);
  /** Events of other streams to wait for before a freed block may be used again. */
  numEvents = new Int32Array(INITIAL_ROWS);
  /** Bytes as asked for, of blocks handed out. */
  requested = new Float64Array(INITIAL_ROWS);
  /** The pool's count of searches when the block became free. */
  freeSince = new Float64Array(INITIAL_ROWS);
  /** Children in the tree of a FreeSet. */
  left = new Int32Array(INITIAL_ROWS);
  right = new Int32Array(INITIAL_ROWS);

  private unused = NONE;
  /** Rows ever used, with row 0, which stands for none. */
  numRows = 1;

  /** A row with neither neighbours nor events. */
  add(segment: number, offset: number, units: number, stream: number, flags: number): number {
    let row = this.unused;
    if (row !== NONE) {
      this.unused = this.next[row];
    } else {
      if (this.numRows === this.units.length) this.grow();
      row = this.numRows++;
    }
    this.segment[row] = segment;
    this.offset[row] = offset;
    this.units[row] = units;
    this.stream[row] = stream;
    this.flags[row] = flags | Flag.Live;
    this.prev[row] = NONE;
    this.next[row] = NONE;
    this.requested[row] = 0;
    this.numEvents[row] = 0;
    return row;
  }

  remove(row: number): void {
    this.flags[row] = 0;
    this.next[row] = this.unused;
    this.unused = row;
  }

  has(row: number, flag: number): boolean {
    return (this.flags[row] & flag) !== 0;
  }

  /** Whether the block shares its segment with others. */
  isSplit(row: number): boolean {
    return this.prev[row] !== NONE || this.next[row] !== NONE;
  }

  /** Neither handed out nor waiting for events; an unmapped block always is. NONE is not. */
  isUsable(row: number): boolean {
    return row !== NONE && (this.flags[row] & Flag.Allocated) === 0 && this.numEvents[row] === 0;
  }

  /** Cuts a block: it keeps the low `units`, a new row of the same kind has the rest. */
  cut(row: number, units: number): number {
    const rest = this.add(
      this.segment[row],
      this.offset[row] + units,
      this.units[row] - units,
      this.stream[row],
      this.flags[row],
    );
    const after = this.next[row];
    this.prev[rest] = row;
    this.next[rest] = after;
    if (after !== NONE) this.prev[after] = rest;
    this.next[row] = rest;
    this.units[row] = units;
    return rest;
  }

  /** Lets a block swallow its neighbour, whose row ends. */
  absorb(row: number, neighbour: number): void {
    if (this.prev[row] === neighbour) {
      const before = this.prev[neighbour];
      this.prev[row] = before;
      if (before !== NONE) this.next[before] = row;
      this.offset[row] = this.offset[neighbour];
    } else {
      const after = this.next[neighbour];
      this.next[row] = after;
      if (after !== NONE) this.prev[after] = row;
    }
    this.units[row] += this.units[neighbour];
    this.remove(neighbour);
  }

  /** Order of addresses. */
  isBelow(a: number, b: number): boolean {
    const difference = this.segment[a] - this.segment[b];
    return difference !== 0 ? difference < 0 : this.offset[a] < this.offset[b];
  }

  private grow(): void {
    this.units = doubled(this.units);
    this.offset = doubled(this.offset);
    this.segment = doubled(this.segment);
    this.stream = doubled(this.stream);
    this.flags = doubled(this.flags);
    this.prev = doubled(this.prev);
    this.next = doubled(this.next);
    this.numEvents = doubled(this.numEvents);
    this.requested = doubled(this.requested);
    this.freeSince = doubled(this.freeSince);
    this.left = doubled(this.left);
    this.right = doubled(this.right);
  }
}

function doubled<A extends Int32Array | Uint8Array | Float64Array>(column: A): A {
  const bigger = new (column.constructor as new (length: number) => A)(column.length * 2);
  bigger.set(column);
  return bigger;
}
