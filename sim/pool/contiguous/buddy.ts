import { invariant } from '../../error.ts';
import { NO_REGION, type RegionAllocator } from './region-allocator.ts';

/**
 * A binary buddy system (Knuth, The Art of Computer Programming 1, 2.5): blocks of 2^k slots at multiples of
 * 2^k. A block is split in halves until it fits, and two free halves of a block become that block again.
 * A pool whose size is no power of two starts as the blocks that its binary digits stand for.
 */
export class BuddyAllocator implements RegionAllocator {
  readonly numSlots: number;
  readonly largestRegion: number;
  numFree: number;
  /** k → first slots of the free blocks of 2^k, ascending; the lowest is taken first. */
  private readonly free: number[][] = [];

  constructor(numSlots: number) {
    this.numSlots = numSlots;
    this.numFree = numSlots;
    const orders = 32 - Math.clz32(numSlots);
    this.largestRegion = orders === 0 ? 0 : 1 << (orders - 1);
    for (let order = 0; order < orders; order++) this.free.push([]);
    let offset = 0;
    for (let order = orders - 1; order >= 0; order--) {
      if ((numSlots & (1 << order)) === 0) continue;
      this.free[order].push(offset);
      offset += 1 << order;
    }
  }

  get largestFree(): number {
    for (let order = this.free.length - 1; order >= 0; order--) {
      if (this.free[order].length > 0) return 1 << order;
    }
    return 0;
  }

  sizeFor(length: number): number {
    return nextPowerOfTwo(length);
  }

  allocate(length: number): number {
    const { free } = this;
    const wanted = orderFor(length);
    let order = wanted;
    while (order < free.length && free[order].length === 0) order++;
    if (order >= free.length) return NO_REGION;
    const offset = free[order].shift()!;
    while (order > wanted) {
      order--;
      this.insert(order, offset + (1 << order));
    }
    this.numFree -= 1 << wanted;
    return offset;
  }

  release(offset: number, length: number): void {
    let order = orderFor(length);
    this.numFree += 1 << order;
    let block = offset;
    for (; order < this.free.length; order++) {
      const buddy = block ^ (1 << order);
      const at = this.free[order].indexOf(buddy);
      if (at < 0) break;
      this.free[order].splice(at, 1);
      block = Math.min(block, buddy);
    }
    invariant(order < this.free.length, 'a block is never larger than the pool');
    this.insert(order, block);
  }

  holes(): [offset: number, length: number][] {
    return this.free
      .flatMap((blocks, order) => blocks.map((offset): [number, number] => [offset, 1 << order]))
      .sort((a, b) => a[0] - b[0]);
  }

  private insert(order: number, block: number): void {
    const blocks = this.free[order];
    const at = blocks.findIndex((other) => other >= block);
    invariant(at < 0 || blocks[at] !== block, 'a block that is released is not free');
    blocks.splice(at < 0 ? blocks.length : at, 0, block);
  }
}

/** The least power of two that is at least `value`, which is 1 … 2^30. */
export function nextPowerOfTwo(value: number): number {
  return 1 << orderFor(value);
}

/** The least k with 2^k ≥ value. */
function orderFor(value: number): number {
  return 32 - Math.clz32(value - 1);
}
