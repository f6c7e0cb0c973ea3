import { IndexList } from './index-list.ts';

/**
 * Free blocks in eviction order, head next (vLLM `FreeKVCacheBlockQueue`); a prefix hit can leave its middle.
 *
 * The queue starts as 1, 2, …, and who returns goes to its end: so the blocks that were never taken stand in
 * front of all others, in ascending order. A counter is enough for them, and a pool of ten million blocks costs
 * nothing until they are used.
 */
export class FreeQueue {
  private readonly numBlocks: number;
  /** The first block that was never taken; numBlocks when all have been. */
  private nextFresh = 1;
  private readonly returned: IndexList;

  constructor(numBlocks: number) {
    this.numBlocks = numBlocks;
    this.returned = new IndexList(numBlocks);
  }

  get length(): number {
    return this.numBlocks - this.nextFresh + this.returned.length;
  }

  /** The block that is taken next; numBlocks if there is none. */
  get first(): number {
    return this.nextFresh < this.numBlocks ? this.nextFresh : this.returned.first;
  }

  /** Takes the head of a queue that is not empty. */
  takeFirst(): number {
    if (this.nextFresh < this.numBlocks) return this.nextFresh++;
    const block = this.returned.first;
    this.returned.remove(block);
    return block;
  }

  /** The block before one that was returned; numBlocks if it is the head. */
  before(block: number): number {
    const before = this.returned.prev[block];
    return before === this.numBlocks && this.nextFresh < this.numBlocks ? this.numBlocks - 1 : before;
  }

  pushBack(block: number): void {
    this.returned.pushBack(block);
  }

  /** A block that was returned leaves the queue, wherever it stands. */
  remove(block: number): void {
    this.returned.remove(block);
  }

  /** From the head to the end. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (let block = this.nextFresh; block < this.numBlocks; block++) yield block;
    yield* this.returned;
  }
}
