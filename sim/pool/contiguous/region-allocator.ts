/** No hole is long enough. */
export const NO_REGION = -1;

/** Hands out contiguous regions of token slots: what systems did before paging. Slots count from 0. */
export interface RegionAllocator {
  readonly numSlots: number;
  /** Slots in no region. */
  readonly numFree: number;
  /** Longest region that could be had now, slots: all of it in one piece. */
  readonly largestFree: number;
  /** Longest region that can be had from an empty pool. */
  readonly largestRegion: number;
  /** Slots that a region of `length` takes: more than `length` where sizes are rounded up. */
  sizeFor(length: number): number;
  /** Takes sizeFor(length) slots. Returns the first, or NO_REGION. */
  allocate(length: number): number;
  /** Gives a region back, by what allocate() returned and was given. Free neighbours become one hole. */
  release(offset: number, length: number): void;
  /** The free slots as [offset, length], in the order of offsets. */
  holes(): readonly (readonly [offset: number, length: number])[];
}

/** Share of the free slots outside the largest hole: 0 if they are in one piece, or if there are none. */
export function externalFragmentation({ numFree, largestFree }: RegionAllocator): number {
  return numFree === 0 ? 0 : 1 - largestFree / numFree;
}
