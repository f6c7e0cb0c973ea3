/**
 * A position in a recording, with the state of pool and queues there. Position `step` means: after
 * schedule() of that step, before its outputs are applied. Step -1 is the empty start; numSteps is the
 * end, with the last outputs applied. The state is a pure function of the position: seek(i), playing to
 * i and stepping back to i agree in every field.
 */
export interface CursorApi {
  readonly step: number;
  /** Jumps by keyframe and replay; cheap for neighbours, bounded for the rest. Clamps to [-1, numSteps]. */
  seek(step: number): void;

  readonly numBlocks: number;
  /** block → number of requests whose table holds it. */
  readonly refCount: Int32Array;
  /** block → prefix-cache chain it holds, 0 = none. Equal chains hold equal content. */
  readonly chain: Int32Array;
  /** block → sum of the indices of its holders, modulo 2^32; the owner where refCount is 1. */
  readonly holderSum: Uint32Array;
  /** Requests whose tables hold the block, in running order. O(running). */
  holders(block: number): number[];
  /** Tokens with computed or being-computed KV in the block; blockSize for cached ones. O(running) for shared. */
  fill(block: number): number;
  /** Position of the block in the free queue is not stored; this walks the queue from its head. */
  freeQueue(): IterableIterator<number>;
  /** The same as a copy, which takes less time. */
  copyFreeQueue(): Int32Array;
  /** Whether a block of the GPU is in the free queue. */
  isFree(block: number): boolean;
  /** The block in front of a free one in the free queue; −1: it is the head. O(1). */
  freeBefore(block: number): number;

  /** request → RequestState. */
  readonly state: Uint8Array;
  readonly numRunning: number;
  readonly numWaiting: number;
  /** In queue order. */
  running(): IterableIterator<number>;
  waiting(): IterableIterator<number>;
  /** Block ids of a request's table in a cache group, in table order (0 = null block). A view: copy to keep. */
  table(request: number, group?: number): Int32Array;
  /** Tokens computed before this step's tokens; 0 when not running. */
  numComputedTokens(request: number): number;
  /** Tokens that the request schedules in this step; 0 when not in the batch. */
  numScheduledTokens(request: number): number;

  /**
   * Blocks that changed since takeChanges() was last called, for incremental drawing;
   * `all` when too many changed to list (after a jump): then `count` is 0 and everything is to be redrawn.
   */
  takeChanges(): Changes;
}

/** Blocks that changed, each once: the first `count` of `blocks`; or all of them. */
export interface Changes {
  readonly all: boolean;
  readonly count: number;
  readonly blocks: Int32Array;
}
