/** No block, no chain. The root chain (nothing before) is 0 as well: it is never the content of a block. */
export const NONE = 0;
export const ROOT_CHAIN = 0;

const MOST_INITIAL_CHAINS = 65536;

/**
 * The prefix cache's map from content to blocks (vLLM `BlockHashToBlockMap` and the block hashes).
 *
 * A *chain* stands for all tokens from 0 to some position. vLLM names it by a hash of hashes; here it is
 * interned from (parent chain, segment, offset, length), so equality is exact and costs O(runs). A chain
 * lives as long as a block holds it, a longer chain continues it, or a request retains it; then its number
 * is used again. So a content that has no chain is certainly not cached, and memory follows the pool's
 * size, not the number of requests.
 *
 * Per cache group, a chain lists its blocks in insertion order: duplicates are allowed, and a lookup
 * returns the earliest inserted that is still there.
 */
export class PrefixIndex {
  // chain → content
  private parent: Int32Array;
  private segment: Int32Array;
  private offset: Int32Array;
  private size: Int32Array;
  /** chain → blocks that hold it + requests that retain it … */
  private refCount: Int32Array;
  /** … and chains that continue it. It dies when there is neither. */
  private numChildren: Int32Array;
  /** chain → next chain in its hash bucket, or in the list of unused chains. */
  private nextInBucket: Int32Array;
  private buckets: Int32Array;
  private unused = NONE;
  private numChains = 1;
  private numLive = 0;
  /** Told of each chain that is made, if somebody wants to know. */
  onNewChain:
    | ((chain: number, parent: number, segment: number, offset: number, size: number) => void)
    | null = null;

  // group → chain → its first and last block
  private readonly firstBlock: Int32Array[];
  private readonly lastBlock: Int32Array[];
  // block → neighbours in its chain's list, and the group it was entered for
  private readonly nextBlock: Int32Array;
  private readonly prevBlock: Int32Array;
  readonly groupOf: Uint8Array;
  /** block → chain it holds, or NONE. */
  readonly chainOf: Int32Array;

  constructor(numBlocks: number, numGroups: number) {
    const capacity = Math.min(MOST_INITIAL_CHAINS, 1 << (32 - Math.clz32(numBlocks)));
    this.parent = new Int32Array(capacity);
    this.segment = new Int32Array(capacity);
    this.offset = new Int32Array(capacity);
    this.size = new Int32Array(capacity);
    this.refCount = new Int32Array(capacity);
    this.numChildren = new Int32Array(capacity);
    this.nextInBucket = new Int32Array(capacity);
    this.buckets = new Int32Array(2 * capacity);
    this.firstBlock = Array.from({ length: numGroups }, () => new Int32Array(capacity));
    this.lastBlock = Array.from({ length: numGroups }, () => new Int32Array(capacity));
    this.nextBlock = new Int32Array(numBlocks);
    this.prevBlock = new Int32Array(numBlocks);
    this.groupOf = new Uint8Array(numBlocks);
    this.chainOf = new Int32Array(numBlocks);
  }

  /** Number of chains alive, for tests of memory. */
  get numLiveChains(): number {
    return this.numLive;
  }

  /** The chain that continues `parent` by `size` tokens of `segment` from `offset`, or NONE. */
  find(parent: number, segment: number, offset: number, size: number): number {
    return this.findIn(hash(parent, segment, offset, size), parent, segment, offset, size);
  }

  private findIn(code: number, parent: number, segment: number, offset: number, size: number): number {
    // Most chains are continued once, while decoding: nothing to look for.
    if (this.numChildren[parent] === 0) return NONE;
    let chain = this.buckets[code & (this.buckets.length - 1)];
    while (
      chain !== NONE &&
      !(
        this.offset[chain] === offset &&
        this.segment[chain] === segment &&
        this.parent[chain] === parent &&
        this.size[chain] === size
      )
    ) {
      chain = this.nextInBucket[chain];
    }
    return chain;
  }

  /** As find, but makes the chain if there is none. A new chain dies with the first release or eviction. */
  extend(parent: number, segment: number, offset: number, size: number): number {
    const code = hash(parent, segment, offset, size);
    const found = this.findIn(code, parent, segment, offset, size);
    if (found !== NONE) return found;
    if (this.unused === NONE && this.numChains === this.parent.length) this.grow();
    let chain = this.unused;
    if (chain !== NONE) this.unused = this.nextInBucket[chain];
    else chain = this.numChains++;
    this.parent[chain] = parent;
    this.segment[chain] = segment;
    this.offset[chain] = offset;
    this.size[chain] = size;
    this.refCount[chain] = 0;
    const bucket = code & (this.buckets.length - 1);
    this.nextInBucket[chain] = this.buckets[bucket];
    this.buckets[bucket] = chain;
    this.numChildren[parent]++;
    this.numLive++;
    if (this.onNewChain !== null) this.onNewChain(chain, parent, segment, offset, size);
    return chain;
  }

  /** The chain that ends `size` tokens before the end of this one. */
  before(chain: number, size: number): number {
    for (let left = size; left > 0; chain = this.parent[chain]) left -= this.size[chain];
    return chain;
  }

  /** Visits the last `size` tokens of a chain in their order. */
  forEachToken(chain: number, size: number, visit: (segment: number, position: number) => void): void {
    if (size <= 0) return;
    this.forEachToken(this.parent[chain], size - this.size[chain], visit);
    for (let i = 0; i < this.size[chain]; i++) visit(this.segment[chain], this.offset[chain] + i);
  }

  /** Keeps a chain alive until release. */
  retain(chain: number): void {
    if (chain !== ROOT_CHAIN) this.refCount[chain]++;
  }

  release(chain: number): void {
    if (chain === ROOT_CHAIN) return;
    this.refCount[chain]--;
    while (chain !== ROOT_CHAIN && this.refCount[chain] === 0 && this.numChildren[chain] === 0) {
      this.unlink(chain);
      const parent = this.parent[chain];
      this.numChildren[parent]--;
      this.nextInBucket[chain] = this.unused;
      this.unused = chain;
      this.numLive--;
      chain = parent;
    }
  }

  /** The earliest inserted block that holds the chain in the group, or NONE. */
  lookup(group: number, chain: number): number {
    return this.firstBlock[group][chain];
  }

  /** Enters a block that holds no chain yet. */
  insert(group: number, chain: number, block: number): void {
    const first = this.firstBlock[group];
    const last = this.lastBlock[group];
    const tail = last[chain];
    if (first[chain] === NONE) first[chain] = block;
    else this.nextBlock[tail] = block;
    this.prevBlock[block] = tail;
    this.nextBlock[block] = NONE;
    last[chain] = block;
    this.groupOf[block] = group;
    this.chainOf[block] = chain;
    this.refCount[chain]++;
  }

  /** Takes a block that holds a chain out of the cache. */
  evict(block: number): void {
    const chain = this.chainOf[block];
    const group = this.groupOf[block];
    const before = this.prevBlock[block];
    const after = this.nextBlock[block];
    if (before === NONE) this.firstBlock[group][chain] = after;
    else this.nextBlock[before] = after;
    if (after === NONE) this.lastBlock[group][chain] = before;
    else this.prevBlock[after] = before;
    this.chainOf[block] = NONE;
    this.release(chain);
  }

  private unlink(chain: number): void {
    const bucket =
      hash(this.parent[chain], this.segment[chain], this.offset[chain], this.size[chain]) &
      (this.buckets.length - 1);
    let at = this.buckets[bucket];
    if (at === chain) {
      this.buckets[bucket] = this.nextInBucket[chain];
      return;
    }
    while (this.nextInBucket[at] !== chain) at = this.nextInBucket[at];
    this.nextInBucket[at] = this.nextInBucket[chain];
  }

  /** Doubles the room for chains. Only called while no chain number is unused, so every bucket is rebuilt. */
  private grow(): void {
    const capacity = this.parent.length * 2;
    this.parent = resized(this.parent, capacity);
    this.segment = resized(this.segment, capacity);
    this.offset = resized(this.offset, capacity);
    this.size = resized(this.size, capacity);
    this.refCount = resized(this.refCount, capacity);
    this.numChildren = resized(this.numChildren, capacity);
    for (let g = 0; g < this.firstBlock.length; g++) {
      this.firstBlock[g] = resized(this.firstBlock[g], capacity);
      this.lastBlock[g] = resized(this.lastBlock[g], capacity);
    }
    this.nextInBucket = new Int32Array(capacity);
    this.buckets = new Int32Array(2 * capacity);
    for (let chain = 1; chain < this.numChains; chain++) {
      const bucket =
        hash(this.parent[chain], this.segment[chain], this.offset[chain], this.size[chain]) &
        (2 * capacity - 1);
      this.nextInBucket[chain] = this.buckets[bucket];
      this.buckets[bucket] = chain;
    }
  }
}

function hash(parent: number, segment: number, offset: number, size: number): number {
  let h =
    Math.imul(parent, 0x9e3779b1) ^ Math.imul(segment, 0x85ebca6b) ^ Math.imul(offset + size, 0xc2b2ae35);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

function resized(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(length);
  copy.set(array);
  return copy;
}
