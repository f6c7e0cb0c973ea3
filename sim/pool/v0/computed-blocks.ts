import { BlockTables } from '../block-tables.ts';

/**
 * Per sequence, the blocks that the worker is told to skip (vLLM `ComputedBlocksTracker`). Nothing is decided
 * by them. They are neither a prefix of the table nor up to date: a block that is not computed yet is left out
 * and those behind it are not, and from then on the list never changes.
 */
export class ComputedBlocks {
  readonly lists: BlockTables;
  private readonly hasGap: Uint8Array;

  constructor(numSequences: number) {
    this.lists = new BlockTables(numSequences);
    this.hasGap = new Uint8Array(numSequences);
  }

  clear(sequence: number): void {
    this.lists.clear(sequence);
    this.hasGap[sequence] = 0;
  }

  /** Looks at the blocks beyond the known ones, the last of the table excepted. */
  update(
    sequence: number,
    table: Int32Array,
    numBlocks: number,
    pool: { isComputed(block: number): boolean },
  ): void {
    if (this.hasGap[sequence] === 1) return;
    const most = numBlocks - 1;
    for (let i = this.lists.length[sequence]; i < most; i++) {
      if (pool.isComputed(table[i])) this.lists.append(sequence, table[i]);
    }
    if (this.lists.length[sequence] < most) this.hasGap[sequence] = 1;
  }
}
