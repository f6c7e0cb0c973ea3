import { type AllocatorReport, allocatorReport, type Purpose } from './allocator-report.ts';
import { AllocatorError, OutOfMemoryError } from './caching-allocator/allocator-error.ts';
import { type Allocation, CachingAllocator } from './caching-allocator/caching-allocator.ts';
import { SimulatedDevice } from './caching-allocator/device.ts';
import { cudaGraphBytes, v0GraphBytes } from './cuda-graphs.ts';
import type { RankMemory } from './rank-memory.ts';
import { kvTensors, profileTensors, samplerTensors, weightTensors } from './start-tensors.ts';
import { balancerTensorsOf, drafterTensorsOf, type Startup, type StartupInput } from './startup.ts';

/** Where a start is when memory runs out, in order. */
export type StartStage = 'weights' | 'profile' | 'kv-cache' | 'cuda-graphs' | 'warm-up';

export interface AllocationFailure {
  readonly rank: number;
  readonly stage: StartStage;
  /** Which of how many tensors of the stage finds no room; from 1. */
  readonly tensor: number;
  readonly numTensors: number;
  /** PyTorch's own words, with the class of its exception. */
  readonly message: string;
}

/** One rank after the start, or when it failed. */
export interface RankAllocation {
  readonly report: AllocatorReport;
  /** Before the KV cache: all there is if vLLM finds its size wanting. */
  readonly profiled: AllocatorReport;
  readonly failure: AllocationFailure | null;
}

/** Every rank's start, through PyTorch's allocator. Ranks that hold the same are allocated once. */
export function allocateRanks(input: StartupInput, startup: Startup): RankAllocation[] {
  const allocations: RankAllocation[] = [];
  for (const alike of alikeRanks(startup)) {
    let profiled!: AllocatorReport;
    const start = startRank(input, startup, alike[0], (atProfile) => {
      profiled = atProfile.report();
    });
    const allocation = { report: start.report(), profiled, failure: start.failure };
    for (const { rank } of alike) allocations[rank] = allocation;
  }
  return allocations;
}

/** Ranks in groups that hold the same, in the order of the first of each. */
export function alikeRanks({ ranks }: Startup): RankMemory[][] {
  const groups = new Map<string, RankMemory[]>();
  for (const rank of ranks) {
    const { place, weightBytes, activationBytes, otherBytes, nonTorchBytes } = rank;
    const key = [place.stage, weightBytes, activationBytes, otherBytes, nonTorchBytes].join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [rank]);
    else group.push(rank);
  }
  return [...groups.values()];
}

/**
 * One rank's start, with the allocator that it leaves behind.
 * @param atProfile is called before the KV cache is allocated.
 */
export function startRank(
  input: StartupInput,
  startup: Startup,
  rank: RankMemory,
  atProfile: (start: RankStart) => void = () => {},
): RankStart {
  const { rules } = input;
  const start = new RankStart(input, rank);
  start.keep('weights', 'weights', [
    ...weightTensors(input, rank),
    ...balancerTensorsOf(input, rank.place),
    ...drafterTensorsOf(input, rank.place),
  ]);
  const [encoder, ...forward] = profileTensors(input, rank);
  start.use('profile', encoder);
  start.keep('profile', 'activations', [rank.activation.keptWorkspace]);
  for (const tensors of forward) start.use('profile', tensors);
  // The profile gives back what it cached, before vLLM allocates the KV cache.
  start.emptyCache();
  atProfile(start);
  const { pipeline } = input.parallel;
  start.keep(
    'kv-cache',
    'kv-cache',
    kvTensors(startup.layout, pipeline, rank.place.stage, startup.numBlocks),
  );
  start.keep('cuda-graphs', 'cuda-graphs', [graphBytes(input)]);
  // V1 ends with a run of the sampler on as many rows as there may be.
  if (rules.engine === 'v1' && rank.place.stage === pipeline - 1) {
    start.use('warm-up', samplerTensors(input, rank));
  }
  return start;
}

/** Of the graphs that are captured, whether or not the budget provides for them. */
export function graphBytes({ rules, architecture, parallel, graphs }: StartupInput): number {
  const layers = architecture.numLayers / parallel.pipeline;
  return rules.engine === 'v0' ? v0GraphBytes(layers, graphs) : cudaGraphBytes(layers, graphs);
}

/** A rank's allocator while it starts; after the first failure nothing more happens. */
export class RankStart {
  private readonly rank: number;
  readonly allocator: CachingAllocator;
  private readonly purposes = new Map<string, Purpose>();
  failure: AllocationFailure | null = null;

  constructor(
    input: StartupInput,
    { rank, totalBytes, nonTorchBytes, uncountedBytes, otherBytes }: RankMemory,
  ) {
    const overhead = nonTorchBytes + uncountedBytes;
    const device = new SimulatedDevice(totalBytes, overhead, null, {
      gpu: rank,
      otherBytes: Math.max(0, Math.min(otherBytes, totalBytes - overhead)),
    });
    this.rank = rank;
    this.allocator = new CachingAllocator(device, input.allocatorConf);
  }

  /** Allocates tensors that stay. */
  keep(stage: StartStage, purpose: Purpose, tensors: readonly number[]): void {
    this.allocate(stage, purpose, tensors);
  }

  /** Allocates tensors and frees them: what they took stays in PyTorch's cache. */
  use(stage: StartStage, tensors: readonly number[]): void {
    const allocations = this.allocate(stage, 'activations', tensors);
    if (this.failure !== null) return;
    for (const allocation of allocations) {
      this.purposes.delete(this.addressOf(allocation));
      this.allocator.free(allocation);
    }
  }

  emptyCache(): void {
    if (this.failure === null) this.allocator.emptyCache();
  }

  report(): AllocatorReport {
    return allocatorReport(this.allocator, this.purposes);
  }

  private allocate(stage: StartStage, purpose: Purpose, tensors: readonly number[]): Allocation[] {
    const allocations: Allocation[] = [];
    if (this.failure !== null) return allocations;
    try {
      for (const bytes of tensors) {
        // No blocks: nothing is allocated, which is not yet the error that vLLM reports.
        if (bytes === 0) continue;
        const allocation = this.allocator.alloc(bytes);
        allocations.push(allocation);
        this.purposes.set(this.addressOf(allocation), purpose);
      }
    } catch (error) {
      if (!(error instanceof AllocatorError)) throw error;
      const { rank } = this;
      const tensor = allocations.length + 1;
      const kind = error instanceof OutOfMemoryError ? 'torch.OutOfMemoryError' : 'RuntimeError';
      const message = `${kind}: ${error.message}`;
      this.failure = { rank, stage, tensor, numTensors: tensors.length, message };
    }
    return allocations;
  }

  private addressOf(allocation: Allocation): string {
    const { segment, offset } = this.allocator.placementOf(allocation);
    return `${segment}:${offset}`;
  }
}
