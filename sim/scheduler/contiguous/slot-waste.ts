/**
 * What the token slots of a contiguous pool are, as in Figure 2 of the PagedAttention paper: the first four
 * sum to the pool.
 */
export interface SlotWaste {
  /** Slots with the keys and values of a token. */
  readonly tokens: number;
  /** Reservation: empty slots that their request will come to use. */
  readonly reserved: number;
  /** Internal fragmentation: slots that their request will never use, or use no more. */
  readonly internal: number;
  /** "External fragmentation and others": slots in no region, and what a region was rounded up by. */
  readonly external: number;
  /** Slots in no region. */
  readonly free: number;
  /** Free slots while the first in the queue needs no more than these and finds them in pieces; else 0. */
  readonly unusable: number;
  /** Longest run of free slots that could be had. */
  readonly largestFreeBlock: number;
  /** Share of the free slots outside the largest free block. */
  readonly externalFragmentation: number;
}

/** A request's slots, and how many of them hold tokens. */
export type Region = readonly [request: number, offset: number, length: number, used: number];
