import { AllocatorError } from './allocator-error.ts';
import { Flag, NONE } from './block-table.ts';
import { unmapPages } from './expandable.ts';
import type { Heap } from './heap.ts';
import { UNIT } from './rounding.ts';
import { Pool } from './stats.ts';

/** Gives everything that is free in whole segments or pages back to the driver (`release_blocks`). */
export function releaseCached(heap: Heap): void {
  for (const pool of [Pool.Large, Pool.Small]) {
    // A snapshot of the free set, since unmapping changes it.
    const expandable: number[] = [];
    for (const row of heap.pools[pool].allFree()) {
      if (heap.blocks.has(row, Flag.Expandable)) expandable.push(row);
      else if (!heap.blocks.isSplit(row)) heap.releaseSegment(row);
    }
    for (const row of expandable) unmapPages(heap, row);
  }
}

/**
 * With max_split_size: gives back oversize blocks of one stream, the smallest one that suffices or else the
 * largest ones until their sum does (`release_available_cached_blocks`).
 * @returns whether it suffices for a request of `units`.
 */
export function releaseOversize(heap: Heap, pool: Pool, stream: number, units: number): boolean {
  if (heap.maxSplitUnits === Number.POSITIVE_INFINITY) return false;
  const free = heap.pools[pool].freeOf(stream);
  const wanted = Math.max(units, heap.maxSplitUnits);
  const enough = free.lowerBound(wanted);
  if (enough !== NONE) {
    releaseWhole(heap, enough);
    return true;
  }
  let released = 0;
  const bySize = free.toArray();
  for (let row = bySize.pop(); row !== undefined && released < wanted; row = bySize.pop()) {
    const size = heap.blocks.units[row];
    if (size < heap.maxSplitUnits) break;
    released += size;
    releaseWhole(heap, row);
  }
  return released >= wanted;
}

/**
 * garbage_collection_threshold: gives back unused segments of the large pool, those of at least mean age first,
 * until the reserved bytes are below the threshold (`garbage_collect_cached_blocks`).
 * @param limitBytes what set_fraction allows.
 */
export function collectGarbage(heap: Heap, limitBytes: number): void {
  const { blocks } = heap;
  const pool = heap.pools[Pool.Large];
  const target = heap.reservedBytes - Math.floor(heap.conf.garbageCollectionThreshold * limitBytes);
  if (target <= 0) return;
  const ageOf = (row: number) => pool.numSearches - blocks.freeSince[row];
  let candidates = pool.allFree().filter((row) => !blocks.isSplit(row));
  let reclaimed = 0;
  while (reclaimed < target && candidates.length > 0) {
    let totalAge = 0;
    for (const row of candidates) totalAge += ageOf(row);
    const mean = totalAge / candidates.length;
    const younger: number[] = [];
    for (const row of candidates) {
      if (ageOf(row) < mean) {
        younger.push(row);
      } else {
        reclaimed += blocks.units[row] * UNIT;
        releaseWhole(heap, row);
      }
    }
    // The oldest is never younger than the mean, so every round gives something back.
    candidates = younger;
  }
}

function releaseWhole(heap: Heap, row: number): void {
  if (heap.blocks.has(row, Flag.Expandable)) {
    throw new AllocatorError('!block->expandable_segment_ INTERNAL ASSERT FAILED');
  }
  heap.releaseSegment(row);
}
