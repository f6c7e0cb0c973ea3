import { type PrefixTree, ROOT } from './prefix-tree.ts';

export const NOWHERE = -1;
/** A block with a content stands there as such, and not as what a request goes on with. */
const CONTENT = -1;

/**
 * Where each block stands in the tree of prefixes: those with a content at its node, and behind them what requests go on
 * with from there, request by request; and how the tree branches there.
 */
export class PrefixPlaces {
  /** block → its node, or NOWHERE. */
  readonly node: Int32Array;
  /** node → blocks with that content; what continues it: other contents, and tails of requests. */
  readonly numHeld: Uint32Array;
  readonly numBranches: Uint32Array;
  private readonly tree: PrefixTree;
  /** block → whose tail it is in, or CONTENT; its position in that tail, and whether that begins with it. */
  private readonly owner: Int32Array;
  private readonly position: Float64Array;
  private readonly isFirst: Uint8Array;

  constructor(tree: PrefixTree, numBlocks: number) {
    this.tree = tree;
    this.node = new Int32Array(numBlocks);
    this.owner = new Int32Array(numBlocks);
    this.position = new Float64Array(numBlocks);
    this.isFirst = new Uint8Array(numBlocks);
    this.numHeld = new Uint32Array(tree.numNodes);
    this.numBranches = new Uint32Array(tree.numNodes);
  }

  clear(): void {
    this.node.fill(NOWHERE);
    this.numHeld.fill(0);
    this.numBranches.fill(0);
  }

  isContent(block: number): boolean {
    return this.node[block] > ROOT && this.owner[block] === CONTENT;
  }

  /** Of a block in a tail: whether that begins with it. */
  beginsTail(block: number): boolean {
    return this.isFirst[block] === 1;
  }

  /** Whether it stands there as what putTail() makes it. */
  isTail(block: number, node: number, request: number, position: number, isFirst: boolean): boolean {
    return (
      this.node[block] === node &&
      this.owner[block] === request &&
      this.position[block] === position &&
      this.beginsTail(block) === isFirst
    );
  }

  /** A block that stands nowhere gets the place of its content. */
  putContent(block: number, node: number): void {
    this.node[block] = node;
    this.owner[block] = CONTENT;
    if (this.numHeld[node]++ === 0) this.numBranches[this.tree.parent[node]]++;
  }

  /**
   * A block that stands nowhere gets its place in a request's tail.
   * @param node of the last content before it.
   * @param position grows along the request's tables.
   * @param isFirst it is the first behind that content.
   */
  putTail(block: number, node: number, request: number, position: number, isFirst: boolean): void {
    this.node[block] = node;
    this.owner[block] = request;
    this.position[block] = position;
    this.isFirst[block] = Number(isFirst);
    if (isFirst) this.numBranches[node]++;
  }

  take(block: number): void {
    const { node, numHeld, numBranches } = this;
    const at = node[block];
    if (this.owner[block] !== CONTENT) numBranches[at] -= this.isFirst[block];
    else if (--numHeld[at] === 0) numBranches[this.tree.parent[at]]--;
    node[block] = NOWHERE;
  }

  /** @param rank request → its place among those that run. */
  comesBefore(one: number, other: number, rank: Int32Array): boolean {
    const { node, owner, position } = this;
    const { place } = this.tree;
    if (node[one] !== node[other]) return place[node[one]] < place[node[other]];
    const [mine, its] = [owner[one], owner[other]];
    if (mine === CONTENT || its === CONTENT) return mine === its ? one < other : mine === CONTENT;
    return mine === its ? position[one] < position[other] : rank[mine] < rank[its];
  }
}
