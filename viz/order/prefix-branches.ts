import type { BlockSequence } from './block-sequence.ts';
import { NOWHERE, type PrefixPlaces } from './prefix-places.ts';
import { type PrefixTree, ROOT } from './prefix-tree.ts';

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
 * How blocks that stand along the tree of prefixes hang together. A stretch of the tree in which nothing branches is a
 * run of blocks that are joined; its level is how often the tree has branched before it.
 */
export class PrefixBranches {
  private readonly tree: PrefixTree;
  private readonly places: PrefixPlaces;
  private readonly sequence: BlockSequence;
  /** node → its level; known until something moves. */
  private readonly levels = new Map<number, number>();

  /** @param sequence the blocks in the order of their places. */
  constructor(tree: PrefixTree, places: PrefixPlaces, sequence: BlockSequence) {
    this.tree = tree;
    this.places = places;
    this.sequence = sequence;
  }

  /** Blocks have moved. */
  forget(): void {
    this.levels.clear();
  }

  /** Of a block with a cached content; else null. O(length of its prefix). */
  around(block: number): Prefix | null {
    const { tree } = this;
    const { node, numHeld, numBranches } = this.places;
    if (!this.places.isContent(block)) return null;
    const before: number[] = [];
    for (let at = tree.parent[node[block]]; at !== ROOT; at = tree.parent[at]) {
      if (numHeld[at] > 0) before.push(this.firstWith(at));
    }
    return { before, continuations: numBranches[node[block]] };
  }

  /** How often the tree has branched before a block, at most MOST_LEVELS. */
  levelOf(block: number): number {
    const node = this.places.node[block] ?? NOWHERE;
    if (node === NOWHERE) return 0;
    return this.places.isContent(block) ? this.levelAt(node) : this.levelBehind(node);
  }

  /** Whether a block alone continues the one before it. */
  isJoined(block: number): boolean {
    const { numBranches, numHeld } = this.places;
    const node = this.places.node[block] ?? NOWHERE;
    if (node === NOWHERE) return false;
    if (!this.places.isContent(block)) {
      return !this.places.beginsTail(block) || (node !== ROOT && numBranches[node] === 1);
    }
    const before = this.tree.parent[node];
    const isAlone = before !== ROOT && numHeld[before] > 0 && numBranches[before] === 1;
    return isAlone && (numHeld[node] === 1 || this.firstWith(node) === block);
  }

  /** The first block with a content that is held. */
  private firstWith(content: number): number {
    const { place } = this.tree;
    const { node } = this.places;
    return this.sequence.firstNotBefore((block) => place[node[block]] < place[content]);
  }

  /** Of a node that is held; else 0. */
  private levelAt(node: number): number {
    const { tree, levels } = this;
    const path: number[] = [];
    for (let at = node; at !== ROOT && this.places.numHeld[at] > 0 && !levels.has(at); at = tree.parent[at]) {
      path.push(at);
    }
    for (let next = path.pop(); next !== undefined; next = path.pop()) {
      levels.set(next, this.levelBehind(tree.parent[next]));
    }
    return levels.get(node) ?? 0;
  }

  /** Of what continues a node. */
  private levelBehind(node: number): number {
    if (node === ROOT) return 0;
    const branches = this.places.numBranches[node] > 1 ? 1 : 0;
    return Math.min(MOST_LEVELS, (this.levels.get(node) ?? this.levelAt(node)) + branches);
  }
}
