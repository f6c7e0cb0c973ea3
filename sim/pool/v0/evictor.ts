import { FRONT } from '../../recording/v0-listener.ts';
import { IndexList } from '../index-list.ts';

/**
 * Cached blocks that nobody holds, in the order in which they were given up (vLLM `LRUEvictor`). It is not
 * sorted by time: a block that was last accessed earlier than those before it is not evicted before them,
 * unless its prefix is longer.
 */
export class Evictor {
  private readonly order: IndexList;
  /** block → time of last access, as of when it came here; −1: never recorded. */
  private readonly lastAccessed: Float64Array;
  /** block → tokens up to its end. */
  private readonly prefixLength: Int32Array;
  /**
   * From the front up to here times do not rise and prefixes get longer, so that each would be chosen over those
   * before it: mostly the blocks of one sequence. The sentinel: nothing is known.
   */
  private risen: number;

  constructor(numBlocks: number) {
    this.order = new IndexList(numBlocks);
    this.risen = this.order.sentinel;
    this.lastAccessed = new Float64Array(numBlocks);
    this.prefixLength = new Int32Array(numBlocks);
  }

  get length(): number {
    return this.order.length;
  }

  add(block: number, lastAccessed: number, prefixLength: number): void {
    this.order.pushBack(block);
    this.lastAccessed[block] = lastAccessed;
    this.prefixLength[block] = prefixLength;
  }

  /** Takes out a block that is here; returns the one in front of it, or FRONT. */
  remove(block: number): number {
    const { order } = this;
    const before = order.prev[block];
    order.remove(block);
    if (block === this.risen) this.risen = before;
    return before === order.sentinel ? FRONT : before;
  }

  /** The next to be evicted: among the first of equal or falling times, the first of the longest prefixes. */
  choose(): number {
    const { order, lastAccessed, prefixLength } = this;
    if (this.risen === order.sentinel) this.risen = order.first;
    let chosen = this.risen;
    for (let block = order.next[chosen]; block !== order.sentinel; block = order.next[block]) {
      if (lastAccessed[chosen] < lastAccessed[block]) break;
      if (prefixLength[block] <= prefixLength[chosen]) continue;
      if (order.prev[block] === this.risen) this.risen = block;
      chosen = block;
    }
    return chosen;
  }
}
