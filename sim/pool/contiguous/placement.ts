import { BuddyAllocator } from './buddy.ts';
import { bestFit, FreeList, firstFit } from './free-list.ts';
import type { RegionAllocator } from './region-allocator.ts';

/** Where a region goes: the first hole that is long enough, the shortest one, or a block of a binary buddy system. */
export type Placement = 'first-fit' | 'best-fit' | 'buddy';

/** Who decides where a request's slots lie. */
export function makeRegionAllocator(placement: Placement, numSlots: number): RegionAllocator {
  if (placement === 'buddy') return new BuddyAllocator(numSlots);
  return new FreeList(numSlots, placement === 'first-fit' ? firstFit : bestFit);
}
