import { EngineCrash } from '../../error.ts';
import { AllocatorError, OutOfMemoryError } from '../caching-allocator/allocator-error.ts';
import type { CachingAllocator } from '../caching-allocator/caching-allocator.ts';
import type { ForwardPass, ForwardStep } from './forward-pass.ts';
import { MAX_CHANGES, type ServingAllocator } from './serving-allocator.ts';

/** Steps whose likes are remembered. */
const MAX_KNOWN = 1 << 16;
/** Tokens and sampled rows of steps that fit into a key, which is whole up to 2 ** 53. */
const MOST_TOKENS = 1 << 20;
const MOST_ROWS = 1 << 16;

/** One rank's allocator while it serves; it stands for all ranks that hold the same. */
export class ServingRank {
  private readonly ranks: readonly number[];
  private readonly allocator: CachingAllocator;
  private readonly pass: ForwardPass;
  /**
   * Steps that asked the driver for nothing since the last that did. Between steps no tensor of one is left, so that
   * the cache is what the driver's answers made it: the like of such a step changes nothing.
   */
  private readonly known = new Set<number>();
  private readonly allocatedBytes: number;
  private readonly retriesAtStart: number;
  private readonly changes = {
    numSteps: [] as number[],
    reservedBytes: [] as number[],
    inactiveSplitBytes: [] as number[],
    largestFreeBlock: [] as number[],
    numAllocRetries: [] as number[],
  };

  constructor(ranks: readonly number[], allocator: CachingAllocator, pass: ForwardPass) {
    this.ranks = ranks;
    this.allocator = allocator;
    this.pass = pass;
    allocator.resetPeakStats();
    this.allocatedBytes = allocator.stats.get('allocated_bytes');
    this.retriesAtStart = allocator.stats.numAllocRetries;
    this.noteChange(0);
  }

  /**
   * A step of the run.
   * @param numSteps that have been run before it.
   * @throws EngineCrash in PyTorch's words if its tensors find no room.
   */
  step(step: ForwardStep, numSteps: number): void {
    const key = keyOf(step);
    if (key !== null && this.known.has(key)) return;
    const calls = this.driverCalls;
    try {
      this.pass.run(step);
    } catch (error) {
      this.noteChange(numSteps);
      throw error instanceof AllocatorError ? this.crash(error) : error;
    }
    if (calls !== this.driverCalls) {
      this.known.clear();
      this.noteChange(numSteps + 1);
    } else if (key !== null) {
      if (this.known.size === MAX_KNOWN) this.known.clear();
      this.known.add(key);
    }
  }

  report(): ServingAllocator {
    const { stats } = this.allocator;
    return {
      ranks: this.ranks,
      allocatedBytes: this.allocatedBytes,
      peakAllocatedBytes: stats.get('allocated_bytes', 'peak'),
      peakReservedBytes: stats.get('reserved_bytes', 'peak'),
      peakInactiveSplitBytes: stats.get('inactive_split_bytes', 'peak'),
      numAllocRetries: stats.numAllocRetries - this.retriesAtStart,
      changes: this.changes,
    };
  }

  private get driverCalls(): number {
    const { numDeviceAlloc, numDeviceFree } = this.allocator.stats;
    return numDeviceAlloc + numDeviceFree;
  }

  private crash(error: AllocatorError): EngineCrash {
    const isFull = error instanceof OutOfMemoryError;
    const where = `on GPU ${this.ranks[0]}, for ${this.pass.doing}`;
    return new EngineCrash(
      isFull ? 'torch.OutOfMemoryError' : 'RuntimeError',
      error.message,
      `${isFull ? 'CUDA out of memory' : "PyTorch's allocator fails"} ${where}`,
    );
  }

  private noteChange(numSteps: number): void {
    const { allocator, changes } = this;
    const columns = Object.values(changes);
    if (changes.numSteps.length === MAX_CHANGES) {
      for (const column of columns) {
        for (let i = 1; 2 * i < MAX_CHANGES; i++) column[i] = column[2 * i];
        column.length = MAX_CHANGES / 2;
      }
    }
    changes.numSteps.push(numSteps);
    changes.reservedBytes.push(allocator.stats.get('reserved_bytes'));
    changes.inactiveSplitBytes.push(allocator.stats.get('inactive_split_bytes'));
    changes.largestFreeBlock.push(allocator.largestFreeBytes);
    changes.numAllocRetries.push(allocator.stats.numAllocRetries);
  }
}

/** The same for steps that allocate the same; null where it is not worth to remember them. */
function keyOf({ graphs, numTokens, numDecodes, numRows, numSampled }: ForwardStep): number | null {
  if (graphs === 'whole') return -1 - numSampled;
  // Buffers that follow the routing differ in every step.
  if (numRows > 0 || numTokens >= MOST_TOKENS || numSampled >= MOST_ROWS) return null;
  const mode = graphs === 'none' ? 0 : 1;
  return ((mode * MOST_TOKENS + numTokens) * MOST_ROWS + numDecodes) * MOST_ROWS + numSampled;
}
