import { Device, NOWHERE, type V0Listener } from '../../recording/v0-listener.ts';
import { NONE, type PrefixIndex } from '../prefix-index.ts';
import { Evictor } from './evictor.ts';
import { NaiveAllocator } from './naive-allocator.ts';

export const NOT_CACHED = -1;
const NEVER_ACCESSED = -1;

/**
 * The blocks of one device with a prefix cache (vLLM `PrefixCachingBlockAllocator`). A content, its chain, is
 * in at most one block. Given up by its last holder, a block with content goes to the evictor and keeps it.
 */
export class CachingAllocator extends NaiveAllocator {
  readonly evictor: Evictor;
  listener: V0Listener | null = null;

  /** Both devices share the index: its group is the device, its block number block + base. */
  private readonly index: PrefixIndex;
  private readonly base: number;
  /** block in use → time of last access (vLLM `BlockTracker`); set only when a sequence is freed. */
  private readonly lastAccessed: Float64Array;
  /** block in use → 1 if its content is computed. */
  private readonly computed: Uint8Array;
  /** Blocks that entered the cache in this step: computed once it is over. Valid below numTouched. */
  private readonly touched: number[] = [];
  private numTouched = 0;

  constructor(device: Device, numBlocks: number, index: PrefixIndex, base: number) {
    super(device, numBlocks);
    this.index = index;
    this.base = base;
    this.evictor = new Evictor(numBlocks);
    this.lastAccessed = new Float64Array(numBlocks);
    this.computed = new Uint8Array(numBlocks);
  }

  override get numFree(): number {
    return this.numHashless + this.evictor.length;
  }

  /** A block without content; content is evicted only for want of those. */
  override allocate(): number {
    const block = this.numHashless > 0 || this.evictor.length === 0 ? super.allocate() : this.evict();
    this.track(block, 0);
    return block;
  }

  chainOf(block: number): number {
    return this.index.chainOf[block + this.base];
  }

  /** The block with this content, or NOT_CACHED. */
  find(chain: number): number {
    const block = this.index.lookup(this.device, chain);
    return block === NONE ? NOT_CACHED : block - this.base;
  }

  /** One holder more for a cached block. Returns its place in the evictor, as listeners want it. */
  hit(block: number): number {
    if (this.refCount[block]++ > 0) return NOWHERE;
    this.track(block, 1);
    return this.evictor.remove(block);
  }

  /** The block, in use, enters the cache as `chain`, which no other block holds. */
  register(block: number, chain: number): void {
    this.index.insert(this.device, chain, block + this.base);
    // Nobody asks about the CPU's, and nothing would clear them.
    if (this.device === Device.Gpu) this.touched[this.numTouched++] = block;
    this.listener?.cache(this.device, block, chain);
  }

  /** One holder less for a cached block whose end is `prefixLength` tokens into the sequence. */
  releaseCached(block: number, prefixLength: number): void {
    if (--this.refCount[block] === 0) this.evictor.add(block, this.lastAccessed[block], prefixLength);
  }

  access(block: number, time: number): void {
    this.lastAccessed[block] = time;
  }

  isComputed(block: number): boolean {
    return this.computed[block] === 1;
  }

  /** True if the content is here and in use, so that bringing it here takes no block. */
  isInUse(chain: number): boolean {
    const block = this.find(chain);
    return block !== NOT_CACHED && this.refCount[block] > 0;
  }

  markTouchedAsComputed(): void {
    for (let i = 0; i < this.numTouched; i++) this.computed[this.touched[i]] = 1;
    this.numTouched = 0;
  }

  private evict(): number {
    const block = this.evictor.choose();
    const chain = this.chainOf(block);
    const before = this.evictor.remove(block);
    this.index.evict(block + this.base);
    this.refCount[block] = 1;
    this.listener?.evict(this.device, block, chain, before);
    return block;
  }

  private track(block: number, computed: number): void {
    this.lastAccessed[block] = NEVER_ACCESSED;
    this.computed[block] = computed;
  }
}
