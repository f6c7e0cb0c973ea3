import type { Cursor } from '../../sim/recording/cursor.ts';
import { EventKind, KIND_MASK } from '../../sim/recording/events.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import { BlockSequence } from './block-sequence.ts';
import type { OrderPart } from './order-part.ts';
import { PrefixBranches } from './prefix-branches.ts';
import { NOWHERE, PrefixPlaces } from './prefix-places.ts';
import { type PrefixTree, ROOT } from './prefix-tree.ts';
import { RunningLine } from './running-line.ts';
import { sortByKey } from './sort-by-key.ts';

/** Of more events than these it is made anew: it costs less. */
const MOST_EVENTS = 1 << 16;
/** Of a table, the next one's positions start so much higher. */
const TABLE = 2 ** 32;

/** What a request goes on with; its place as PrefixPlaces.putTail() takes it. */
type VisitTail = (block: number, node: number, position: number, isFirst: boolean) => void;

/**
 * Blocks along the tree of prefixes, at the cursor: those of a prefix, then what continues it. Blocks of requests that
 * hold no content yet stand behind the last content before them, request by request in running order.
 */
export class PrefixOrder implements OrderPart {
  readonly recording: Recording;
  readonly branches: PrefixBranches;
  private readonly tree: PrefixTree;
  private readonly line: RunningLine;
  private readonly sequence: BlockSequence;
  private readonly places: PrefixPlaces;
  /** Events up to the last look. */
  private numEvents = 0;
  /** The first node that comes only behind them. */
  private nextNode = 0;

  /** @param tree of the cursor's recording, complete. */
  constructor(cursor: Cursor, tree: PrefixTree) {
    const { numGpuBlocks } = cursor.recording.header.pool;
    this.recording = cursor.recording;
    this.tree = tree;
    this.line = new RunningLine(cursor);
    this.sequence = new BlockSequence(numGpuBlocks);
    this.places = new PrefixPlaces(tree, numGpuBlocks);
    this.branches = new PrefixBranches(tree, this.places, this.sequence);
  }

  get length(): number {
    return this.sequence.length;
  }

  /** O(blocks + nodes). */
  arrange(cursor: Cursor): void {
    const { places, tree } = this;
    const { node } = places;
    this.begin(cursor);
    this.line.look(cursor);
    places.clear();
    const blocks = new Int32Array(node.length);
    let numBlocks = 0;
    for (let block = 0; block < node.length; block++) {
      const content = this.contentOf(cursor, block);
      if (content === ROOT) continue;
      places.putContent(block, content);
      blocks[numBlocks++] = block;
    }
    for (const request of this.line.requests) {
      this.visitTails(cursor, request, (block, behind, position, isFirst) => {
        if (node[block] !== NOWHERE) return;
        places.putTail(block, behind, request, position, isFirst);
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
    const { places } = this;
    const contents: { block: number; content: number }[] = [];
    const moved: number[] = [];
    for (const block of changed) {
      const content = this.contentOf(cursor, block);
      const { [block]: before } = places.node;
      if (content !== ROOT && before === content && places.isContent(block)) continue;
      if (content !== ROOT) contents.push({ block, content });
      else if (cursor.refCount[block] > 1 && block !== cursor.nullBlock) return false;
      if (before !== NOWHERE) moved.push(block);
    }
    this.take(moved);
    for (const { block, content } of contents) {
      places.putContent(block, content);
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

  private begin({ step, numSteps, recording }: Cursor): void {
    const { steps, numEvents } = recording;
    this.branches.forget();
    this.numEvents = step < 0 ? 0 : step >= numSteps ? numEvents : steps.scheduleEnd[step];
    this.nextNode = this.tree.nextAfter(this.numEvents);
  }

  /** ROOT: none. */
  private contentOf({ chain }: Cursor, block: number): number {
    return chain[block] > 0 ? this.tree.nodeOf(chain[block], this.nextNode) : ROOT;
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
    const { places } = this;
    const moved: number[] = [];
    const puts: (() => void)[] = [];
    let isShared = false;
    for (const request of requests) {
      if (!(this.line.rank[request] >= 0)) continue;
      this.visitTails(cursor, request, (block, node, position, isFirst) => {
        if (cursor.refCount[block] > 1) isShared = true;
        if (places.isTail(block, node, request, position, isFirst)) return;
        if (places.node[block] !== NOWHERE) moved.push(block);
        puts.push(() => {
          places.putTail(block, node, request, position, isFirst);
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
    const { places } = this;
    for (let which = 0; which < cursor.numTables(request); which++) {
      const table = cursor.table(request, which);
      let node = ROOT;
      let isFirst = true;
      for (let i = 0; i < table.length; i++) {
        const block = table[i];
        if (block === cursor.nullBlock || places.node[block] === undefined) continue;
        if (places.isContent(block)) {
          node = places.node[block];
          isFirst = true;
        } else {
          visit(block, node, which * TABLE + i, isFirst);
          isFirst = false;
        }
      }
    }
  }

  private take(blocks: readonly number[]): void {
    this.sequence.removeAll(Int32Array.from(blocks));
    for (const block of blocks) this.places.take(block);
  }

  private insert(block: number): void {
    const { places, line } = this;
    this.sequence.insertSorted(block, (other) => places.comesBefore(other, block, line.rank));
  }
}
