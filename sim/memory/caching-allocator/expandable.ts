import { Flag, NONE } from './block-table.ts';
import { flagsOf, type Heap } from './heap.ts';
import { LARGE_SEGMENT, SMALL_SEGMENT, UNIT } from './rounding.ts';
import { Pool, Stat } from './stats.ts';

/*
 * expandable_segments:True. A segment is a range of addresses larger than the device, backed by pages as far as
 * needed; what is not backed is a block too, `unmapped`, beside the free ones.
 */

/** Bytes of a page: what is mapped and unmapped at once. */
function pageBytes(pool: Pool): number {
  return pool === Pool.Small ? SMALL_SEGMENT : LARGE_SEGMENT;
}

/**
 * Grows a segment until it has a free block of `units` (`try_allocate_expandable_block`).
 * @returns the block, taken out of the free set, or NONE if the device has no room. What was mapped on the way
 *   to a failure stays mapped.
 */
export function growExpandable(heap: Heap, pool: Pool, stream: number, units: number): number {
  const { blocks } = heap;
  let row = findRoom(heap, pool, stream, units);
  if (!blocks.has(row, Flag.Mapped) && !mapLow(heap, row, Math.min(blocks.units[row], units))) return NONE;
  while (blocks.units[row] < units) {
    const next = blocks.next[row];
    if (!mapLow(heap, next, Math.min(units - blocks.units[row], blocks.units[next]))) return NONE;
    row = next;
  }
  heap.pools[pool].remove(row);
  return row;
}

/** The lowest usable run of blocks that has room, if need be in a new range (`find_expandable_block`). */
function findRoom(heap: Heap, pool: Pool, stream: number, units: number): number {
  const { blocks } = heap;
  for (const unmapped of heap.pools[pool].unmappedOf(stream)) {
    const before = blocks.prev[unmapped];
    const start = blocks.isUsable(before) ? before : unmapped;
    let found = 0;
    for (let row = start; found < units && blocks.isUsable(row); row = blocks.next[row]) {
      found += blocks.units[row];
    }
    if (found >= units) return start;
  }
  const { capacityBytes } = heap.device;
  const page = pageBytes(pool);
  const bytes = Math.ceil((capacityBytes + Math.floor(capacityBytes / 8)) / page) * page;
  const segment = heap.device.reserveRange(bytes);
  const row = blocks.add(segment, 0, bytes / UNIT, stream, flagsOf(pool) | Flag.Expandable);
  heap.pools[pool].insertUnmapped(row);
  return row;
}

/**
 * Backs the low end of an unmapped block, in whole pages, and frees it, merged with its neighbours (`map_block`).
 * @returns false, and nothing changed, if the device has no room.
 */
function mapLow(heap: Heap, row: number, units: number): boolean {
  const { blocks, stats } = heap;
  const pool = heap.poolOf(row);
  const page = pageBytes(pool);
  const bytes = Math.ceil((units * UNIT) / page) * page;
  if (!heap.device.map(blocks.segment[row], blocks.offset[row] * UNIT, bytes, page)) return false;
  heap.pools[pool].removeUnmapped(row);
  if (bytes / UNIT < blocks.units[row]) heap.pools[pool].insertUnmapped(blocks.cut(row, bytes / UNIT));
  blocks.flags[row] |= Flag.Mapped;
  heap.merge(row, blocks.prev[row]);
  heap.merge(row, blocks.next[row]);
  heap.pools[pool].insert(row);
  heap.reservedBytes += bytes;
  stats.increase(Stat.ReservedBytes, pool, bytes);
  stats.numDeviceAlloc++;
  return true;
}

/**
 * Gives back the whole pages inside a free block, and with the last ones the range (`unmap_block`). The ends of
 * the block that share a page with others stay as free blocks.
 */
export function unmapPages(heap: Heap, row: number): void {
  const { blocks, stats } = heap;
  const pool = heap.poolOf(row);
  const page = pageBytes(pool) / UNIT;
  const begin = Math.ceil(blocks.offset[row] / page) * page;
  const end = Math.floor((blocks.offset[row] + blocks.units[row]) / page) * page;
  if (begin >= end) return;
  const ownPool = heap.pools[pool];
  ownPool.remove(row);
  let middle = row;
  if (begin > blocks.offset[row]) {
    middle = blocks.cut(row, begin - blocks.offset[row]);
    ownPool.insert(row);
  }
  if (end < blocks.offset[middle] + blocks.units[middle]) ownPool.insert(blocks.cut(middle, end - begin));
  const bytes = (end - begin) * UNIT;
  heap.device.unmap(blocks.segment[middle], begin * UNIT, bytes);
  blocks.flags[middle] &= ~Flag.Mapped;
  heap.merge(middle, blocks.prev[middle]);
  heap.merge(middle, blocks.next[middle]);
  heap.reservedBytes -= bytes;
  stats.decrease(Stat.ReservedBytes, pool, bytes);
  stats.numDeviceFree++;
  if (blocks.isSplit(middle)) {
    ownPool.insertUnmapped(middle);
  } else {
    heap.device.freeRange(blocks.segment[middle], blocks.units[middle] * UNIT);
    blocks.remove(middle);
  }
}
