import { invariant } from '../error.ts';
import type { EventSink } from '../recording/event-sink.ts';
import { DETAIL_SHIFT, EventKind } from '../recording/events.ts';
import type { PoolConfig, SchedulerConfig } from '../scheduler/config.ts';
import { BlockPool, NULL_BLOCK } from './block-pool.ts';
import { BlockTables } from './block-tables.ts';
import {
  alignmentOf,
  CHUNKED_LOCAL,
  FULL,
  type GroupLayout,
  gateCapOf,
  layoutOf,
  NEVER,
  nextSkipAt,
  numSkippedBlocks,
} from './group-layout.ts';
import type { TokenRuns } from './known-tokens.ts';
import { PrefixLookup } from './prefix-lookup.ts';
import { PrefixWriter } from './prefix-writer.ts';

/**
 * Who holds which blocks (vLLM `KVCacheManager` with its coordinators and single-type managers).
 * Requests are rows of the workload; token counts are the scheduler's business and come as arguments.
 */
export class KvCacheManager {
  readonly pool: BlockPool;
  /** group → block tables. */
  readonly tables: readonly BlockTables[];
  /** Tokens that the last search of the prefix cache found; see findHits. */
  get hitTokens(): number {
    return this.lookup.hitTokens;
  }
  /** Sum over running requests and groups of the token slots in their tables. */
  numTableSlots = 0;

  private log: EventSink | null = null;
  private readonly groups: readonly GroupLayout[];
  private readonly enablePrefixCaching: boolean;
  private readonly maxModelLen: number;
  private readonly hashBlockSize: number;
  private readonly alignment: number;
  /** group → most blocks that the full-sequence gate asks of it. */
  private readonly gateCap: readonly number[];
  /** Computed tokens at which the first block of any request leaves a window. */
  private readonly firstDropAt: number;
  private readonly lookup: PrefixLookup;
  private readonly writer: PrefixWriter;

  // request → the token counts at which its next step needs more than a counter
  /** Token slots in the shortest of its tables. */
  private readonly slots: Int32Array;
  /** Known tokens at which the next block is full and enters the cache. */
  private readonly nextCacheAt: Int32Array;
  /** Computed tokens at which the next block leaves the sliding window. */
  private readonly nextDropAt: Int32Array;

  constructor(runs: TokenRuns, pool: PoolConfig, scheduler: SchedulerConfig) {
    const numRequests = runs.numPromptTokens.length;
    this.groups = layoutOf(pool.groups);
    this.pool = new BlockPool(pool.numGpuBlocks, this.groups.length);
    this.tables = this.groups.map(() => new BlockTables(numRequests));
    this.enablePrefixCaching = pool.enablePrefixCaching;
    this.maxModelLen = scheduler.maxModelLen;
    this.hashBlockSize = pool.hashBlockSize;
    this.alignment = alignmentOf(this.groups);
    this.gateCap = this.groups.map((group) =>
      gateCapOf(group, scheduler.maxNumBatchedTokens, scheduler.maxModelLen),
    );
    // vLLM asserts the same: no eagle beside chunked attention, and no second block size.
    const chunked = this.groups.find(({ kind }) => kind === CHUNKED_LOCAL);
    if (chunked) {
      invariant(!scheduler.useEagle, 'no eagle with chunked local attention');
      invariant(chunked.blockSize === this.alignment, 'one block size with chunked local attention');
    }
    this.lookup = new PrefixLookup(
      this.pool.prefixIndex,
      runs,
      this.groups,
      this.hashBlockSize,
      this.alignment,
      scheduler.useEagle,
    );
    this.writer = new PrefixWriter(
      this.pool.prefixIndex,
      runs,
      this.groups,
      this.tables,
      pool.enablePrefixCaching ? this.alignment : NEVER,
      this.hashBlockSize,
    );
    this.nextCacheAt = this.writer.nextAt;
    this.firstDropAt = Math.min(...this.groups.map((group) => nextSkipAt(group, 0)));
    this.slots = new Int32Array(numRequests);
    this.nextDropAt = new Int32Array(numRequests).fill(NEVER);
  }

  /** Everything that happens to blocks is reported there from now on. */
  record(log: EventSink): void {
    this.log = log;
    this.writer.log = log;
  }

  /** Searches the prefix cache for a request with `numTokens` known tokens; hitTokens is the result. */
  findHits(request: number, numTokens: number): void {
    if (this.enablePrefixCaching) this.lookup.search(request, numTokens);
    else this.lookup.clear();
  }

  /**
   * vLLM `allocate_slots` for a running request with `computed` tokens that is to compute `numNew` more of
   * its `numTokens` known ones (drafts beyond). False: too few free blocks, nothing allocated.
   */
  allocateRunning(
    request: number,
    computed: number,
    numNew: number,
    numLookahead: number,
    numTokens: number,
  ): boolean {
    const total = Math.min(computed + numNew + numLookahead, this.maxModelLen);
    const known = Math.min(computed + numNew, numTokens);
    // The common case: a decode step inside its last block.
    if (
      total <= this.slots[request] &&
      known < this.nextCacheAt[request] &&
      computed < this.nextDropAt[request]
    ) {
      return true;
    }
    if (computed >= this.nextDropAt[request]) this.dropOutsideWindow(request, computed);
    if (total > this.slots[request]) {
      let needed = 0;
      for (let g = 0; g < this.groups.length; g++) {
        const length = Math.ceil(total / this.groups[g].blockSize);
        needed += Math.max(0, length - this.tables[g].length[request]);
      }
      if (needed > this.pool.numFree) return false;
      this.append(request, total);
    }
    this.cacheBlocks(request, known);
    return true;
  }

  /**
   * Free blocks that a waiting request, with the hits of the last findHits, must find to compute `numNew`
   * tokens. With `reserveFull` its whole sequence known so far must fit, though only `numNew` tokens are
   * allocated then.
   */
  blocksForWaiting(numNew: number, numTokens: number, reserveFull: boolean): number {
    const hit = this.lookup.hitTokens;
    const now = this.blocksNeeded(hit, Math.min(hit + numNew, this.maxModelLen), null);
    if (!reserveFull) return now;
    return Math.max(now, this.blocksNeeded(hit, Math.min(numTokens, this.maxModelLen), this.gateCap));
  }

  /** vLLM `allocate_slots` for a waiting request that fits: its hits are touched, new blocks follow. */
  allocateWaiting(request: number, numNew: number, numTokens: number): void {
    const hit = this.lookup.hitTokens;
    this.attachHits(request, hit);
    this.append(request, Math.min(hit + numNew, this.maxModelLen));
    this.cacheBlocks(request, Math.min(hit + numNew, numTokens));
  }

  /**
   * Computed tokens at which the request's next decode step needs more than a counter. `numUnknown` of its tokens
   * after the step are not known yet: none, or the one that async scheduling waits for.
   */
  nextAttentionAt(request: number, numUnknown: 0 | 1): number {
    return Math.min(
      this.slots[request],
      this.nextCacheAt[request] - 1 + numUnknown,
      this.nextDropAt[request],
    );
  }

  /** Enters the request's blocks that are full with `known` tokens into the prefix cache. */
  cacheBlocks(request: number, known: number): void {
    if (known >= this.nextCacheAt[request]) this.writer.offer(request, known);
  }

  /** Slots in blocks of the request's tables that lie wholly beyond its `computed` tokens. */
  wholeEmptySlots(request: number, computed: number): number {
    let slots = 0;
    for (const { id, blockSize } of this.groups) {
      slots += (this.tables[id].length[request] - Math.ceil(computed / blockSize)) * blockSize;
    }
    return slots;
  }

  /** Frees all blocks of a request: group by group, each table from its tail, so tails are evicted first. */
  free(request: number): void {
    const { pool, log } = this;
    for (const { id, blockSize } of this.groups) {
      const tables = this.tables[id];
      const table = tables.table[request];
      const length = tables.length[request];
      for (let i = length - 1; i >= 0; i--) {
        const block = table[i];
        if (block !== NULL_BLOCK) pool.free(block);
        if (log !== null) log.event(EventKind.Free | (id << DETAIL_SHIFT), request, block, 0);
      }
      this.numTableSlots -= length * blockSize;
      tables.clear(request);
    }
    this.writer.forget(request);
    this.slots[request] = 0;
    this.nextDropAt[request] = NEVER;
  }

  /**
   * Blocks that a waiting request takes from the free queue to hold `total` tokens: new ones, and hits that
   * are free now, because touching takes them out of the queue too.
   */
  private blocksNeeded(hit: number, total: number, cap: readonly number[] | null): number {
    const { refCount } = this.pool;
    let needed = 0;
    for (const group of this.groups) {
      const hitBlocks = this.lookup.hitBlocks[group.id];
      const hitLength = this.lookup.hitLength[group.id];
      const skipped = numSkippedBlocks(group, hit);
      let required = Math.ceil(total / group.blockSize);
      if (cap !== null) required = Math.min(required, cap[group.id]);
      needed += Math.max(0, required - Math.max(skipped, hitLength));
      for (let i = skipped; i < hitLength; i++) {
        if (hitBlocks[i] !== NULL_BLOCK && refCount[hitBlocks[i]] === 0) needed++;
      }
    }
    return needed;
  }

  private attachHits(request: number, hit: number): void {
    const { pool, log } = this;
    for (const group of this.groups) {
      const { id } = group;
      const tables = this.tables[id];
      const hitBlocks = this.lookup.hitBlocks[id];
      const skipped = numSkippedBlocks(group, hit);
      for (let i = 0; i < this.lookup.hitLength[id]; i++) {
        const block = i < skipped ? NULL_BLOCK : hitBlocks[i];
        tables.append(request, block);
        if (block === NULL_BLOCK) {
          if (log !== null) log.event(EventKind.Null | (id << DETAIL_SHIFT), request, 0, 0);
          continue;
        }
        if (log !== null) {
          const before = pool.refCount[block] === 0 ? pool.freeQueue.before(block) + 1 : 0;
          log.event(EventKind.Hit | (id << DETAIL_SHIFT), request, block, before);
        }
        pool.touch(block);
      }
      this.numTableSlots += this.lookup.hitLength[id] * group.blockSize;
    }
    if (hit > 0) this.writer.startBehind(request, hit, this.lookup.hitChain);
  }

  /** Lengthens every table to hold `total` tokens, with blocks from the head of the free queue. */
  private append(request: number, total: number): void {
    const { groups, pool, log } = this;
    let slots = NEVER;
    for (let id = 0; id < groups.length; id++) {
      const { blockSize } = groups[id];
      const tables = this.tables[id];
      const before = tables.length[request];
      const length = Math.ceil(total / blockSize);
      for (let i = before; i < length; i++) {
        if (log !== null) {
          const block = pool.freeQueue.first;
          log.event(
            EventKind.Allocate | (id << DETAIL_SHIFT),
            request,
            block,
            pool.prefixIndex.chainOf[block],
          );
        }
        tables.append(request, pool.allocate());
      }
      if (length > before) this.numTableSlots += (length - before) * blockSize;
      slots = Math.min(slots, tables.length[request] * blockSize);
    }
    this.slots[request] = slots;
    if (this.firstDropAt !== NEVER && this.nextDropAt[request] === NEVER) {
      this.nextDropAt[request] = this.firstDropAt;
    }
  }

  /** Blocks that lie wholly outside of the window of `computed` tokens become the null block. */
  private dropOutsideWindow(request: number, computed: number): void {
    const { pool, log } = this;
    let nextDropAt = NEVER;
    for (const group of this.groups) {
      if (group.kind === FULL) continue;
      const { id } = group;
      const table = this.tables[id].table[request];
      const skipped = numSkippedBlocks(group, computed);
      for (
        let i = Math.min(skipped, this.tables[id].length[request]) - 1;
        i >= 0 && table[i] !== NULL_BLOCK;
        i--
      ) {
        if (log !== null) log.event(EventKind.Drop | (id << DETAIL_SHIFT), request, table[i], i);
        pool.free(table[i]);
        table[i] = NULL_BLOCK;
      }
      nextDropAt = Math.min(nextDropAt, nextSkipAt(group, skipped));
    }
    this.nextDropAt[request] = nextDropAt;
  }
}
