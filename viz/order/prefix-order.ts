import type { Cursor } from '../../sim/recording/cursor.ts';
import { EventKind, KIND_MASK } from '../../sim/recording/events.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import { BlockSequence } from './block-sequence.ts';
import type { OrderPart } from './order-part.ts';
import { type PrefixTree, ROOT } from './prefix-tree.ts';
import { RunningLine } from './running-line.ts';
import { sortByKey } from './sort-by-key.ts';

/** Deeper ones are drawn as these are. */
const MOST_LEVELS = 4;
/** Of more events than these it is made anew: it costs less. */
const MOST_EVENTS = 1 << 16;
const NOWHERE = -1;
/** A block with a content stands there as such, and not as what a request goes on with. */
const CONTENT = -1;
/** Of a table, the next one's positions start so much higher. */
const TABLE = 2 ** 32;

/** What is before a block's content, and after it. */
export interface Prefix {
  /** Blocks, the nearest first. */
  readonly before: readonly number[];
  /** Contents and requests that go on from here. */
  readonly continuations: number;
}

/**
 * Of a block that a request goes on with: the last content before it, its position, which grows along the request's
 * tables, and whether it is the first behind that content.
 */
type VisitTail = (block: number, node: number, position: number, isFirst: boolean) => void;

/**
 * Blocks along the tree of prefixes, at the cursor: those of a prefix, then what continues it. Blocks of requests that
 * hold no content yet stand behind the last content before them, request by request in running order. A stretch of the
 * tree in which nothing branches is a run of blocks that are joined; its level is how often the tree has branched
 * before it.
 */
export class PrefixOrder implements OrderPart {
  readonly recording: Recording;
  private readonly tree: PrefixTree;
  private readonly line: RunningLine;
  private readonly sequence: BlockSequence;
  /** Events up to the last look. */
  private numEvents = 0;
  /** The first node that comes only behind them. */
  private nextNode = 0;
  /** block → the node that it stands with; −1: it is in no prefix. */
  private readonly node: Int32Array;
  /** block → whose tail it is in, or CONTENT; its position in that tail, and whether that begins with it. */
  private readonly owner: Int32Array;
  private readonly position: Float64Array;
  private readonly isFirst: Uint8Array;
  /** node → blocks with that content; what continues it: other contents, and tails. */
  private readonly numHeld: Uint32Array;
  private readonly numBranches: Uint32Array;
  /** node → its level; known until something moves. */
  private readonly levels = new Map<number, number>();

  /** @param tree of the cursor's recording, complete. */
  constructor(cursor: Cursor, tree: PrefixTree) {
    const { numGpuBlocks } = cursor.recording.header.pool;
    this.recording = cursor.recording;
    this.tree = tree;
    this.line = new RunningLine(cursor);
    this.sequence = new BlockSequence(numGpuBlocks);
    this.node = new Int32Array(numGpuBlocks);
    this.owner = new Int32Array(numGpuBlocks);
    this.position = new Float64Array(numGpuBlocks);
    this.isFirst = new Uint8Array(numGpuBlocks);
    this.numHeld = new Uint32Array(tree.numNodes);
    this.numBranches = new Uint32Array(tree.numNodes);
  }

  get length(): number {
    return this.sequence.length;
  }

  /** O(blocks + nodes). */
  arrange(cursor: Cursor): void {
    const { node, tree } = this;
    this.begin(cursor);
    this.line.look(cursor);
    node.fill(NOWHERE);
    this.numHeld.fill(0);
    this.numBranches.fill(0);
    const blocks = new Int32Array(node.length);
    let numBlocks = 0;
    for (let block = 0; block < node.length; block++) {
      const content = this.contentOf(cursor, block);
      if (content === ROOT) continue;
      this.putContent(block, content);
      blocks[numBlocks++] = block;
    }
    for (const request of this.line.requests) {
      this.visitTails(cursor, request, (block, behind, position, isFirst) => {
        if (node[block] !== NOWHERE) return;
        this.putTail(block, behind, request, position, isFirst);
        blocks[numBlocks++] = block;
      });
    }
    this.sequence.fill(sortByKey(blocks.subarray(0, numBlocks), (block) => tree.place[node[block]]));
  }

  follow(cursor: Cursor, changed: Int32Array): boolean {
    // V0's tails are shared.
    if (this.recording.header.v0 !== undefined || !this.line.look(cursor)) return false;
    const from = this.numEvents;
    this.begin(cursor);
    const requests = this.requestsBetween(from, this.numEvents);
    if (requests === null) return false;
    const contents: { block: number; content: number }[] = [];
    const moved: number[] = [];
    for (const block of changed) {
      const content = this.contentOf(cursor, block);
      const { [block]: before } = this.node;
      if (content !== ROOT && before === content && this.owner[block] === CONTENT) continue;
      if (content !== ROOT) contents.push({ block, content });
      else if (cursor.refCount[block] > 1 && block !== cursor.nullBlock) return false;
      if (before !== NOWHERE) moved.push(block);
    }
    this.take(moved);
    for (const { block, content } of contents) {
      this.putContent(block, content);
      this.insert(block);
    }
    return this.followTails(cursor, requests);
  }

  has(block: number): boolean {
    return this.sequence.has(block);
  }

  placeOf(block: number): number {
    return this.sequence.placeOf(block);
  }

  writeTo(target: Int32Array, from: number): number {
    return this.sequence.writeTo(target, from);
  }

  /** Of a block with a cached content; else null. O(length of its prefix). */
  around(block: number): Prefix | null {
    const { tree, node, numHeld } = this;
    if (!this.isContent(block)) return null;
    const before: number[] = [];
    for (let at = tree.parent[node[block]]; at !== ROOT; at = tree.parent[at]) {
      if (numHeld[at] > 0) before.push(this.firstWith(at));
    }
    return { before, continuations: this.numBranches[node[block]] };
  }

  /** How often the tree has branched before a block, at most MOST_LEVELS. */
  levelOf(block: number): number {
    const node = this.node[block] ?? NOWHERE;
    if (node === NOWHERE) return 0;
    return this.isContent(block) ? this.levelAt(node) : this.levelBehind(node);
  }

  /** Whether a block alone continues the one before it. */
  isJoined(block: number): boolean {
    const { tree, numBranches, numHeld } = this;
    const node = this.node[block] ?? NOWHERE;
    if (node === NOWHERE) return false;
    if (!this.isContent(block)) {
      return this.isFirst[block] === 0 || (node !== ROOT && numBranches[node] === 1);
    }
    const before = tree.parent[node];
    const isAlone = before !== ROOT && numHeld[before] > 0 && numBranches[before] === 1;
    return isAlone && (numHeld[node] === 1 || this.firstWith(node) === block);
  }

  private begin({ step, numSteps, recording }: Cursor): void {
    const { steps, numEvents } = recording;
    this.levels.clear();
    this.numEvents = step < 0 ? 0 : step >= numSteps ? numEvents : steps.scheduleEnd[step];
    this.nextNode = this.tree.nextAfter(this.numEvents);
  }

  /** ROOT: none. */
  private contentOf({ chain }: Cursor, block: number): number {
    return chain[block] > 0 ? this.tree.nodeOf(chain[block], this.nextNode) : ROOT;
  }

  private isContent(block: number): boolean {
    return this.node[block] > ROOT && this.owner[block] === CONTENT;
  }

  /** Requests whose tables differ, or the contents in them; null: too much has happened, or it is not known. */
  private requestsBetween(one: number, other: number): Set<number> | null {
    const { events } = this.recording;
    const end = Math.max(one, other);
    const requests = new Set<number>();
    let last = NOWHERE;
    if (Math.abs(one - other) > MOST_EVENTS) return null;
    for (let event = Math.min(one, other); event < end; event++) {
      const kind = events.kind[event] & KIND_MASK;
      if (kind === EventKind.Evict) return null;
      // A request's events come one after the other.
      if (kind === EventKind.Span || events.a[event] === last) continue;
      last = events.a[event];
      requests.add(last);
    }
    return requests;
  }

  private followTails(cursor: Cursor, requests: ReadonlySet<number>): boolean {
    const moved: number[] = [];
    const puts: (() => void)[] = [];
    let isShared = false;
    for (const request of requests) {
      if (!(this.line.rank[request] >= 0)) continue;
      this.visitTails(cursor, request, (block, node, position, isFirst) => {
        if (cursor.refCount[block] > 1) isShared = true;
        const isSame =
          this.node[block] === node &&
          this.owner[block] === request &&
          this.position[block] === position &&
          this.isFirst[block] === Number(isFirst);
        if (isSame) return;
        if (this.node[block] !== NOWHERE) moved.push(block);
        puts.push(() => {
          this.putTail(block, node, request, position, isFirst);
          this.insert(block);
        });
      });
    }
    if (isShared) return false;
    this.take(moved);
    for (const put of puts) put();
    return true;
  }

  /** Blocks of a request that hold no content yet, or hold one that is not cached. */
  private visitTails(cursor: Cursor, request: number, visit: VisitTail): void {
    for (let which = 0; which < cursor.numTables(request); which++) {
      const table = cursor.table(request, which);
      let node = ROOT;
      let isFirst = true;
      for (let i = 0; i < table.length; i++) {
        const block = table[i];
        if (block === cursor.nullBlock || this.node[block] === undefined) continue;
        if (this.isContent(block)) {
          node = this.node[block];
          isFirst = true;
        } else {
          visit(block, node, which * TABLE + i, isFirst);
          isFirst = false;
        }
      }
    }
  }

  private putContent(block: number, node: number): void {
    this.node[block] = node;
    this.owner[block] = CONTENT;
    if (this.numHeld[node]++ === 0) this.numBranches[this.tree.parent[node]]++;
  }

  private putTail(block: number, node: number, request: number, position: number, isFirst: boolean): void {
    this.node[block] = node;
    this.owner[block] = request;
    this.position[block] = position;
    this.isFirst[block] = Number(isFirst);
    if (isFirst) this.numBranches[node]++;
  }

  private take(blocks: readonly number[]): void {
    const { node, numHeld, numBranches } = this;
    this.sequence.removeAll(Int32Array.from(blocks));
    for (const block of blocks) {
      const at = node[block];
      if (this.owner[block] !== CONTENT) numBranches[at] -= this.isFirst[block];
      else if (--numHeld[at] === 0) numBranches[this.tree.parent[at]]--;
      node[block] = NOWHERE;
    }
  }

  private insert(block: number): void {
    this.sequence.insertSorted(block, (other) => this.comesBefore(other, block));
  }

  private comesBefore(one: number, other: number): boolean {
    const { node, owner, position } = this;
    const { place } = this.tree;
    const { rank } = this.line;
    if (node[one] !== node[other]) return place[node[one]] < place[node[other]];
    const [mine, its] = [owner[one], owner[other]];
    if (mine === CONTENT || its === CONTENT) return mine === its ? one < other : mine === CONTENT;
    return mine === its ? position[one] < position[other] : rank[mine] < rank[its];
  }

  /** The first block with a content that is held. */
  private firstWith(node: number): number {
    const { place } = this.tree;
    return this.sequence.firstNotBefore((block) => place[this.node[block]] < place[node]);
  }

  /** Of a node that is held; else 0. */
  private levelAt(node: number): number {
    const { tree, levels, numHeld } = this;
    const path: number[] = [];
    let at = node;
    while (at !== ROOT && numHeld[at] > 0 && !levels.has(at)) {
      path.push(at);
      at = tree.parent[at];
    }
    for (let next = path.pop(); next !== undefined; next = path.pop()) {
      levels.set(next, this.levelBehind(tree.parent[next]));
    }
    return levels.get(node) ?? 0;
  }

  /** Of what continues a node. */
  private levelBehind(node: number): number {
    if (node === ROOT || this.numHeld[node] === 0) return node !== ROOT && this.numBranches[node] > 1 ? 1 : 0;
    const level = this.levels.get(node) ?? this.levelAt(node);
    return Math.min(MOST_LEVELS, level + (this.numBranches[node] > 1 ? 1 : 0));
  }
}
