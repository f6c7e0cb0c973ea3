import { invariant } from '../../error.ts';
import { AllocatorError, OutOfMemoryError, outOfMemoryMessage } from './allocator-error.ts';
import { bestFitExpandable } from './block-pool.ts';
import { Flag, NONE } from './block-table.ts';
import { type AllocatorConf, defaultAllocatorConf } from './conf.ts';
import type { SimulatedDevice } from './device.ts';
import { growExpandable } from './expandable.ts';
import { Heap } from './heap.ts';
import { collectGarbage, releaseCached, releaseOversize } from './release.ts';
import { LARGE_SEGMENT, roundedBytes, SMALL_BYTES, segmentBytes, UNIT } from './rounding.ts';
import { type SegmentSnapshot, snapshotOf } from './snapshot.ts';
import { type AllocatorStats, Pool } from './stats.ts';
import { StreamEvents } from './stream-events.ts';

/** A live allocation; 0 is the null pointer, which 0 bytes get. Numbers of freed ones are used again. */
export type Allocation = number;

/** Where an allocation lies; bytes. */
export interface Placement {
  /** Number of the cudaMalloc, or of the address range, in order of addresses. */
  readonly segment: number;
  readonly offset: number;
  /** Bytes of the block: the rounded request, or more if the block was not split. */
  readonly bytes: number;
}

const LARGE_SEGMENT_UNITS = LARGE_SEGMENT / UNIT;
const SMALL_UNITS = SMALL_BYTES / UNIT;
const EXBIBYTE = 1024 * 1024 * 1024 * 1024 * 1024 * 1024;

/**
 * PyTorch's CUDA caching allocator on one simulated device: the native backend of 2.4
 * (c10/cuda/CUDACachingAllocator.cpp), placement by placement. docs/allocator.md says what is left out.
 */
export class CachingAllocator {
  private readonly heap: Heap;
  private readonly events = new StreamEvents();
  private limitBytes = Number.POSITIVE_INFINITY;

  constructor(device: SimulatedDevice, conf: AllocatorConf = defaultAllocatorConf()) {
    this.heap = new Heap(device, conf);
  }

  /**
   * Allocates bytes for use on a stream (0 is the default one). Polls events first.
   * @throws OutOfMemoryError with PyTorch's text; the cache has then been given back to the driver.
   */
  alloc(bytes: number, stream = 0): Allocation {
    if (bytes >= EXBIBYTE) {
      throw new OutOfMemoryError('CUDA out of memory. Tried to allocate more than 1EB memory.');
    }
    if (bytes === 0) return NONE;
    const { heap } = this;
    this.events.poll(this.eventDone);
    const rounded = roundedBytes(bytes, heap.conf.roundupDivisions);
    const pool = rounded <= SMALL_BYTES ? Pool.Small : Pool.Large;
    const units = rounded / UNIT;
    let block = this.takeFree(pool, stream, units);
    if (block === NONE) block = this.takeNew(pool, stream, units);
    const split = this.shouldSplit(pool, heap.blocks.units[block] - units, units);
    heap.handOut(block, units, bytes, split);
    return block;
  }

  /** Frees an allocation. If other streams used it, its block waits for their events. */
  free(allocation: Allocation): void {
    if (allocation === NONE) return;
    const { heap } = this;
    invariant(heap.blocks.has(allocation, Flag.Allocated), 'what is freed is allocated');
    heap.takeBack(allocation);
    const numEvents = this.events.recordEvents(allocation);
    if (numEvents === 0) heap.makeFree(allocation);
    else heap.blocks.numEvents[allocation] = numEvents;
  }

  /** Tensor.record_stream: the allocation is used on another stream as well. */
  recordStream(allocation: Allocation, stream: number): void {
    if (allocation === NONE) return;
    invariant(this.heap.blocks.has(allocation, Flag.Allocated), 'what a stream uses is allocated');
    if (stream === this.heap.blocks.stream[allocation]) return;
    this.heap.stats.countActive();
    this.events.recordUse(allocation, stream);
  }

  /** The GPU has reached the end of what the stream was given so far; the next allocation will notice. */
  completeStream(stream: number): void {
    this.events.complete(stream);
  }

  /** torch.cuda.empty_cache(): waits for all streams, gives unused segments and pages to the driver. */
  emptyCache(): void {
    this.heap.stats.numSyncAllStreams++;
    this.events.completeAll();
    this.events.poll(this.eventDone);
    releaseCached(this.heap);
  }

  /** torch.cuda.set_per_process_memory_fraction(): reserved memory stays within this share of the capacity. */
  setMemoryFraction(fraction: number): void {
    if (!(fraction >= 0 && fraction <= 1)) {
      throw new AllocatorError(`Invalid fraction value: ${fraction}. Allowed range: 0~1`);
    }
    this.limitBytes = Math.floor(fraction * this.heap.device.capacityBytes);
  }

  /** torch.cuda.reset_peak_memory_stats(). */
  resetPeakStats(): void {
    this.heap.stats.resetPeak();
  }

  get stats(): AllocatorStats {
    return this.heap.stats;
  }

  get device(): SimulatedDevice {
    return this.heap.device;
  }

  placementOf(allocation: Allocation): Placement {
    const { segment, offset, units } = this.heap.blocks;
    return {
      segment: segment[allocation],
      offset: offset[allocation] * UNIT,
      bytes: units[allocation] * UNIT,
    };
  }

  /** torch.cuda.memory_snapshot(): all memory held from the driver, by address. */
  snapshot(): SegmentSnapshot[] {
    return snapshotOf(this.heap.blocks);
  }

  /** The largest free block: what the biggest allocation without a call to the driver can have. */
  get largestFreeBytes(): number {
    const { blocks, pools } = this.heap;
    let largest = 0;
    for (const pool of pools) {
      for (const row of pool.allFree()) largest = Math.max(largest, blocks.units[row]);
    }
    return largest * UNIT;
  }

  /** Best fit among the free blocks; one candidate only, which may be too large (`get_free_block`). */
  private takeFree(pool: Pool, stream: number, units: number): number {
    const { heap } = this;
    const ownPool = heap.pools[pool];
    if (this.collectsGarbage) ownPool.numSearches++;
    const { maxSplitUnits } = heap;
    const block = heap.conf.expandableSegments
      ? bestFitExpandable(heap.blocks, ownPool, stream, units)
      : ownPool.freeOf(stream).lowerBound(units);
    if (block === NONE) return NONE;
    const found = heap.blocks.units[block];
    if (units < maxSplitUnits ? found >= maxSplitUnits : found >= units + LARGE_SEGMENT_UNITS) return NONE;
    ownPool.remove(block);
    return block;
  }

  /** Memory from the driver, giving back more and more of the cache until there is room. */
  private takeNew(pool: Pool, stream: number, units: number): number {
    const { heap } = this;
    if (this.collectsGarbage) collectGarbage(heap, this.limitBytes);
    let block = this.askDriver(pool, stream, units);
    if (block === NONE && releaseOversize(heap, pool, stream, units)) {
      block = this.askDriver(pool, stream, units);
    }
    if (block === NONE) {
      this.emptyCache();
      heap.stats.numAllocRetries++;
      block = this.askDriver(pool, stream, units);
    }
    if (block === NONE) {
      heap.stats.numOoms++;
      throw new OutOfMemoryError(this.messageOf(units));
    }
    return block;
  }

  private askDriver(pool: Pool, stream: number, units: number): number {
    const { heap } = this;
    const bytes = segmentBytes(units * UNIT);
    // The size of a segment also counts where segments grow by pages.
    if (heap.reservedBytes + bytes > this.limitBytes) return NONE;
    return heap.conf.expandableSegments
      ? growExpandable(heap, pool, stream, units)
      : heap.takeSegment(bytes, pool, stream);
  }

  private shouldSplit(pool: Pool, remaining: number, units: number): boolean {
    if (pool === Pool.Small || this.heap.conf.expandableSegments) return remaining > 0;
    return remaining > SMALL_UNITS && units < this.heap.maxSplitUnits;
  }

  /** Garbage collection, and the ages it goes by, need a fraction as well. */
  private get collectsGarbage(): boolean {
    return this.limitBytes !== Number.POSITIVE_INFINITY && this.heap.conf.garbageCollectionThreshold > 0;
  }

  private messageOf(units: number): string {
    const { device, reservedBytes, stats } = this.heap;
    return outOfMemoryMessage({
      segmentBytes: segmentBytes(units * UNIT),
      capacityBytes: device.capacityBytes,
      freeBytes: device.freeBytes,
      allocatedBytes: stats.get('allocated_bytes'),
      reservedBytes,
      gpu: device.gpu,
      otherBytes: device.otherBytes,
    });
  }

  private readonly eventDone = (block: number): void => {
    if (--this.heap.blocks.numEvents[block] === 0) this.heap.makeFree(block);
  };
}
