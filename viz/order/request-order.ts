import type { Cursor } from '../../sim/recording/cursor.ts';
import type { OrderPart } from './order-part.ts';

const NOBODY = -1;

/**
 * The blocks of running requests, request by request in the order in which they run, each as its tables have them. A
 * block that several hold stands with the first of them.
 */
export class RequestOrder implements OrderPart {
  length = 0;
  /** block → the request it stands with, or −1. */
  private readonly owner: Int32Array;
  private readonly segments = new Map<number, Segment>();
  /** Running requests in order; request → its place there, or where it last was. */
  private running: number[] = [];
  private readonly rank: Int32Array;
  /** block → whether its first holder is being looked for. */
  private readonly isWanted: Uint8Array;

  constructor({ recording }: Cursor) {
    const { numGpuBlocks } = recording.header.pool;
    this.owner = new Int32Array(numGpuBlocks).fill(NOBODY);
    this.isWanted = new Uint8Array(numGpuBlocks);
    this.rank = new Int32Array(recording.requestIds.length);
  }

  arrange(cursor: Cursor): void {
    this.owner.fill(NOBODY);
    this.segments.clear();
    this.lineUp(cursor);
    for (const request of this.running) this.claim(cursor, request);
    this.count();
  }

  follow(cursor: Cursor, changed: Int32Array): boolean {
    // Who stands with whom depends on who comes first.
    if (!this.lineUp(cursor)) return false;
    const stale = this.staleAfter(cursor, changed);
    for (const request of this.running) if (!this.segments.has(request)) stale.add(request);
    for (const request of stale) this.release(request);
    for (const request of this.running) if (stale.has(request)) this.claim(cursor, request);
    // Somebody has stopped running, and kept blocks.
    if (this.segments.size > this.running.length) return false;
    this.count();
    return true;
  }

  has(block: number): boolean {
    return this.owner[block] !== NOBODY;
  }

  placeOf(block: number): number {
    const segment = this.segments.get(this.owner[block]);
    return segment === undefined ? NOBODY : segment.start + segment.blocks.indexOf(block);
  }

  writeTo(target: Int32Array, from: number): number {
    let at = from;
    for (const request of this.running) {
      const { blocks } = this.segments.get(request)!;
      target.set(blocks, at);
      at += blocks.length;
    }
    return at;
  }

  /** @returns whether those who still run do so in the order in which they did. */
  private lineUp(cursor: Cursor): boolean {
    const { segments, rank } = this;
    let isSame = true;
    let last = -1;
    this.running = [...cursor.running()];
    this.running.forEach((request, i) => {
      if (segments.has(request)) {
        if (rank[request] < last) isSame = false;
        last = rank[request];
      }
      rank[request] = i;
    });
    return isSame;
  }

  /** Requests whose segments hold a changed block, or should. */
  private staleAfter(cursor: Cursor, changed: Int32Array): Set<number> {
    const { owner, isWanted } = this;
    const stale = new Set<number>();
    const shared: number[] = [];
    for (const block of changed) {
      if (owner[block] !== NOBODY) stale.add(owner[block]);
      if (block === cursor.nullBlock) continue;
      if (cursor.refCount[block] === 1) stale.add(cursor.holderSum[block]);
      else if (cursor.refCount[block] > 1) shared.push(block);
    }
    for (const block of shared) isWanted[block] = 1;
    let numWanted = shared.length;
    for (const request of this.running) {
      if (numWanted === 0) break;
      for (let which = 0; which < cursor.numTables(request); which++) {
        for (const block of cursor.table(request, which)) {
          if (isWanted[block] !== 1) continue;
          isWanted[block] = 0;
          numWanted--;
          stale.add(request);
        }
      }
    }
    for (const block of shared) isWanted[block] = 0;
    return stale;
  }

  private release(request: number): void {
    const { owner, segments } = this;
    const segment = segments.get(request);
    if (segment === undefined) return;
    for (const block of segment.blocks) if (owner[block] === request) owner[block] = NOBODY;
    segments.delete(request);
  }

  /** Has those of a request's blocks stand with it that stand with nobody. */
  private claim(cursor: Cursor, request: number): void {
    const { owner } = this;
    const blocks: number[] = [];
    for (let which = 0; which < cursor.numTables(request); which++) {
      for (const block of cursor.table(request, which)) {
        if (block === cursor.nullBlock || owner[block] !== NOBODY) continue;
        owner[block] = request;
        blocks.push(block);
      }
    }
    this.segments.set(request, { blocks: Int32Array.from(blocks), start: 0 });
  }

  private count(): void {
    let start = 0;
    for (const request of this.running) {
      const segment = this.segments.get(request)!;
      segment.start = start;
      start += segment.blocks.length;
    }
    this.length = start;
  }
}

interface Segment {
  readonly blocks: Int32Array;
  /** Blocks of the segments before it. */
  start: number;
}
