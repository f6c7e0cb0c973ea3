import type { Move, Queue } from './v0-listener.ts';

/**
 * What happened to a block or a request, in the order in which it happened. "Predecessor + 1" is 0 where
 * there is none; it lets a reader undo the event exactly.
 */
export const EventKind = {
  /** request a joined the back of the waiting queue. */
  Arrive: 0,
  /** request a left the front end's hands unscheduled (prompt too long for max_model_len). */
  Reject: 1,
  /** request a moved from waiting to running with b cached tokens; c = its predecessor in waiting + 1. */
  Admit: 2,
  /** request a schedules tokens otherwise than its last span foretold; b = row of the new span. */
  Span: 3,
  /** request a took block b from the head of the free queue; c = chain that the block lost (0: none). */
  Allocate: 4,
  /**
   * request a touched cached block b; c = its predecessor in the free queue + 1 (the number of blocks + 1 at
   * the head), or 0: it was in use.
   */
  Hit: 5,
  /** request a's table got the null block at its end. */
  Null: 6,
  /** block b entered the prefix cache as chain c. */
  Cache: 7,
  /** request a gave up block b, the last entry of its table. */
  Free: 8,
  /** request a replaced position c of its table, block b, by the null block (left the sliding window). */
  Drop: 9,
  /** request a lost its blocks and went back to waiting; c = its predecessor in running + 1. */
  Preempt: 10,
  /** request a ended; b = outputs; c = its predecessor in running (or waiting) + 1. */
  Finish: 11,
  /** request a was aborted; c = its predecessor in running or waiting + 1. */
  Abort: 12,
  /** b tokens that request a was to get will not come: rejected drafts, or outputs in flight when it was reset. */
  Rollback: 13,
  /** Block b lost its content c without being taken: the prefix cache was reset, or an import says so. */
  Evict: 14,
  /** Somebody asked to reset the prefix cache; a = 1 if it was, 0 if b blocks were in use. */
  ResetCache: 15,
  /** request a sends an image through the multimodal encoder: content b takes c embeddings of its cache. */
  EncoderCompute: 16,
  /** content b left the encoder cache; c embeddings are free. */
  EncoderEvict: 17,
  /**
   * V0: request a goes from one queue to another, for the reason and between the queues that the detail packs
   * (see packMove); b = its neighbour in front of it where it comes from + 1, c = where it goes to + 1.
   */
  Move: 18,
  /** V0: entry c of sequence a's table was block b, and was given up for another; the detail is a Replace. */
  Replace: 19,
  /** V0: … that is block b; c as for Hit or Allocate. Follows Replace. */
  ReplaceWith: 20,
  /** V0: the table of sequence b becomes a copy of sequence a's. */
  Fork: 21,
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

/** An event's `kind` column: the EventKind in its low byte, in its high byte a detail (see EVENT_COLUMNS). */
export const KIND_MASK = 0xff;
export const DETAIL_SHIFT = 8;

/** Where a request is in its life (vLLM `RequestStatus`). */
export const RequestState = {
  NotArrived: 0,
  Waiting: 1,
  Running: 2,
  Preempted: 3,
  Ended: 4,
  /** V0: its blocks are on the CPU. */
  Swapped: 5,
} as const;
export type RequestState = (typeof RequestState)[keyof typeof RequestState];

/*
 * What V0's events mean where they share a kind with V1's. `a` is a sequence's row (see `Workload.sequenceStart`),
 * NO_OWNER for the null block; the detail is a Device, and block ids count from 0 on each.
 *
 *   Allocate  c = 1: the block that the Evict before it emptied; 0: the top of the free stack
 *   Hit       c = 0: in use; else its neighbour in the evictor + 2 (1 at the front)
 *   Free      c = its position in the table; tables are released from the front and are empty then
 *   Cache     block b enters the prefix cache as chain c
 *   Evict     a = its neighbour in the evictor + 1; block b leaves it and the cache, where it was chain c
 */

/** V0: nobody's, but the null block's, in the place of a sequence. */
export const NO_OWNER = 0xffffffff;

/** The detail of a Move event. */
export function packMove(why: Move, from: Queue, to: Queue): number {
  return why | (from << 4) | (to << 6);
}

/** … and what it says. */
export function unpackMove(detail: number): { why: Move; from: Queue; to: Queue } {
  return { why: (detail & 15) as Move, from: ((detail >> 4) & 3) as Queue, to: (detail >> 6) as Queue };
}
