import { EngineCrash } from '../../error.ts';
import { Device, NO_SEQUENCE, NOWHERE, Replace, type V0Listener } from '../../recording/v0-listener.ts';
import type { V0PoolConfig } from '../../scheduler/v0/config.ts';
import type { Workload } from '../../workload/workload.ts';
import { BlockTables } from '../block-tables.ts';
import { PrefixIndex } from '../prefix-index.ts';
import { CachingAllocator, NOT_CACHED } from './caching-allocator.ts';
import { ComputedBlocks } from './computed-blocks.ts';
import { NaiveAllocator } from './naive-allocator.ts';
import { SequenceChains } from './sequence-chains.ts';

/** Whether something fits (vLLM `AllocStatus`): now, after others have left, or not even then. */
export const AllocStatus = { Ok: 0, Later: 1, Never: 2 } as const;
export type AllocStatus = (typeof AllocStatus)[keyof typeof AllocStatus];

const NO_BLOCK = -1;

/**
 * Which sequence holds which blocks, on the GPU or swapped out to the CPU (vLLM `BlockSpaceManagerV2`).
 * Sequences are rows (see `Workload.sequenceStart`); how many tokens each has comes as an argument.
 */
export class BlockSpaceManager {
  readonly gpu: NaiveAllocator;
  readonly cpu: NaiveAllocator;
  /** sequence → its blocks: ids of the GPU, or of the CPU while onCpu. */
  readonly tables: BlockTables;
  readonly onCpu: Uint8Array;
  /** sequence → tokens that are written into its blocks. */
  readonly numFullSlots: Int32Array;
  /** sequence → tokens up to which appending changes but a counter: room in an unshared block, not yet full. */
  readonly quietUntil: Int32Array;
  /** What the worker may skip; null without prefix caching. */
  readonly computedBlocks: ComputedBlocks | null;
  /** The GPU block that stands for "outside the sliding window", or −1 before the first append. */
  nullBlock = NO_BLOCK;
  listener: V0Listener | null = null;

  private readonly config: V0PoolConfig;
  private readonly watermarkBlocks: number;
  /** Blocks that a sequence needs with its sliding window; Infinity without. */
  private readonly windowBlocks: number;
  private readonly numTokens: Int32Array;

  // With prefix caching
  private readonly caches: readonly [gpu: CachingAllocator, cpu: CachingAllocator] | null;
  private readonly chains: SequenceChains | null;
  /** sequence → time of the last schedule() that scheduled it; NaN: never since it has its table. */
  readonly lastAccess: Float64Array;

  /** `numTokens`: sequence → its tokens, prompt and outputs; the scheduler's column. */
  constructor(workload: Workload, config: V0PoolConfig, numTokens: Int32Array) {
    const { numGpuBlocks, numCpuBlocks, blockSize, slidingWindow } = config;
    const numSequences = numTokens.length;
    this.config = config;
    this.numTokens = numTokens;
    this.watermarkBlocks = Math.floor(config.watermark * numGpuBlocks);
    this.windowBlocks =
      slidingWindow === null ? Number.POSITIVE_INFINITY : Math.floor(slidingWindow / blockSize) + 2;
    this.tables = new BlockTables(numSequences);
    this.onCpu = new Uint8Array(numSequences);
    this.numFullSlots = new Int32Array(numSequences);
    this.quietUntil = new Int32Array(numSequences);
    if (config.enablePrefixCaching) {
      // Block 0 is no block to the index.
      const index = new PrefixIndex(1 + numGpuBlocks + numCpuBlocks, 2);
      this.caches = [
        new CachingAllocator(Device.Gpu, numGpuBlocks, index, 1),
        new CachingAllocator(Device.Cpu, numCpuBlocks, index, 1 + numGpuBlocks),
      ];
      this.chains = new SequenceChains(index, workload, blockSize);
      this.computedBlocks = new ComputedBlocks(numSequences);
    } else {
      this.caches = null;
      this.chains = null;
      this.computedBlocks = null;
    }
    this.gpu = this.caches?.[Device.Gpu] ?? new NaiveAllocator(Device.Gpu, numGpuBlocks);
    this.cpu = this.caches?.[Device.Cpu] ?? new NaiveAllocator(Device.Cpu, numCpuBlocks);
    this.lastAccess = new Float64Array(numSequences).fill(Number.NaN);
  }

  /** Everything that happens to blocks is reported there from now on. */
  record(listener: V0Listener): void {
    this.listener = listener;
    for (const cache of this.caches ?? []) cache.listener = listener;
  }

  isAllocated(sequence: number): boolean {
    return this.tables.length[sequence] > 0;
  }

  /** Cached blocks and lookahead count in full, a sliding window caps the need. */
  canAllocate(sequence: number): AllocStatus {
    const blocks = Math.ceil(this.numTokens[sequence] / this.config.blockSize);
    return this.fits(Math.min(blocks, this.windowBlocks));
  }

  /** Gives a sequence blocks for all its tokens. */
  allocate(sequence: number): void {
    const { blockSize } = this.config;
    const numTokens = this.numTokens[sequence];
    const numFull = Math.floor(numTokens / blockSize);
    if (this.caches === null) {
      for (let i = 0; i < numFull; i++) this.takeNext(sequence, this.gpu);
    } else {
      this.allocateFull(sequence, numFull, this.caches[Device.Gpu]);
    }
    if (numFull * blockSize < numTokens) this.takeNext(sequence, this.gpu);
    this.numFullSlots[sequence] = numTokens;
    this.lastAccess[sequence] = Number.NaN;
  }

  /** Blocks that appending the unseen tokens and `lookahead` slots touches, those that it has included. */
  numTouched(sequence: number, lookahead: number): number {
    const { blockSize } = this.config;
    const numTokens = this.numTokens[sequence];
    const full = this.numFullSlots[sequence];
    if (lookahead === 0 && full < numTokens && numTokens <= this.quietUntil[sequence]) return 1;
    const slots = numTokens - full + lookahead;
    const first = blockSize - (full % blockSize);
    return 1 + Math.ceil((slots - first) / blockSize);
  }

  /** Writes the tokens up to `numTokens`, with room for `lookahead` more behind them. The table is on the GPU. */
  appendSlots(sequence: number, numTokens: number, lookahead: number, numComputed: number): void {
    if (!this.appendInPlace(sequence, numTokens))
      this.appendToBlocks(sequence, numTokens, lookahead, numComputed);
  }

  /** Writes them where that changes but a counter and touches one block; false where it does not. */
  appendInPlace(sequence: number, numTokens: number): boolean {
    if (numTokens > this.quietUntil[sequence] || numTokens === this.numFullSlots[sequence]) return false;
    this.numFullSlots[sequence] = numTokens;
    return true;
  }

  /** Whether that many tokens need a block more than the sequence has. */
  needsBlock(sequence: number, numTokens: number): boolean {
    return this.tables.length[sequence] * this.config.blockSize < numTokens;
  }

  private appendToBlocks(sequence: number, numTokens: number, lookahead: number, numComputed: number): void {
    const { blockSize, slidingWindow } = this.config;
    if (slidingWindow !== null) this.dropOutsideWindow(sequence, numComputed);
    const slots = numTokens + lookahead;
    while (this.tables.length[sequence] * blockSize < slots) this.takeNext(sequence, this.gpu);
    if (this.numFullSlots[sequence] === numTokens) return;
    let position = Math.floor(this.numFullSlots[sequence] / blockSize);
    let end = position * blockSize;
    while (end < numTokens) {
      end += blockSize;
      this.copyOnWrite(sequence, position);
      if (end <= numTokens && this.caches !== null) this.promote(sequence, position, this.caches[Device.Gpu]);
      position++;
    }
    this.numFullSlots[sequence] = numTokens;
    if (slidingWindow !== null) return;
    // The lookahead is always the same: only decodes have unseen tokens.
    const isFilled = this.caches === null ? 0 : 1;
    const room = this.tables.length[sequence] * blockSize - lookahead;
    this.quietUntil[sequence] = Math.min(end - isFilled, room);
  }

  /** The child shares all blocks of the parent. Nothing happens if the parent has none. */
  fork(parent: number, child: number): void {
    const length = this.tables.length[parent];
    if (length === 0) return;
    const table = this.tables.table[parent];
    for (let i = 0; i < length; i++) {
      // The null block is never given back, so its holders are not counted.
      if (table[i] !== this.nullBlock) this.gpu.share(table[i]);
      this.tables.append(child, table[i]);
    }
    this.numFullSlots[child] = this.numFullSlots[parent];
    this.quietUntil[parent] = 0;
    this.quietUntil[child] = 0;
    this.chains?.copy(parent, child);
    this.lastAccess[child] = Number.NaN;
    this.listener?.fork(parent, child);
  }

  /**
   * Takes all blocks from a sequence. Nothing happens if it has none.
   * @throws EngineCrash for a swapped sequence with prefix caching.
   */
  free(sequence: number): void {
    if (!this.isAllocated(sequence)) return;
    this.recordAccess(sequence);
    this.releaseTable(sequence);
    this.chains?.clear(sequence);
    this.onCpu[sequence] = 0;
    this.computedBlocks?.clear(sequence);
  }

  /** Whether the CPU has room for a group's part on the GPU: its sequences from `first` on that are on it. */
  canSwapOut(first: number, end: number): boolean {
    return this.numTouchedBySwap(first, end, 0, this.cpu) <= this.cpu.numFree;
  }

  /** The same in the other direction, where the watermark counts. */
  canSwapIn(first: number, end: number, lookahead: number): AllocStatus {
    const touched = this.numTouchedBySwap(first, end, lookahead, this.gpu);
    if (this.gpu.numBlocks < touched) return AllocStatus.Never;
    return this.gpu.numFree - touched >= this.watermarkBlocks ? AllocStatus.Ok : AllocStatus.Later;
  }

  /**
   * Moves the sequence's blocks to the other device: all are released, then their targets are taken, so what
   * forks shared is shared no longer (with prefix caching: full blocks still are).
   * @throws EngineCrash if a block has left the sliding window, or if there are too few targets.
   */
  swap(sequence: number): void {
    const { blockSize } = this.config;
    const toCpu = this.onCpu[sequence] === 0;
    if (toCpu && this.tables.table[sequence][0] === this.nullBlock) {
      throw new EngineCrash(
        'ValueError',
        'null block should not be modified',
        'a sequence with blocks outside its sliding window is swapped out: vLLM 0.6.3 cannot move the null block',
      );
    }
    const target = toCpu ? this.cpu : this.gpu;
    const cache = this.caches?.[target.device] ?? null;
    const source = this.caches?.[toCpu ? Device.Gpu : Device.Cpu] ?? null;
    const length = this.tables.length[sequence];
    const numFull = cache === null ? 0 : Math.floor(this.numFullSlots[sequence] / blockSize);
    const chains = this.chainsOf(sequence, numFull, source);
    this.releaseTable(sequence);
    for (let i = 0; i < length; i++) {
      if (cache === null || i >= numFull) this.takeNext(sequence, target);
      else this.takeContent(sequence, chains[i], cache);
    }
    this.onCpu[sequence] = toCpu ? 1 : 0;
  }

  /** The sequence is scheduled now. */
  access(sequence: number, now: number): void {
    if (this.caches === null) return;
    this.lastAccess[sequence] = now;
    this.computedBlocks!.update(
      sequence,
      this.tables.table[sequence],
      this.tables.length[sequence],
      this.caches[Device.Gpu],
    );
  }

  /** After steps that changed but counters: so many tokens are written at least, and `time` is the last access. */
  catchUp(sequence: number, numTokens: number, time: number): void {
    if (numTokens > this.numFullSlots[sequence]) this.numFullSlots[sequence] = numTokens;
    if (time > this.lastAccess[sequence]) this.lastAccess[sequence] = time;
  }

  /** The step is scheduled: whatever entered the cache in it counts as computed, the whole of a prompt. */
  markBlocksAsComputed(): void {
    this.caches?.[Device.Gpu].markTouchedAsComputed();
  }

  private fits(blocks: number): AllocStatus {
    if (this.gpu.numBlocks - blocks < this.watermarkBlocks) return AllocStatus.Never;
    return this.gpu.numFree - blocks >= this.watermarkBlocks ? AllocStatus.Ok : AllocStatus.Later;
  }

  private takeNext(sequence: number, allocator: NaiveAllocator): number {
    const block = allocator.allocate();
    this.listener?.take(sequence, allocator.device, this.tables.length[sequence], block);
    this.tables.append(sequence, block);
    return block;
  }

  /** Appends a block with the content: from the cache, or a new one that enters it. */
  private takeContent(sequence: number, chain: number, cache: CachingAllocator): void {
    const cached = cache.find(chain);
    if (cached === NOT_CACHED) {
      cache.register(this.takeNext(sequence, cache), chain);
      return;
    }
    const before = cache.hit(cached);
    this.listener?.hit(sequence, cache.device, this.tables.length[sequence], cached, before);
    this.tables.append(sequence, cached);
  }

  /** A miss may evict what a later block of the same prompt would have hit, so hits need not be a prefix. */
  private allocateFull(sequence: number, numFull: number, cache: CachingAllocator): void {
    const chains = this.chains!;
    chains.start(sequence, 0);
    for (let i = 0; i < numFull; i++) this.takeContent(sequence, chains.advance(sequence), cache);
  }

  private copyOnWrite(sequence: number, position: number): void {
    const { gpu } = this;
    const table = this.tables.table[sequence];
    const old = table[position];
    if (gpu.refCount[old] === 1) return;
    gpu.release(old);
    const block = gpu.allocate();
    table[position] = block;
    this.listener?.replace(sequence, Replace.Copy, position, old, block, NOWHERE);
  }

  /** The block at `position` is full: it enters the cache, or gives way to the one that is there already. */
  private promote(sequence: number, position: number, cache: CachingAllocator): void {
    this.chains!.start(sequence, position);
    const chain = this.chains!.advance(sequence);
    const table = this.tables.table[sequence];
    const old = table[position];
    const cached = cache.find(chain);
    if (cached === NOT_CACHED) {
      cache.register(old, chain);
      return;
    }
    cache.release(old);
    const before = cache.hit(cached);
    table[position] = cached;
    this.listener?.replace(sequence, Replace.Promote, position, old, cached, before);
  }

  private dropOutsideWindow(sequence: number, numComputed: number): void {
    const { gpu, listener } = this;
    if (this.nullBlock === NO_BLOCK) {
      this.nullBlock = gpu.allocate();
      listener?.take(NO_SEQUENCE, Device.Gpu, 0, this.nullBlock);
    }
    const table = this.tables.table[sequence];
    const end = Math.floor(numComputed / this.config.blockSize) - this.windowBlocks;
    // Those in front of a null block are null as well.
    let start = Math.max(end, 0);
    while (start > 0 && table[start - 1] !== this.nullBlock) start--;
    for (let position = start; position < end; position++) {
      const old = table[position];
      gpu.release(old);
      table[position] = this.nullBlock;
      listener?.replace(sequence, Replace.Null, position, old, this.nullBlock, NOWHERE);
    }
  }

  /** What the sequence's blocks hold is as old as its last step; a shared one remembers the last one freed. */
  private recordAccess(sequence: number): void {
    const time = this.lastAccess[sequence];
    if (this.caches === null || Number.isNaN(time)) return;
    const table = this.tables.table[sequence];
    if (this.onCpu[sequence] === 1) {
      throw new EngineCrash(
        'KeyError',
        String(this.gpu.numBlocks + table[0]),
        'a swapped-out sequence is freed with prefix caching: vLLM 0.6.3 looks for its CPU blocks on the GPU',
      );
    }
    const length = this.tables.length[sequence];
    for (let i = 0; i < length; i++) this.caches[Device.Gpu].access(table[i], time);
  }

  /** From the front to the back, so that the last block is the first to be taken again. */
  private releaseTable(sequence: number): void {
    const { listener } = this;
    const { blockSize } = this.config;
    const device = this.onCpu[sequence] === 1 ? Device.Cpu : Device.Gpu;
    const pool = device === Device.Cpu ? this.cpu : this.gpu;
    const cache = this.caches?.[device] ?? null;
    const numFull = cache === null ? 0 : Math.floor(this.numFullSlots[sequence] / blockSize);
    const table = this.tables.table[sequence];
    const length = this.tables.length[sequence];
    for (let i = 0; i < length; i++) {
      const block = table[i];
      listener?.release(sequence, device, i, block);
      if (block === this.nullBlock && device === Device.Gpu) continue;
      if (i < numFull) cache!.releaseCached(block, (i + 1) * blockSize);
      else pool.release(block);
    }
    this.tables.clear(sequence);
    this.quietUntil[sequence] = 0;
  }

  private chainsOf(sequence: number, numFull: number, source: CachingAllocator | null): number[] {
    const chains: number[] = [];
    for (let i = 0; i < numFull; i++) chains.push(source!.chainOf(this.tables.table[sequence][i]));
    return chains;
  }

  /** Blocks for the unseen tokens and, for full blocks, those that the target does not hold in use. */
  private numTouchedBySwap(first: number, end: number, lookahead: number, target: NaiveAllocator): number {
    const { blockSize } = this.config;
    const source = this.caches?.[target.device === Device.Cpu ? Device.Gpu : Device.Cpu];
    const cache = this.caches?.[target.device];
    let touched = 0;
    for (let sequence = first; sequence < end; sequence++) {
      if (!this.isAllocated(sequence)) continue;
      touched += this.numTouched(sequence, lookahead);
      const table = this.tables.table[sequence];
      const numFull = Math.floor(this.numFullSlots[sequence] / blockSize);
      for (let i = 0; i < numFull; i++) {
        if (cache?.isInUse(source!.chainOf(table[i]))) continue;
        if (target.device === Device.Cpu && table[i] === this.nullBlock) continue;
        touched++;
      }
    }
    return touched;
  }
}
