import { invariant } from '../../error.ts';
import { BlockPool } from './block-pool.ts';
import { BlockTable, Flag, NONE } from './block-table.ts';
import type { AllocatorConf } from './conf.ts';
import type { SimulatedDevice } from './device.ts';
import { UNIT } from './rounding.ts';
import { AllocatorStats, Pool, Stat } from './stats.ts';

/**
 * The state of the allocator and the moves that keep it whole: blocks, pools, segments and statistics change
 * together here. Which move is made when is decided elsewhere.
 */
export class Heap {
  readonly device: SimulatedDevice;
  readonly conf: AllocatorConf;
  readonly blocks = new BlockTable();
  /** By Pool. */
  readonly pools = [new BlockPool(this.blocks), new BlockPool(this.blocks)] as const;
  readonly stats = new AllocatorStats();
  readonly maxSplitUnits: number;
  /** Bytes held from the driver. */
  reservedBytes = 0;

  constructor(device: SimulatedDevice, conf: AllocatorConf) {
    this.device = device;
    this.conf = conf;
    this.maxSplitUnits = conf.maxSplitBytes / UNIT;
  }

  poolOf(row: number): Pool {
    return this.blocks.has(row, Flag.Small) ? Pool.Small : Pool.Large;
  }

  /** A new segment as one block, not in the free set, or NONE if the driver has no room. */
  takeSegment(bytes: number, pool: Pool, stream: number): number {
    const segment = this.device.malloc(bytes);
    if (segment < 0) return NONE;
    const { stats } = this;
    this.reservedBytes += bytes;
    stats.increase(Stat.Segment, pool, 1);
    stats.increase(Stat.ReservedBytes, pool, bytes);
    if (bytes >= this.conf.maxSplitBytes) stats.increase(Stat.OversizeSegments, pool, 1);
    stats.numDeviceAlloc++;
    return this.blocks.add(segment, 0, bytes / UNIT, stream, flagsOf(pool) | Flag.Mapped);
  }

  /** Gives a free block that is a whole segment back to the driver. */
  releaseSegment(row: number): void {
    const { blocks, stats } = this;
    invariant(!blocks.isSplit(row) && blocks.isUsable(row), 'a segment in use is given back');
    const bytes = blocks.units[row] * UNIT;
    const pool = this.poolOf(row);
    stats.numDeviceFree++;
    this.device.free(blocks.segment[row], bytes);
    this.reservedBytes -= bytes;
    stats.decrease(Stat.Segment, pool, 1);
    stats.decrease(Stat.ReservedBytes, pool, bytes);
    if (bytes >= this.conf.maxSplitBytes) stats.decrease(Stat.OversizeSegments, pool, 1);
    this.pools[pool].remove(row);
    blocks.remove(row);
  }

  /** Hands out a block that is in no free set, cut to `units` if it is to be split. */
  handOut(row: number, units: number, requestedBytes: number, split: boolean): void {
    const { blocks, stats } = this;
    const pool = this.poolOf(row);
    const countsSplit = !blocks.has(row, Flag.Expandable);
    const wasSplit = blocks.isSplit(row);
    if (split) {
      const rest = blocks.cut(row, units);
      this.pools[pool].insert(rest);
      if (countsSplit && wasSplit) {
        stats.decrease(Stat.InactiveSplitBytes, pool, units * UNIT);
      } else if (countsSplit) {
        stats.increase(Stat.InactiveSplitBytes, pool, blocks.units[rest] * UNIT);
        stats.increase(Stat.InactiveSplit, pool, 1);
      }
    } else if (countsSplit && wasSplit) {
      stats.decrease(Stat.InactiveSplitBytes, pool, blocks.units[row] * UNIT);
      stats.decrease(Stat.InactiveSplit, pool, 1);
    }
    blocks.flags[row] |= Flag.Allocated;
    blocks.requested[row] = requestedBytes;
    const bytes = blocks.units[row] * UNIT;
    stats.increase(Stat.Allocation, pool, 1);
    stats.increase(Stat.AllocatedBytes, pool, bytes);
    if (stats.countsActive) {
      stats.increase(Stat.Active, pool, 1);
      stats.increase(Stat.ActiveBytes, pool, bytes);
    }
    stats.increase(Stat.RequestedBytes, pool, requestedBytes);
    if (blocks.units[row] >= this.maxSplitUnits) stats.increase(Stat.OversizeAllocations, pool, 1);
  }

  /** Takes a block back; it stays active until makeFree. */
  takeBack(row: number): void {
    const { blocks, stats } = this;
    const pool = this.poolOf(row);
    blocks.flags[row] &= ~Flag.Allocated;
    stats.decrease(Stat.Allocation, pool, 1);
    stats.decrease(Stat.AllocatedBytes, pool, blocks.units[row] * UNIT);
    if (blocks.units[row] >= this.maxSplitUnits) stats.decrease(Stat.OversizeAllocations, pool, 1);
  }

  /** Puts a block that was taken back into the free set, merged with its free neighbours. */
  makeFree(row: number): void {
    const { blocks, stats } = this;
    const pool = this.poolOf(row);
    const bytes = blocks.units[row] * UNIT;
    const requestedBytes = blocks.requested[row];
    const before = this.merge(row, blocks.prev[row]);
    const after = this.merge(row, blocks.next[row]);
    this.pools[pool].insert(row);
    if (!blocks.has(row, Flag.Expandable)) {
      const isSplit = blocks.isSplit(row);
      const splitBlocks = (isSplit ? 1 : 0) - (before > 0 ? 1 : 0) - (after > 0 ? 1 : 0);
      const splitUnits = (isSplit ? blocks.units[row] : 0) - before - after;
      stats.change(Stat.InactiveSplit, pool, splitBlocks);
      stats.change(Stat.InactiveSplitBytes, pool, splitUnits * UNIT);
    }
    if (stats.countsActive) {
      stats.decrease(Stat.Active, pool, 1);
      stats.decrease(Stat.ActiveBytes, pool, bytes);
    }
    stats.decrease(Stat.RequestedBytes, pool, requestedBytes);
  }

  /**
   * Lets a block that is in no set swallow a neighbour, if that is usable and equally mapped or unmapped.
   * @returns the units gained; 0 if the neighbour stays.
   */
  merge(row: number, neighbour: number): number {
    const { blocks } = this;
    if (!blocks.isUsable(neighbour)) return 0;
    const isMapped = blocks.has(row, Flag.Mapped);
    if (blocks.has(neighbour, Flag.Mapped) !== isMapped) return 0;
    const pool = this.pools[this.poolOf(row)];
    if (isMapped) pool.remove(neighbour);
    else pool.removeUnmapped(neighbour);
    const gained = blocks.units[neighbour];
    blocks.absorb(row, neighbour);
    return gained;
  }
}

/** The flags of a block of this pool. */
export function flagsOf(pool: Pool): number {
  return pool === Pool.Small ? Flag.Small : 0;
}
