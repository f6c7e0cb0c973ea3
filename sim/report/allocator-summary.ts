import type { ServingAllocator } from '../memory/serving/serving-allocator.ts';
import type { Recording } from '../recording/recording.ts';

/** PyTorch's allocator over a run, on the rank that held most from the driver; bytes. */
export interface AllocatorSummary {
  readonly rank: number;
  /** Live between steps, and the most in the middle of one. */
  readonly allocatedBytes: number;
  readonly peakAllocatedBytes: number;
  /** Held from the driver at the end, and the most. */
  readonly reservedBytes: number;
  readonly peakReservedBytes: number;
  /** Its fragmentation: free bytes in segments that are partly in use, at the end and the most. */
  readonly inactiveSplitBytes: number;
  readonly peakInactiveSplitBytes: number;
  /** At the end, and the least between steps. */
  readonly largestFreeBlock: number;
  readonly leastLargestFreeBlock: number;
  /** While serving, on all ranks: allocations that had to give the cache back first. */
  readonly numAllocRetries: number;
}

/** null for runs without PyTorch, and for recordings of older versions. */
export function summarizeAllocators({ header }: Recording): AllocatorSummary | null {
  const { allocators = [] } = header;
  if (allocators.length === 0) return null;
  const fullest = allocators.reduce((most, one) =>
    one.peakReservedBytes > most.peakReservedBytes ? one : most,
  );
  const { changes } = fullest;
  return {
    rank: fullest.ranks[0],
    allocatedBytes: fullest.allocatedBytes,
    peakAllocatedBytes: fullest.peakAllocatedBytes,
    reservedBytes: last(changes.reservedBytes),
    peakReservedBytes: fullest.peakReservedBytes,
    inactiveSplitBytes: last(changes.inactiveSplitBytes),
    peakInactiveSplitBytes: fullest.peakInactiveSplitBytes,
    largestFreeBlock: last(changes.largestFreeBlock),
    leastLargestFreeBlock: Math.min(...changes.largestFreeBlock),
    numAllocRetries: allocators.reduce((sum, one) => sum + one.numAllocRetries * one.ranks.length, 0),
  };
}

function last(column: ServingAllocator['changes']['numSteps']): number {
  return column[column.length - 1];
}
