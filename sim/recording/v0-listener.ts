/** Where a block is (vLLM `Device`). Physical ids count from 0 on each. */
export const Device = { Gpu: 0, Cpu: 1 } as const;
export type Device = (typeof Device)[keyof typeof Device];

/** Where a request (vLLM: sequence group) stands. */
export const Queue = { None: 0, Waiting: 1, Running: 2, Swapped: 3 } as const;
export type Queue = (typeof Queue)[keyof typeof Queue];

/** Why a request went from one place in the queues to another. */
export const Move = {
  Arrive: 0,
  /** Can never be served: it exceeds the prompt limit or the pool. */
  Ignore: 1,
  Admit: 2,
  /** Loses its blocks; nowhere until Requeue puts it in front of the waiting. */
  Recompute: 3,
  /** Goes to the CPU's blocks; nowhere until Requeue puts it behind the swapped. */
  SwapOut: 4,
  Requeue: 5,
  SwapIn: 6,
  /** As Recompute and SwapOut, for the sake of a more important request; Requeue follows at once. */
  ForceRecompute: 7,
  ForceSwapOut: 8,
  Finish: 9,
  Abort: 10,
  /** Only the order within a queue changes. */
  Reorder: 11,
  /** Async outputs: too long already, so not scheduled again; ends with the step. */
  Stop: 12,
} as const;
export type Move = (typeof Move)[keyof typeof Move];

/** Why an entry of a GPU block table changed. */
export const Replace = {
  /** Copy-on-write: the content of the old block is copied to the new one. */
  Copy: 0,
  /** The block is full, and the cache already has its content in the new one. */
  Promote: 1,
  /** The block left the sliding window: the new one is the null block. */
  Null: 2,
} as const;
export type Replace = (typeof Replace)[keyof typeof Replace];

/** The owner of the null block. */
export const NO_SEQUENCE = -1;
/** No neighbour: at the front of its queue; or not in the queue at all. */
export const FRONT = -1;
export const NOWHERE = -2;

/**
 * Takes all that V0's scheduler and pool do, in the order in which it happens, with what it takes to undo it.
 * Requests and sequences are rows; blocks are physical ids of their device. Tables are released from the
 * front: then they are empty. A released block goes to the end of the evictor if it is in the cache, else on
 * top of the free stack.
 */
export interface V0Listener {
  /** `before`: the neighbour in front that it had in `from`; `after`: the one that it has in `to`. */
  move(request: number, why: Move, from: Queue, before: number, to: Queue, after: number): void;
  /** table[position] = a block from the top of the free stack, or the one that was evicted just now. */
  take(sequence: number, device: Device, position: number, block: number): void;
  /** table[position] = a cached block; it stood behind `before` in the evictor, or is in use (NOWHERE). */
  hit(sequence: number, device: Device, position: number, block: number, before: number): void;
  /** table[position] of the GPU: `old` is released, `block` taken; `before` as for hit, or NOWHERE. */
  replace(sequence: number, why: Replace, position: number, old: number, block: number, before: number): void;
  /** `block` was table[position]. The null block stays where it is. */
  release(sequence: number, device: Device, position: number, block: number): void;
  /** The child's table becomes a copy of the parent's. */
  fork(parent: number, child: number): void;
  /** The block enters the prefix cache as `chain`. */
  cache(device: Device, block: number, chain: number): void;
  /** The block, behind `before` in the evictor, leaves it and the cache. */
  evict(device: Device, block: number, chain: number, before: number): void;
}
