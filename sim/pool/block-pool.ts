import { FreeQueue } from './free-queue.ts';
import { NONE, PrefixIndex } from './prefix-index.ts';

/** The block that stands for "outside the attention window": never free, never cached, never counted. */
export const NULL_BLOCK = 0;

/**
 * The physical blocks: who is free, in which order they are evicted, how many requests hold each, and
 * what content the prefix cache still knows (vLLM `BlockPool`). Block 0 is the null block.
 */
export class BlockPool {
  readonly numBlocks: number;
  /** block → number of block tables that hold it. */
  readonly refCount: Int32Array;
  readonly freeQueue: FreeQueue;
  readonly prefixIndex: PrefixIndex;
  /** Free blocks that still hold cached content. */
  numCachedFree = 0;

  constructor(numBlocks: number, numGroups: number) {
    this.numBlocks = numBlocks;
    this.refCount = new Int32Array(numBlocks);
    this.freeQueue = new FreeQueue(numBlocks);
    this.prefixIndex = new PrefixIndex(numBlocks, numGroups);
  }

  get numFree(): number {
    return this.freeQueue.length;
  }

  /** Takes the head of the free queue; cached content that it held is evicted. Nothing else ever evicts. */
  allocate(): number {
    const block = this.freeQueue.takeFirst();
    if (this.prefixIndex.chainOf[block] !== NONE) {
      this.prefixIndex.evict(block);
      this.numCachedFree--;
    }
    this.refCount[block] = 1;
    return block;
  }

  /**
   * Forgets all cached content (vLLM `reset_prefix_cache`), if no request holds a block; false otherwise.
   * `evicted` is told each block and its chain before the chain is gone.
   */
  resetPrefixCache(evicted: (block: number, chain: number) => void): boolean {
    if (this.numFree !== this.numBlocks - 1) return false;
    for (const block of this.freeQueue) {
      const chain = this.prefixIndex.chainOf[block];
      if (chain === NONE) continue;
      evicted(block, chain);
      this.prefixIndex.evict(block);
    }
    this.numCachedFree = 0;
    return true;
  }

  /** One more holder for a cached block; a free one leaves the queue wherever it stands. */
  touch(block: number): void {
    if (this.refCount[block]++ === 0) {
      this.freeQueue.remove(block);
      this.numCachedFree--;
    }
  }

  /** One holder less; the last one puts the block at the end of the queue, with its content still known. */
  free(block: number): void {
    if (--this.refCount[block] === 0) {
      this.freeQueue.pushBack(block);
      if (this.prefixIndex.chainOf[block] !== NONE) this.numCachedFree++;
    }
  }
}
