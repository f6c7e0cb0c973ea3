import type { Cursor } from '../../sim/recording/cursor.ts';
import type { OrderPart } from './order-part.ts';
import { RunningLine } from './running-line.ts';

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
  private readonly line: RunningLine;
  /** block → whether its first holder is being looked for. */
  private readonly isWanted: Uint8Array;

  constructor(cursor: Cursor) {
    const { numGpuBlocks } = cursor.recording.header.pool;
    this.owner = new Int32Array(numGpuBlocks).fill(NOBODY);
    this.isWanted = new Uint8Array(numGpuBlocks);
    this.line = new RunningLine(cursor);
  }

  arrange(cursor: Cursor): void {
    this.owner.fill(NOBODY);
    this.segments.clear();
    this.line.look(cursor);
    for (const request of this.line.requests) this.claim(cursor, request);
    this.count();
  }

  follow(cursor: Cursor, changed: Int32Array): boolean {
    // Who stands with whom depends on who comes first. V0's requests can stop running and keep blocks.
    if (cursor.recording.header.v0 !== undefined || !this.line.look(cursor)) return false;
    const { segments, line } = this;
    const stale = this.staleAfter(cursor, changed);
    for (const request of segments.keys()) if (line.rank[request] < 0) stale.add(request);
    for (const request of line.requests) if (!segments.has(request)) stale.add(request);
    for (const request of stale) this.release(request);
    for (const request of line.requests) if (stale.has(request)) this.claim(cursor, request);
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
    for (const request of this.line.requests) {
      const { blocks } = this.segments.get(request)!;
      target.set(blocks, at);
      at += blocks.length;
    }
    return at;
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
    for (const request of this.line.requests) {
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
    for (const block of segments.get(request)?.blocks ?? []) owner[block] = NOBODY;
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
    for (const request of this.line.requests) {
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
