import type { Cursor } from '../recording/cursor.ts';
import { DETAIL_SHIFT, EventKind, KIND_MASK, unpackMove } from '../recording/events.ts';
import { Device, Move, Replace } from '../recording/v0-listener.ts';
import { addDecodes, addPrefill } from '../time/step-time.ts';
import { BatchReader } from './batch-shape.ts';

/** V0's batches: a request decodes, in all its sequences, from the step on behind the one that ended its prompt. */
export class V0BatchReader extends BatchReader {
  protected count(cursor: Cursor, request: number, tokens: number): void {
    const computed = cursor.numComputedTokens(request);
    const row = cursor.spanOf(request);
    const { step, rate } = this.recording.spans;
    const samples = rate[row] > 0;
    const isDecode =
      (samples && step[row] < cursor.step) || this.hasSampled(row) || hasLostFirst(cursor, request);
    if (isDecode) addDecodes(this.shape, computed + tokens, tokens, numSequences(cursor, request));
    else addPrefill(this.shape, computed, tokens, samples);
  }

  /** The request sampled before a span began, since it last began to compute: then it had computed nothing. */
  private hasSampled(row: number): boolean {
    const { computed, rate, previous } = this.recording.spans;
    for (let at = row; computed[at] > 0; ) {
      at = previous[at] - 1;
      if (rate[at] > 0) return true;
    }
    return false;
  }

  /** Blocks that were swapped and copied, as the scheduler counts them. */
  protected countEvents(begin: number, end: number): void {
    const { kind } = this.recording.events;
    let swapped = 0;
    let copied = 0;
    let isSwappingIn = false;
    for (let event = begin; event < end; event++) {
      const detail = kind[event] >> DETAIL_SHIFT;
      switch (kind[event] & KIND_MASK) {
        case EventKind.Move:
          isSwappingIn = unpackMove(detail).why === Move.SwapIn;
          break;
        case EventKind.Allocate:
        case EventKind.Hit:
          if (detail === Device.Cpu) swapped++;
          break;
        case EventKind.Free:
          if (detail === Device.Cpu && isSwappingIn) swapped++;
          break;
        case EventKind.Replace:
          if (detail === Replace.Copy) copied++;
          break;
      }
    }
    this.shape.swappedBlocks = swapped;
    this.shape.copiedBlocks = copied;
  }
}

/** The first sequence has ended: the stage of a group is that of its first, so that even what is recomputed decodes. */
function hasLostFirst(cursor: Cursor, request: number): boolean {
  return cursor.table(request, 0).length === 0;
}

/** Those that run have blocks. */
function numSequences(cursor: Cursor, request: number): number {
  let count = 0;
  for (let which = 0; which < cursor.numTables(request); which++) {
    if (cursor.table(request, which).length > 0) count++;
  }
  return count;
}
