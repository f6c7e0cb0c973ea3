import { isAmount, isCount, isList, isObject } from '../../plain-values.ts';

/** PyTorch's allocator while a run is served, of ranks that hold the same; bytes. */
export interface ServingAllocator {
  readonly ranks: readonly number[];
  /** Live between steps: weights, KV cache, graphs, what start-up keeps. */
  readonly allocatedBytes: number;
  /** The most that was live, and held from the driver, in the middle of a step. */
  readonly peakAllocatedBytes: number;
  readonly peakReservedBytes: number;
  /** The most in holes, in the middle of a step. */
  readonly peakInactiveSplitBytes: number;
  /** Allocations while serving that had to give the cache back first. */
  readonly numAllocRetries: number;
  /** What is between steps, from the start on: one entry each time that the driver was asked. */
  readonly changes: AllocatorChanges;
}

/** Columns; the first entry is the started server. */
export interface AllocatorChanges {
  /** Steps that had been run when it became so. */
  readonly numSteps: readonly number[];
  readonly reservedBytes: readonly number[];
  readonly inactiveSplitBytes: readonly number[];
  readonly largestFreeBlock: readonly number[];
  /** Since the start-up began. */
  readonly numAllocRetries: readonly number[];
}

/** Entries that a recording keeps; of more, every other one is left out until they are that few. */
export const MAX_CHANGES = 512;

/** Row of the changes that holds when so many steps have been run. */
export function changeAt({ numSteps }: AllocatorChanges, step: number): number {
  let low = 0;
  let high = numSteps.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (numSteps[middle] <= step) low = middle;
    else high = middle - 1;
  }
  return low;
}

const MAX_RANKS = 1 << 16;

/** Whether a value, such as one from a file of anybody's, is of the kind that a run leaves. */
export function isServingAllocator(value: unknown): value is ServingAllocator {
  if (!isObject(value) || !isObject(value.changes) || !Array.isArray(value.ranks)) return false;
  const { ranks, changes } = value;
  const { numSteps, reservedBytes, inactiveSplitBytes, largestFreeBlock, numAllocRetries } = changes;
  if (!Array.isArray(numSteps) || numSteps.length === 0 || numSteps.length > MAX_CHANGES) return false;
  return (
    isList(ranks, ranks.length, (rank) => isCount(rank, MAX_RANKS)) &&
    ranks.length > 0 &&
    isAmount(value.allocatedBytes) &&
    isAmount(value.peakAllocatedBytes) &&
    isAmount(value.peakReservedBytes) &&
    isAmount(value.peakInactiveSplitBytes) &&
    isCount(value.numAllocRetries) &&
    numSteps.every((step, i) => isCount(step) && (i === 0 || step >= numSteps[i - 1])) &&
    [reservedBytes, inactiveSplitBytes, largestFreeBlock, numAllocRetries].every((column) =>
      isList(column, numSteps.length, isAmount),
    )
  );
}
