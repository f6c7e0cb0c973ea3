import { type BlockTable, Flag, NONE } from './block-table.ts';
import { FreeSet } from './free-set.ts';

/**
 * The small or the large pool: its free blocks by stream, and the unmapped parts of its expandable segments.
 * A block belongs for life to the stream that it was first allocated on.
 */
export class BlockPool {
  private readonly blocks: BlockTable;
  private readonly sets = new Map<number, FreeSet>();
  /** stream → its unmapped blocks by address. */
  private readonly unmapped = new Map<number, number[]>();
  // The stream that was asked for last, since it mostly is the one that is asked for next.
  private lastStream = Number.NaN;
  private lastSet: FreeSet;
  /** Searches so far, counted only while garbage collection is on: the clock of ages. */
  numSearches = 0;

  constructor(blocks: BlockTable) {
    this.blocks = blocks;
    this.lastSet = new FreeSet(blocks);
  }

  freeOf(stream: number): FreeSet {
    if (stream === this.lastStream) return this.lastSet;
    let set = this.sets.get(stream);
    if (set === undefined) {
      set = new FreeSet(this.blocks);
      this.sets.set(stream, set);
    }
    this.lastStream = stream;
    this.lastSet = set;
    return set;
  }

  insert(row: number): void {
    this.blocks.freeSince[row] = this.numSearches;
    this.freeOf(this.blocks.stream[row]).insert(row);
  }

  remove(row: number): void {
    this.freeOf(this.blocks.stream[row]).remove(row);
  }

  /** All free blocks in order of stream, size, address. */
  allFree(): number[] {
    const streams = [...this.sets.keys()].sort((a, b) => a - b);
    return streams.flatMap((stream) => this.sets.get(stream)!.toArray());
  }

  /** The stream's unmapped blocks by address; as they are now, not a copy. */
  unmappedOf(stream: number): readonly number[] {
    return this.unmapped.get(stream) ?? [];
  }

  insertUnmapped(row: number): void {
    const stream = this.blocks.stream[row];
    const rows = this.unmapped.get(stream);
    if (rows === undefined) this.unmapped.set(stream, [row]);
    else rows.splice(this.placeOf(row, rows), 0, row);
  }

  removeUnmapped(row: number): void {
    const rows = this.unmapped.get(this.blocks.stream[row])!;
    rows.splice(this.placeOf(row, rows), 1);
  }

  /** How many of the rows, which are in order, stand below the given one. */
  private placeOf(row: number, rows: readonly number[]): number {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.blocks.isBelow(rows[middle], row)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * The best fit among expandable blocks, from the first that holds `units`: a block that can still grow counts
 * with what it can grow to, so the growing end of a segment is used last.
 */
export function bestFitExpandable(
  blocks: BlockTable,
  pool: BlockPool,
  stream: number,
  units: number,
): number {
  const free = pool.freeOf(stream);
  let found = free.lowerBound(units);
  if (found === NONE) return NONE;
  for (;;) {
    const next = free.after(found);
    if (next === NONE || grownUnits(blocks, next) >= grownUnits(blocks, found)) return found;
    found = next;
  }
}

function grownUnits(blocks: BlockTable, row: number): number {
  const next = blocks.next[row];
  const canGrow = next !== NONE && !blocks.has(next, Flag.Mapped);
  return blocks.units[row] + (canGrow ? blocks.units[next] : 0);
}
