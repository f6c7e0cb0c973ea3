import type { BlockSpaceManager } from '../../pool/v0/block-space-manager.ts';

/**
 * Token slots in the GPU's block tables, and how many of them hold a token: kept up to date from what changes, so
 * that a step need not look at everybody who runs.
 */
export class SlotCounter {
  numSlots = 0;
  numTokens = 0;
  private readonly blocks: BlockSpaceManager;
  private readonly blockSize: number;
  /** Sequences that got a table in this step: their tokens are not counted yet. */
  private readonly fresh = new Set<number>();

  constructor(blocks: BlockSpaceManager, blockSize: number) {
    this.blocks = blocks;
    this.blockSize = blockSize;
  }

  get numEmpty(): number {
    return this.numSlots - this.numTokens;
  }

  /** An entry was put at the end of a table. */
  appended(sequence: number, position: number): void {
    this.numSlots += this.blockSize;
    if (position === 0) this.fresh.add(sequence);
  }

  /** An entry of a table was given up; the one in front comes first. */
  released(sequence: number, position: number): void {
    this.numSlots -= this.blockSize;
    if (position === 0 && !this.fresh.delete(sequence)) this.numTokens -= this.blocks.numFullSlots[sequence];
  }

  forked(child: number): void {
    this.numSlots += this.blocks.tables.length[child] * this.blockSize;
    this.numTokens += this.blocks.numFullSlots[child];
  }

  /** The step is scheduled: `numDecodes` sequences wrote a token each, those that are fresh included. */
  scheduled(numDecodes: number, isDecode: (sequence: number) => boolean): void {
    let numFreshDecodes = 0;
    for (const sequence of this.fresh) {
      this.numTokens += this.blocks.numFullSlots[sequence];
      if (isDecode(sequence)) numFreshDecodes++;
    }
    this.fresh.clear();
    this.numTokens += numDecodes - numFreshDecodes;
  }
}
