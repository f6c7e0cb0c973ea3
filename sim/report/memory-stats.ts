import type { AllocatorReport } from '../memory/allocator-report.ts';
import type { Plan } from '../memory/plan.ts';
import { changeAt } from '../memory/serving/serving-allocator.ts';
import type { Cursor } from '../recording/cursor.ts';
import { MEMORY_FIELDS, type MemoryField } from './memory-fields.ts';

type Started = Extract<Plan, { starts: true }>;

/** The pool of blocks, under the names that deployment guides read. */
export interface PoolStats {
  readonly gpu_cache_usage: number;
  readonly free_blocks: number;
  readonly largest_free_block: number;
  readonly block_size_bytes: number;
}

/** One rank's allocator, under PyTorch's names where it has one. */
export interface AllocatorStatsOfRank {
  readonly rank: number;
  readonly 'requested_bytes.all.current': number;
  readonly 'allocated_bytes.all.current': number;
  readonly 'reserved_bytes.all.current': number;
  readonly 'inactive_split_bytes.all.current': number;
  readonly num_alloc_retries: number;
  readonly largest_free_bytes: number;
}

/** Fragmentation is two things that have nothing to do with each other. */
export interface Fragmentation {
  /** Empty slots in blocks that requests hold, over all layers of a rank. */
  readonly pool_internal_waste_bytes: number;
  /** Of the rank with the most. */
  readonly allocator_inactive_split_bytes: number;
}

export interface MemoryStats {
  readonly pool: PoolStats;
  readonly allocator: readonly AllocatorStatsOfRank[];
  readonly fragmentation: Fragmentation;
  /** What each field means, and what it does not. */
  readonly fields: Readonly<Record<string, MemoryField>>;
}

/**
 * What `memory_stats` would tell, if vLLM had such a thing: of an idle server, or at a cursor's step of its run.
 */
export function memoryStats(
  { pool, blockBytes, v0, ranks }: Started,
  cursor: Cursor | null = null,
): MemoryStats {
  const { numGpuBlocks } = pool;
  // V1 keeps block 0 for itself.
  const numUsable = v0 === null ? numGpuBlocks - 1 : numGpuBlocks;
  const isFree = (block: number) =>
    cursor === null ? v0 !== null || block > 0 : cursor.refCount[block] === 0 && block !== cursor.nullBlock;
  const { numFree, longest } = freeRuns(numGpuBlocks, isFree);
  const allocator = ranks.map(({ rank, allocator }) => ({
    ...allocatorStats(rank, allocator),
    ...(cursor && servingStats(rank, cursor)),
  }));
  return {
    pool: {
      gpu_cache_usage: numUsable === 0 ? 0 : 1 - numFree / numUsable,
      free_blocks: numFree,
      largest_free_block: longest,
      block_size_bytes: blockBytes,
    },
    allocator,
    fragmentation: {
      pool_internal_waste_bytes: cursor === null ? 0 : Math.round(emptyBlocks(cursor) * blockBytes),
      allocator_inactive_split_bytes: Math.max(
        ...allocator.map((stats) => stats['inactive_split_bytes.all.current']),
      ),
    },
    fields: MEMORY_FIELDS,
  };
}

function allocatorStats(rank: number, report: AllocatorReport): AllocatorStatsOfRank {
  return {
    rank,
    'requested_bytes.all.current': report.requestedBytes,
    'allocated_bytes.all.current': report.allocatedBytes,
    'reserved_bytes.all.current': report.reservedBytes,
    'inactive_split_bytes.all.current': report.inactiveSplitBytes,
    num_alloc_retries: report.numAllocRetries,
    largest_free_bytes: report.largestFreeBlock,
  };
}

/** What serving has changed of it by a cursor's step: between steps, no tensor of one is live. */
function servingStats(rank: number, { recording, step }: Cursor): Partial<AllocatorStatsOfRank> {
  const served = recording.header.allocators?.find(({ ranks }) => ranks.includes(rank));
  if (served === undefined) return {};
  const { reservedBytes, inactiveSplitBytes, largestFreeBlock, numAllocRetries } = served.changes;
  const at = changeAt(served.changes, step);
  return {
    'reserved_bytes.all.current': reservedBytes[at],
    'inactive_split_bytes.all.current': inactiveSplitBytes[at],
    largest_free_bytes: largestFreeBlock[at],
    num_alloc_retries: numAllocRetries[at],
  };
}

/** How many blocks are free, and the longest run of them with successive numbers. */
export function freeRuns(
  numBlocks: number,
  isFree: (block: number) => boolean,
): { numFree: number; longest: number } {
  let numFree = 0;
  let longest = 0;
  let run = 0;
  for (let block = 0; block < numBlocks; block++) {
    run = isFree(block) ? run + 1 : 0;
    if (run > 0) numFree++;
    longest = Math.max(longest, run);
  }
  return { numFree, longest };
}

/** Slots without a token at the ends of running requests' tables, in blocks; shared blocks are full. */
function emptyBlocks(cursor: Cursor): number {
  const { groups } = cursor.recording.header.pool;
  let blocks = 0;
  for (const request of cursor.running()) {
    const tokens = cursor.numComputedTokens(request) + cursor.numScheduledTokens(request);
    for (let which = 0; which < cursor.numTables(request); which++) {
      const { blockSize } = groups[which] ?? groups[0];
      blocks += Math.max(0, cursor.table(request, which).length - tokens / blockSize);
    }
  }
  return blocks;
}
