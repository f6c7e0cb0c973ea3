import { CHUNKED_LOCAL, FULL, type GroupLayout, numSkippedBlocks } from './group-layout.ts';
import { type TokenRuns, TokenWalk } from './known-tokens.ts';
import { NONE, type PrefixIndex, ROOT_CHAIN } from './prefix-index.ts';

/** Groups of equal kind, block size and window are looked up jointly: a block counts if each has it. */
interface AttentionGroup {
  readonly groups: readonly GroupLayout[];
  readonly blockSize: number;
  readonly full: boolean;
  /** Contiguous cached blocks that a sliding window needs, without eagle's extra one. */
  readonly windowBlocks: number;
}

/**
 * The search for the longest cached prefix of a request (vLLM `KVCacheCoordinator.find_longest_cache_hit`
 * and the managers behind it). The result stays in place until the next search; nothing in the pool changes.
 */
export class PrefixLookup {
  /** Length of the hit, tokens: a multiple of the alignment. */
  hitTokens = 0;
  /** group → number of blocks that were found, nulls included: those of the hit, or more (see cutFirst). */
  readonly hitLength: Int32Array;
  /** group → block ids of the hit, 0 (null) outside of a sliding window. */
  readonly hitBlocks: Int32Array[];

  private readonly index: PrefixIndex;
  private readonly walk: TokenWalk;
  private readonly attentionGroups: readonly AttentionGroup[];
  private readonly hashBlockSize: number;
  private readonly alignment: number;
  private readonly useEagle: boolean;
  private readonly numGroups: number;
  /** hash block → chain of the request up to its end; valid below numChains, the first unknown content. */
  private chains = new Int32Array(64);
  private numChains = 0;

  constructor(
    index: PrefixIndex,
    runs: TokenRuns,
    groups: readonly GroupLayout[],
    hashBlockSize: number,
    alignment: number,
    useEagle: boolean,
  ) {
    this.index = index;
    this.walk = new TokenWalk(runs);
    this.hashBlockSize = hashBlockSize;
    this.alignment = alignment;
    this.useEagle = useEagle;
    this.numGroups = groups.length;
    this.attentionGroups = attentionGroupsOf(groups);
    this.hitLength = new Int32Array(groups.length);
    this.hitBlocks = groups.map(() => new Int32Array(64));
  }

  /**
   * Chain of the request at the end of the hit; ROOT_CHAIN if the hit is empty, or if its content is unknown:
   * whole attention chunks count as a hit without being cached.
   */
  get hitChain(): number {
    const last = this.hitTokens / this.hashBlockSize - 1;
    return last >= 0 && last < this.numChains ? this.chains[last] : ROOT_CHAIN;
  }

  clear(): void {
    this.hitTokens = 0;
    this.hitLength.fill(0);
  }

  /**
   * Searches for a request with `numTokens` known tokens. At least the last one must be computed, so the
   * hit is at most numTokens − 1 long: a wholly cached prompt recomputes its last block.
   */
  search(request: number, numTokens: number): void {
    const limit = numTokens - 1;
    this.findChains(request, limit);
    this.hitTokens = this.numGroups === 1 ? this.searchOne(limit) : this.searchJointly(limit);
  }

  private findChains(request: number, limit: number): void {
    const { index, walk, hashBlockSize } = this;
    const most = Math.floor(limit / hashBlockSize);
    if (most > this.chains.length) this.chains = new Int32Array(most * 2);
    for (let g = 0; g < this.numGroups; g++) {
      if (most > this.hitBlocks[g].length) this.hitBlocks[g] = new Int32Array(most * 2);
    }
    walk.start(request, 0);
    let chain = ROOT_CHAIN;
    let found = 0;
    while (found < most) {
      let rest = hashBlockSize;
      do {
        rest -= walk.take(rest);
        chain = index.find(chain, walk.segment, walk.offset, walk.size);
      } while (rest > 0 && chain !== NONE);
      if (chain === NONE) break;
      this.chains[found++] = chain;
    }
    this.numChains = found;
  }

  private searchOne(limit: number): number {
    return this.lookUp(this.attentionGroups[0], limit, this.useEagle);
  }

  /**
   * Several groups: each attention group shortens the hit of the others until it no longer changes.
   * With two attention groups of which the first is full, one pass is enough and vLLM makes no other.
   */
  private searchJointly(limit: number): number {
    const { attentionGroups } = this;
    const verified = new Set<AttentionGroup>();
    const onePass = attentionGroups.length === 2 && attentionGroups[0].full;
    let hit = limit;
    for (let pass = 0; ; pass++) {
      let length = hit;
      for (const group of attentionGroups) {
        if (group.full && pass > 0) {
          length -= length % group.blockSize;
        } else if (this.useEagle && !verified.has(group)) {
          length = this.lookUp(group, Math.min(length + group.blockSize, limit), true);
          verified.add(group);
        } else {
          const before = length;
          length = this.lookUp(group, length, false);
          if (length < before) verified.clear();
        }
      }
      const settled = length >= hit;
      if (!settled) hit = length;
      if (settled || onePass) break;
    }
    this.cutFirst(hit);
    return hit;
  }

  /**
   * vLLM cuts the first attention group to the hit, if it is full. Further full groups, of other block sizes, keep
   * what they had found beyond it: their tables begin with more blocks than are counted as computed.
   */
  private cutFirst(hit: number): void {
    const [first] = this.attentionGroups;
    if (!first.full) return;
    for (const { id } of first.groups) {
      this.hitLength[id] = Math.min(this.hitLength[id], Math.floor(hit / first.blockSize));
    }
  }

  /** Sets hitBlocks and hitLength of the group for a limit in tokens; returns the hit's length in tokens. */
  private lookUp(group: AttentionGroup, limit: number, eagle: boolean): number {
    const most = Math.floor(limit / group.blockSize);
    let length: number;
    if (group.full) length = this.lookUpFrom(group, 0, most);
    else if (group.groups[0].kind === CHUNKED_LOCAL) length = this.lookUpChunk(group, limit, most);
    else length = this.lookUpWindow(group, most, group.windowBlocks + (eagle ? 1 : 0), eagle ? 1 : 0);
    if (eagle && length > 0) length--;
    length = this.aligned(group, length);
    for (const { id } of group.groups) this.hitLength[id] = length;
    return length * group.blockSize;
  }

  /** Only the chunk of the limit is looked up; whole chunks before it are null, cached or not. */
  private lookUpChunk(group: AttentionGroup, limit: number, most: number): number {
    const start = numSkippedBlocks(group.groups[0], limit);
    for (const { id } of group.groups) this.hitBlocks[id].fill(0, 0, start);
    return this.lookUpFrom(group, start, most);
  }

  /** From the left, up to the first block that is not cached. */
  private lookUpFrom(group: AttentionGroup, start: number, most: number): number {
    let length = start;
    while (length < most && this.takeIfCached(group, length)) length++;
    return length;
  }

  /** From the right: the first run of enough cached blocks; what lies left of it is null. */
  private lookUpWindow(group: AttentionGroup, most: number, enough: number, extra: number): number {
    const { blockSize } = group;
    const anyStart = blockSize === this.alignment;
    let contiguous = 0;
    for (let i = most - 1; i >= 0; i--) {
      if (!this.takeIfCached(group, i)) {
        contiguous = 0;
        continue;
      }
      if (contiguous === 0 && !anyStart && ((i + 1 - extra) * blockSize) % this.alignment !== 0) continue;
      contiguous++;
      if (contiguous >= enough) {
        for (const { id } of group.groups) this.hitBlocks[id].fill(0, 0, i);
        return i + contiguous;
      }
    }
    return this.aligned(group, contiguous);
  }

  /** Puts block i of every group of the attention group into hitBlocks if all of them have it cached. */
  private takeIfCached(group: AttentionGroup, i: number): boolean {
    const at = ((i + 1) * group.blockSize) / this.hashBlockSize - 1;
    if (at >= this.numChains) return false;
    const chain = this.chains[at];
    for (const { id } of group.groups) {
      const block = this.index.lookup(id, chain);
      if (block === NONE) return false;
      this.hitBlocks[id][i] = block;
    }
    return true;
  }

  private aligned(group: AttentionGroup, length: number): number {
    if (group.blockSize === this.alignment) return length;
    const perAlignment = this.alignment / group.blockSize;
    return length - (length % perAlignment);
  }
}

/** Full attention first, the others in the order of the configuration. */
function attentionGroupsOf(groups: readonly GroupLayout[]): AttentionGroup[] {
  const bySpec = new Map<string, GroupLayout[]>();
  for (const group of groups) {
    const spec = `${group.kind}/${group.blockSize}/${group.window}`;
    const same = bySpec.get(spec);
    if (same) same.push(group);
    else bySpec.set(spec, [group]);
  }
  const joint = [...bySpec.values()].map((same) => ({
    groups: same,
    blockSize: same[0].blockSize,
    full: same[0].kind === FULL,
    windowBlocks: Math.ceil((same[0].window - 1) / same[0].blockSize),
  }));
  return [...joint.filter((group) => group.full), ...joint.filter((group) => !group.full)];
}
