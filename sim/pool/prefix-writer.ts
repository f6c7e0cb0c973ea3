import type { EventSink } from '../recording/event-sink.ts';
import { DETAIL_SHIFT, EventKind } from '../recording/events.ts';
import { NULL_BLOCK } from './block-pool.ts';
import type { BlockTables } from './block-tables.ts';
import { type GroupLayout, SLIDING_WINDOW } from './group-layout.ts';
import { type TokenRuns, TokenWalk } from './known-tokens.ts';
import { NONE, type PrefixIndex, ROOT_CHAIN } from './prefix-index.ts';

/** Enters blocks of requests into the prefix cache once they are full (vLLM `cache_full_blocks`). */
export class PrefixWriter {
  /** request → known tokens at which its next block is full and enters the cache. */
  readonly nextAt: Int32Array;
  log: EventSink | null = null;

  private readonly index: PrefixIndex;
  private readonly groups: readonly GroupLayout[];
  private readonly tables: readonly BlockTables[];
  /** Tokens after which each group has a whole number of blocks; more than there can be: nothing is cached. */
  private readonly alignment: number;
  private readonly hashBlockSize: number;
  /** group → of each alignment-long segment, the first position (in blocks) that enters the cache. */
  private readonly firstInSegment: readonly number[];
  private readonly walk: TokenWalk;
  /** request → tokens already offered (vLLM num_cached_block, in tokens) … */
  private readonly offeredTokens: Int32Array;
  /** … and the chain of the request there, retained while the request holds blocks. */
  private readonly offeredChain: Int32Array;
  /** Chains of the blocks that one call enters. */
  private newChains = new Int32Array(64);

  constructor(
    index: PrefixIndex,
    runs: TokenRuns,
    groups: readonly GroupLayout[],
    tables: readonly BlockTables[],
    alignment: number,
    hashBlockSize: number,
  ) {
    const numRequests = runs.numPromptTokens.length;
    this.index = index;
    this.groups = groups;
    this.tables = tables;
    this.alignment = alignment;
    this.hashBlockSize = hashBlockSize;
    this.firstInSegment = groups.map(({ kind, window, blockSize }) =>
      kind === SLIDING_WINDOW && blockSize < alignment
        ? Math.max(0, alignment / blockSize - Math.ceil((window - 1) / blockSize))
        : 0,
    );
    this.walk = new TokenWalk(runs);
    this.nextAt = new Int32Array(numRequests).fill(alignment);
    this.offeredTokens = new Int32Array(numRequests);
    this.offeredChain = new Int32Array(numRequests);
  }

  /** The request holds nothing any more. */
  forget(request: number): void {
    this.index.release(this.offeredChain[request]);
    this.offeredChain[request] = ROOT_CHAIN;
    this.offeredTokens[request] = 0;
    this.nextAt[request] = this.alignment;
  }

  /** The request begins with `hit` tokens from the cache; the chain there is ROOT_CHAIN if it was not looked for. */
  startBehind(request: number, hit: number, hitChain: number): void {
    const chain = hitChain === ROOT_CHAIN ? this.chainBehind(request, hit) : hitChain;
    this.offeredTokens[request] = hit;
    this.offeredChain[request] = chain;
    this.index.retain(chain);
    this.nextAt[request] = hit + this.alignment;
  }

  private chainBehind(request: number, hit: number): number {
    const count = this.makeChains(request, 0, hit);
    return this.newChains[count - 1];
  }

  /** Its blocks that are full with `known` tokens, at least nextAt, enter the cache. */
  offer(request: number, known: number): void {
    const from = this.offeredTokens[request];
    const to = known - (known % this.alignment);
    if (to - from === this.alignment && this.groups.length === 1) {
      this.offerOneBlock(request, from);
      return;
    }
    const count = this.makeChains(request, from, to);
    const last = this.newChains[count - 1];
    for (const { id, blockSize } of this.groups) {
      const table = this.tables[id].table[request];
      const perSegment = this.alignment / blockSize;
      for (let i = from / blockSize; i < to / blockSize; i++) {
        const block = table[i];
        if (block === NULL_BLOCK || i % perSegment < this.firstInSegment[id]) continue;
        // One that was found beyond the hit stands in the cache already.
        if (this.index.chainOf[block] !== NONE) continue;
        const chain = this.newChains[((i + 1) * blockSize - from) / this.hashBlockSize - 1];
        if (this.log !== null) this.log.event(EventKind.Cache | (id << DETAIL_SHIFT), request, block, chain);
        this.index.insert(id, chain, block);
      }
    }
    this.offeredUpTo(request, to, last);
  }

  /** One block of the only group is full: what a decode step does, without the general case's loops. */
  private offerOneBlock(request: number, from: number): void {
    this.walk.start(request, from);
    const chain = this.continueChain(this.offeredChain[request]);
    const block = this.tables[0].table[request][from / this.alignment];
    if (block !== NULL_BLOCK) {
      if (this.log !== null) this.log.event(EventKind.Cache, request, block, chain);
      this.index.insert(0, chain, block);
    }
    this.offeredUpTo(request, from + this.alignment, chain);
  }

  private offeredUpTo(request: number, tokens: number, chain: number): void {
    this.index.retain(chain);
    this.index.release(this.offeredChain[request]);
    this.offeredChain[request] = chain;
    this.offeredTokens[request] = tokens;
    this.nextAt[request] = tokens + this.alignment;
  }

  /** The chain one hash block further, along the walk. */
  private continueChain(chain: number): number {
    const { walk } = this;
    let rest = this.hashBlockSize;
    do {
      rest -= walk.take(rest);
      chain = this.index.extend(chain, walk.segment, walk.offset, walk.size);
    } while (rest > 0);
    return chain;
  }

  /** Chains of the request at the hash block ends in (from, to], into newChains; returns how many. */
  private makeChains(request: number, from: number, to: number): number {
    const count = (to - from) / this.hashBlockSize;
    if (count > this.newChains.length) this.newChains = new Int32Array(count * 2);
    this.walk.start(request, from);
    let chain = this.offeredChain[request];
    for (let i = 0; i < count; i++) {
      chain = this.continueChain(chain);
      this.newChains[i] = chain;
    }
    return count;
  }
}
