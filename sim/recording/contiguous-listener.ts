/** Why a request left. */
export const Leave = {
  Finish: 0,
  Abort: 1,
  /** From the queue: its prompt exceeds the token budget, or its region the pool. */
  Ignore: 2,
} as const;
export type Leave = (typeof Leave)[keyof typeof Leave];

/** No neighbour: at the front of its queue. */
export const FRONT = -1;

/**
 * Takes all that a contiguous baseline does, in the order in which it happens, with what it takes to undo it.
 * Requests are rows of the workload, offsets and lengths are token slots. What a request has written follows
 * from the step in which it was placed: its whole prompt in that one, one token more in each later one, until
 * all its outputs are made. Nobody is preempted, so nobody is placed twice.
 */
export interface ContiguousListener {
  /** It joins the back of the waiting. */
  arrive(request: number): void;
  /** The first of the waiting gets slots [offset, offset + length) and joins the back of the running. */
  place(request: number, offset: number, length: number): void;
  /** It has all its outputs, `numUsed` tokens in all, but its static batch goes on and keeps its slots. */
  idle(request: number, numUsed: number): void;
  /** It leaves the running, and its slots are free; `before`: the neighbour in front that it had. */
  release(request: number, why: Leave, before: number, offset: number, length: number): void;
  /** It leaves the waiting without having been placed; `before` as above. */
  drop(request: number, why: Leave, before: number): void;
}
