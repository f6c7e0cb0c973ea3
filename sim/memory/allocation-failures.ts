import type { Refusal } from './check.ts';
import { CONTEXT_BYTES } from './outside-torch.ts';
import type { RankMemory } from './plan.ts';
import { smallerBatch } from './start-advice.ts';
import {
  type AllocationFailure,
  graphBytes,
  type RankAllocation,
  type StartStage,
} from './start-allocation.ts';
import type { Startup, StartupInput } from './startup.ts';
import { floorShare, GIB, gib, MIB } from './units.ts';

/** The first rank that runs out of memory in one of these stages, in PyTorch's words; null = none does. */
export function allocationRefusal(
  input: StartupInput,
  { ranks }: Startup,
  allocations: readonly RankAllocation[],
  stages: readonly StartStage[],
): Refusal | null {
  const failure = allocations.find((allocation) =>
    stages.some((stage) => stage === allocation.failure?.stage),
  )?.failure;
  if (failure === null || failure === undefined) return null;
  const rank = ranks[failure.rank];
  const { message } = failure;
  switch (failure.stage) {
    case 'weights':
      return { because: 'weights-do-not-fit', message, advice: forWeights(input, rank, ranks.length) };
    case 'profile':
      return { because: 'weights-do-not-fit', message, advice: forProfile(input, rank) };
    case 'kv-cache':
      return { because: 'allocation-failed', message, advice: forKvCache(failure, input, rank) };
    case 'cuda-graphs':
      return {
        because: 'allocation-failed',
        message,
        advice: `nothing is left for CUDA graphs: a lower --gpu-memory-utilization, or --enforce-eager${beside(rank)}`,
      };
    case 'warm-up':
      return {
        because: 'allocation-failed',
        message: `RuntimeError: CUDA out of memory occurred when warming up sampler with ${input.limits.maxNumSeqs} dummy requests. Please try lowering \`max_num_seqs\` or \`gpu_memory_utilization\` when initializing the engine.`,
        advice: `the sampler takes ${gib(rank.activation.sampler)} GiB beside the KV cache${beside(rank)}`,
      };
  }
}

function forWeights({ parallel, offloadBytes }: StartupInput, rank: RankMemory, numRanks: number): string {
  const most = 0.85 * rank.totalBytes;
  const enough = Math.ceil((rank.weightBytes * parallel.tensor * parallel.pipeline) / most);
  const offload = Math.ceil((offloadBytes + rank.weightBytes - most) / GIB);
  return `the weights take ${gib(rank.weightBytes)} GiB${numRanks > 1 ? ` on each of ${numRanks} GPUs` : ''}: spread them over ${enough} or more (--tensor-parallel-size), or take a quantized model, or --cpu-offload-gb ${offload}, at the price of its transfer in every step${beside(rank)}`;
}

function forProfile(input: StartupInput, rank: RankMemory): string {
  return `beside ${gib(rank.weightBytes)} GiB of weights, the profiling run takes ${gib(rank.activationBytes)} GiB: ${smallerBatch(input, rank)}, or more GPUs${beside(rank)}`;
}

/** V0 takes its share whatever others hold; one tensor is then one too many. */
function forKvCache(failure: AllocationFailure, input: StartupInput, rank: RankMemory): string {
  const { tensor, numTensors } = failure;
  const what = `of the ${numTensors} tensors of the KV cache, number ${tensor} finds no room`;
  if (input.numBlocksOverride !== null || input.kvCacheMemoryBytes !== null) {
    return `${what}: leave out what overrides the size of the KV cache${beside(rank)}`;
  }
  // Beside the budget: the others, the context, the graphs, and what rounding to 2 MiB loses.
  const beyond =
    rank.otherBytes + CONTEXT_BYTES + (input.enforceEager ? 0 : graphBytes(input)) + numTensors * 2 * MIB;
  const others =
    rank.otherBytes > 0 ? `other processes hold ${gib(rank.otherBytes)} GiB, which nothing subtracts: ` : '';
  return `${what}: ${others}--gpu-memory-utilization ${floorShare(1 - beyond / rank.totalBytes)} or less`;
}

function beside({ otherBytes }: RankMemory): string {
  return otherBytes > 0 ? `; other processes hold ${gib(otherBytes)} GiB` : '';
}
