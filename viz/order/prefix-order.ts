import type { Cursor } from '../../sim/recording/cursor.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import type { OrderPart } from './order-part.ts';
import { PrefixTree } from './prefix-tree.ts';

/** Deeper ones are drawn as these are. */
const MOST_LEVELS = 4;

/** What is before a block's content, and after it. */
export interface Prefix {
  /** Blocks, the nearest first. */
  readonly before: readonly number[];
  /** Contents and requests that go on from here. */
  readonly continuations: number;
}

/**
 * Blocks along the tree of prefixes, at the cursor: those of a prefix, then what continues it. A stretch of the tree in
 * which nothing branches is a run of blocks that are joined; its level is how often the tree has branched before it.
 */
export class PrefixOrder implements OrderPart {
  readonly recording: Recording;
  /** block → level, at most MOST_LEVELS. */
  readonly levels: Uint8Array;
  /** block → whether it alone continues the block before it. */
  readonly joined: Uint8Array;
  /** Blocks with a content, or a place behind one, in their order; as many as there are of them. */
  readonly blocks: Int32Array;
  numBlocks = 0;
  private readonly places: Int32Array;
  private readonly tree: PrefixTree;
  /** place → its first block and its last, and block → the next there. */
  private readonly first: Int32Array;
  private readonly last: Int32Array;
  private readonly next: Int32Array;
  /** chain → what continues it: other contents, and what requests have not yet filled. */
  private readonly numBranches: Int32Array;
  private readonly levelOfChain: Uint8Array;
  private chain: Cursor['chain'];

  constructor({ recording, numBlocks, chain }: Cursor) {
    this.recording = recording;
    this.chain = chain;
    this.tree = new PrefixTree(recording);
    const numPlaces = this.tree.place.length;
    this.levels = new Uint8Array(numBlocks);
    this.places = new Int32Array(numBlocks);
    this.joined = new Uint8Array(numBlocks);
    this.blocks = new Int32Array(numBlocks);
    this.next = new Int32Array(numBlocks);
    this.first = new Int32Array(numPlaces);
    this.last = new Int32Array(numPlaces);
    this.numBranches = new Int32Array(numPlaces);
    this.levelOfChain = new Uint8Array(numPlaces);
  }

  get length(): number {
    return this.numBlocks;
  }

  follow(): boolean {
    return false;
  }

  has(block: number): boolean {
    return this.places[block] >= 0;
  }

  placeOf(block: number): number {
    return this.places[block];
  }

  writeTo(target: Int32Array, from: number): number {
    target.set(this.blocks.subarray(0, this.numBlocks), from);
    return from + this.numBlocks;
  }

  /** O(blocks + chains). */
  arrange(cursor: Cursor): void {
    const { tree, first, numBranches } = this;
    tree.look(cursor);
    this.chain = cursor.chain;
    first.fill(-1);
    numBranches.fill(0);
    this.levels.fill(0);
    this.joined.fill(0);
    this.hangContents();
    const tails = tailsOf(cursor);
    for (const { chain } of tails) numBranches[chain]++;
    this.hangTails(tails);
    this.list();
  }

  /** Of a block with a cached content; else null. O(length of its prefix). */
  around(block: number): Prefix | null {
    const { tree, first, chain } = this;
    if (chain[block] <= 0) return null;
    const before: number[] = [];
    for (let content = tree.parent[chain[block]]; content > 0; content = tree.parent[content]) {
      const held = first[tree.place[content]];
      if (held >= 0) before.push(held);
    }
    return { before, continuations: this.numBranches[chain[block]] };
  }

  /** Blocks with a content, at its place. */
  private hangContents(): void {
    const { chain, tree, first, numBranches } = this;
    for (let block = 0; block < chain.length; block++) {
      if (chain[block] <= 0) continue;
      const place = tree.place[chain[block]];
      if (first[place] < 0) numBranches[tree.parent[chain[block]]]++;
      this.hang(place, block);
    }
  }

  /** What requests fill now stands behind what they have filled. */
  private hangTails(tails: readonly Tail[]): void {
    for (const { chain, blocks } of tails) {
      const isAlone = chain > 0 && this.numBranches[chain] === 1;
      blocks.forEach((block, i) => {
        this.joined[block] = i > 0 || isAlone ? 1 : 0;
        this.hang(this.tree.place[chain], block);
      });
    }
  }

  private hang(place: number, block: number): void {
    const { first, last, next } = this;
    if (first[place] < 0) first[place] = block;
    else next[last[place]] = block;
    last[place] = block;
    next[block] = -1;
  }

  private list(): void {
    const { chain, tree, first, next, levels, joined, levelOfChain, numBranches, blocks } = this;
    let count = 0;
    this.places.fill(-1);
    const numGpu = this.recording.header.pool.numGpuBlocks;
    const levelAfter = (content: number) => {
      if (content === 0) return 0;
      return Math.min(MOST_LEVELS, levelOfChain[content] + (numBranches[content] > 1 ? 1 : 0));
    };
    levelOfChain.fill(0);
    for (let place = 0; place < first.length; place++) {
      let content = 0;
      for (let block = first[place]; block >= 0; block = next[block]) {
        const own = chain[block];
        if (own > 0 && content === 0) {
          const parent = tree.parent[own];
          content = own;
          levelOfChain[own] = levelAfter(parent);
          joined[block] = parent > 0 && numBranches[parent] === 1 && first[tree.place[parent]] >= 0 ? 1 : 0;
        }
        levels[block] = own > 0 ? levelOfChain[own] : levelAfter(content);
        if (block < numGpu && this.places[block] < 0) {
          this.places[block] = count;
          blocks[count++] = block;
        }
      }
    }
    this.numBlocks = count;
  }
}

/** Blocks of a request that hold no content yet, or hold one that is not cached. */
interface Tail {
  /** Of the last content before them; 0: none. */
  readonly chain: number;
  readonly blocks: readonly number[];
}

function tailsOf(cursor: Cursor): Tail[] {
  const { chain, nullBlock } = cursor;
  const tails: Tail[] = [];
  for (const request of cursor.running()) {
    for (let which = 0; which < cursor.numTables(request); which++) {
      let last = 0;
      let blocks: number[] = [];
      for (const block of cursor.table(request, which)) {
        if (block === nullBlock) continue;
        if (chain[block] <= 0) blocks.push(block);
        else {
          if (blocks.length > 0) tails.push({ chain: last, blocks });
          last = chain[block];
          blocks = [];
        }
      }
      if (blocks.length > 0) tails.push({ chain: last, blocks });
    }
  }
  return tails;
}
