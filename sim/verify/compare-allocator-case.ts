import { AllocatorError } from '../memory/caching-allocator/allocator-error.ts';
import { type Allocation, CachingAllocator } from '../memory/caching-allocator/caching-allocator.ts';
import { parseAllocatorConf } from '../memory/caching-allocator/conf.ts';
import { SimulatedDevice } from '../memory/caching-allocator/device.ts';
import type { SegmentSnapshot } from '../memory/caching-allocator/snapshot.ts';
import type {
  AllocatorCase,
  AllocatorOp,
  AllocatorResult,
  DeviceCall,
  RecordedSegment,
} from './allocator-case.ts';
import { sameJson } from './same-json.ts';

/** The first place where Poolscope and PyTorch part. */
export interface AllocatorDifference {
  /** Index of the operation; the number of operations for the final snapshot. */
  readonly op: number;
  /** `result`, `device_calls`, `final_snapshot` or a column of the statistics. */
  readonly field: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

export interface AllocatorCaseResult {
  readonly name: string;
  readonly category: string;
  readonly numOps: number;
  /** null: exact in everything recorded. */
  readonly difference: AllocatorDifference | null;
}

/** Replays a recorded case and compares every placement, error, call of the driver, statistic and block. */
export function compareAllocatorCase(kase: AllocatorCase): AllocatorCaseResult {
  return {
    name: kase.case,
    category: /(?:^|\/)(?:\d+-)?([^-/]+)[^/]*$/.exec(kase.case)?.[1] ?? 'other',
    numOps: kase.ops.length,
    difference: firstDifference(kase),
  };
}

function firstDifference(kase: AllocatorCase): AllocatorDifference | null {
  const calls = new CallLog();
  const { capacity_bytes: capacity, context_overhead_bytes: overhead, conf } = kase.config;
  const device = new SimulatedDevice(capacity, overhead, calls.note);
  const replay = new Replay(new CachingAllocator(device, parseAllocatorConf(conf)));
  const expectedCalls = callsByOp(kase);
  const expectedStats = new Map(kase.stats_after.map((row) => [row[0], row]));

  for (const [op, operation] of kase.ops.entries()) {
    calls.start(op);
    const actual = replay.run(operation);
    if (!sameJson(kase.results[op], actual)) {
      return { op, field: 'result', expected: kase.results[op], actual };
    }
    const expected = expectedCalls.get(op) ?? [];
    if (!sameJson(expected, calls.ofOp)) {
      return { op, field: 'device_calls', expected, actual: calls.ofOp };
    }
    const stats = expectedStats.get(op);
    for (const [column, field] of stats === undefined ? [] : kase.stats_columns.entries()) {
      if (field === 'op_index') continue;
      const value = STATS[field]?.(replay.allocator);
      if (value !== stats![column]) return { op, field, expected: stats![column], actual: value };
    }
  }
  return compareSnapshots(kase, replay.allocator.snapshot().map(recorded));
}

function compareSnapshots(
  kase: AllocatorCase,
  actual: readonly RecordedSegment[],
): AllocatorDifference | null {
  const expected = kase.final_snapshot;
  for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
    if (sameJson(expected[i], actual[i])) continue;
    const field = `final_snapshot.${i}`;
    return { op: kase.ops.length, field, expected: expected[i], actual: actual[i] };
  }
  return null;
}

function callsByOp(kase: AllocatorCase): Map<number, DeviceCall[]> {
  const calls = new Map<number, DeviceCall[]>();
  for (const call of kase.device_calls) {
    const same = calls.get(call[0]);
    if (same) same.push(call);
    else calls.set(call[0], [call]);
  }
  return calls;
}

/** An allocator, and its allocations under the ids of a case. */
class Replay {
  readonly allocator: CachingAllocator;
  private readonly allocationOf = new Map<string | number, Allocation>();

  constructor(allocator: CachingAllocator) {
    this.allocator = allocator;
  }

  /** Does an operation; returns its result in the words of the format. */
  run(op: AllocatorOp): AllocatorResult {
    const { allocator, allocationOf } = this;
    switch (op[0]) {
      case 'alloc':
        return this.alloc(op[1], op[2], op[3]);
      case 'free':
        allocator.free(allocationOf.get(op[1])!);
        allocationOf.delete(op[1]);
        break;
      case 'record_stream':
        allocator.recordStream(allocationOf.get(op[1])!, op[2]);
        break;
      case 'complete':
        allocator.completeStream(op[1]);
        break;
      case 'empty_cache':
        allocator.emptyCache();
        break;
      case 'set_fraction':
        allocator.setMemoryFraction(op[1]);
        break;
      case 'reset_peak':
        allocator.resetPeakStats();
        break;
    }
    return null;
  }

  private alloc(id: string | number, bytes: number, stream: number): AllocatorResult {
    try {
      const allocation = this.allocator.alloc(bytes, stream);
      this.allocationOf.set(id, allocation);
      if (bytes === 0) return { null: true };
      const { segment, offset, bytes: size } = this.allocator.placementOf(allocation);
      return { segment, offset, size_rounded: size };
    } catch (error) {
      if (!(error instanceof AllocatorError)) throw error;
      return { error: error.message };
    }
  }
}

/** The driver's calls of one operation; neighbouring pages mapped or unmapped in a row are one call. */
class CallLog {
  ofOp: DeviceCall[] = [];
  private op = 0;

  start(op: number): void {
    this.op = op;
    this.ofOp = [];
  }

  readonly note = (kind: string, segment: number, offset: number, bytes: number, ok: boolean): void => {
    const last = this.ofOp.at(-1);
    const continues =
      (kind === 'map' || kind === 'unmap') &&
      last?.[1] === kind &&
      last[2] === segment &&
      last[3] + last[4] === offset;
    if (continues) last[4] += bytes;
    else this.ofOp.push([this.op, kind, segment, offset, bytes, ok ? 1 : 0]);
  };
}

/** The columns of the statistics. */
const STATS: Readonly<Record<string, (allocator: CachingAllocator) => number>> = {
  allocated: ({ stats }) => stats.get('allocated_bytes'),
  reserved: ({ stats }) => stats.get('reserved_bytes'),
  active: ({ stats }) => stats.get('active_bytes'),
  inactive_split: ({ stats }) => stats.get('inactive_split_bytes'),
  requested: ({ stats }) => stats.get('requested_bytes'),
  segments: ({ stats }) => stats.get('segment'),
  allocations: ({ stats }) => stats.get('allocation'),
  active_blocks: ({ stats }) => stats.get('active'),
  inactive_split_blocks: ({ stats }) => stats.get('inactive_split'),
  num_alloc_retries: ({ stats }) => stats.numAllocRetries,
  num_ooms: ({ stats }) => stats.numOoms,
  num_device_alloc: ({ stats }) => stats.numDeviceAlloc,
  num_device_free: ({ stats }) => stats.numDeviceFree,
  num_sync_all_streams: ({ stats }) => stats.numSyncAllStreams,
  oversize_allocations: ({ stats }) => stats.get('oversize_allocations'),
  oversize_segments: ({ stats }) => stats.get('oversize_segments'),
  allocated_peak: ({ stats }) => stats.get('allocated_bytes', 'peak'),
  reserved_peak: ({ stats }) => stats.get('reserved_bytes', 'peak'),
  active_peak: ({ stats }) => stats.get('active_bytes', 'peak'),
  requested_peak: ({ stats }) => stats.get('requested_bytes', 'peak'),
  small_allocated: ({ stats }) => stats.get('allocated_bytes', 'current', 'small_pool'),
  small_reserved: ({ stats }) => stats.get('reserved_bytes', 'current', 'small_pool'),
  small_inactive_split: ({ stats }) => stats.get('inactive_split_bytes', 'current', 'small_pool'),
  small_segments: ({ stats }) => stats.get('segment', 'current', 'small_pool'),
  allocated_total: ({ stats }) => stats.get('allocated_bytes', 'allocated'),
  freed_total: ({ stats }) => stats.get('allocated_bytes', 'freed'),
  device_used: ({ device }) => device.usedBytes,
};

/** A segment of the snapshot in the words of the format. */
function recorded(segment: SegmentSnapshot): RecordedSegment {
  return {
    segment: segment.segment,
    offset: segment.offset,
    size: segment.bytes,
    stream: segment.stream,
    pool: segment.pool,
    expandable: segment.isExpandable,
    allocated: segment.allocated,
    active: segment.active,
    requested: segment.requested,
    blocks: segment.blocks.map(({ offset, bytes, state, requested }) => [offset, bytes, state, requested]),
  };
}
