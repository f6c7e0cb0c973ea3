import type { CachingAllocator } from './caching-allocator/caching-allocator.ts';
import type { SegmentSnapshot } from './caching-allocator/snapshot.ts';

/** What tensors are for. */
export type Purpose = 'weights' | 'activations' | 'kv-cache' | 'cuda-graphs';

/** Segments that are alike; bytes of one. */
export interface SegmentRun {
  readonly count: number;
  readonly bytes: number;
  readonly allocatedBytes: number;
  /** Of its live tensors; empty = a whole segment that PyTorch keeps for later. */
  readonly holds: readonly Purpose[];
  /** Its free blocks, in order of addresses. */
  readonly holes: readonly number[];
}

/** The state of PyTorch's allocator on one rank, bytes; docs/memory-stats.md says what each means. */
export interface AllocatorReport {
  readonly reservedBytes: number;
  readonly allocatedBytes: number;
  /** As tensors asked for them, before rounding. */
  readonly requestedBytes: number;
  /** Fragmentation: free bytes in segments that are partly in use. */
  readonly inactiveSplitBytes: number;
  readonly largestFreeBlock: number;
  readonly numAllocRetries: number;
  /** In the order in which the first of their kind was taken. */
  readonly segments: readonly SegmentRun[];
}

/** @param purposes by segment and offset, as `segment:offset`, of the live tensors. */
export function allocatorReport(
  allocator: CachingAllocator,
  purposes: ReadonlyMap<string, Purpose>,
): AllocatorReport {
  const { stats } = allocator;
  return {
    reservedBytes: stats.get('reserved_bytes'),
    allocatedBytes: stats.get('allocated_bytes'),
    requestedBytes: stats.get('requested_bytes'),
    inactiveSplitBytes: stats.get('inactive_split_bytes'),
    largestFreeBlock: allocator.largestFreeBytes,
    numAllocRetries: stats.numAllocRetries,
    segments: runsOf(allocator.snapshot().map((segment) => runOf(segment, purposes))),
  };
}

function runOf(segment: SegmentSnapshot, purposes: ReadonlyMap<string, Purpose>): SegmentRun {
  const live = segment.blocks.filter(({ state }) => state !== 'inactive');
  const holds = new Set(live.map(({ offset }) => purposes.get(`${segment.segment}:${offset}`)));
  return {
    count: 1,
    bytes: segment.bytes,
    allocatedBytes: segment.allocated,
    holds: [...holds].filter((purpose) => purpose !== undefined),
    holes: segment.blocks.filter(({ state }) => state === 'inactive').map(({ bytes }) => bytes),
  };
}

/** Where a segment lies means nothing, so that those that are alike can be told as one. */
function runsOf(segments: readonly SegmentRun[]): SegmentRun[] {
  const counts = new Map<string, { segment: SegmentRun; count: number }>();
  for (const segment of segments) {
    const { bytes, allocatedBytes, holds, holes } = segment;
    const key = `${bytes} ${allocatedBytes} ${holds} ${holes}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { segment, count: 1 });
    else known.count++;
  }
  return Array.from(counts.values(), ({ segment, count }) => ({ ...segment, count }));
}
