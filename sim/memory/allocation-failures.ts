import { gib } from '../units.ts';
import type { Refusal } from './check.ts';
import type { RankMemory } from './rank-memory.ts';
import {
  type AllocationFailure,
  graphBytes,
  type RankAllocation,
  type StartStage,
} from './start-allocation.ts';
import type { Startup, StartupInput } from './startup.ts';

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
      return { because: 'weights-do-not-fit', message, advice: forWeights(rank, ranks.length) };
    case 'profile':
      return { because: 'weights-do-not-fit', message, advice: forProfile(rank) };
    case 'kv-cache':
      return { because: 'allocation-failed', message, advice: forKvCache(failure, rank) };
    case 'cuda-graphs':
      return {
        because: 'allocation-failed',
        message,
        advice: `the CUDA graphs take ${gib(graphBytes(input))} GiB beside the KV cache${beside(rank)}`,
      };
    case 'warm-up':
      return {
        because: 'allocation-failed',
        message: `RuntimeError: CUDA out of memory occurred when warming up sampler with ${input.limits.maxNumSeqs} dummy requests. Please try lowering \`max_num_seqs\` or \`gpu_memory_utilization\` when initializing the engine.`,
        advice: `the sampler takes ${gib(rank.activation.sampler)} GiB beside the KV cache${beside(rank)}`,
      };
  }
}

function forWeights(rank: RankMemory, numRanks: number): string {
  const where = numRanks > 1 ? `on each of ${numRanks} GPUs, which have` : 'on one GPU, which has';
  return `the weights take ${gib(rank.weightBytes)} GiB ${where} ${gib(rank.totalBytes)}${beside(rank)}`;
}

function forProfile(rank: RankMemory): string {
  const { mlp, sampler } = rank.activation;
  const part = sampler > mlp ? `${gib(sampler)} for the sampler` : `${gib(mlp)} for the MLP`;
  return `beside ${gib(rank.weightBytes)} GiB of weights, the profiling run takes ${gib(rank.activationBytes)} GiB (${part})${beside(rank)}`;
}

/** V0 takes its share whatever others hold; one tensor is then one too many. */
function forKvCache({ tensor, numTensors }: AllocationFailure, rank: RankMemory): string {
  return `of the ${numTensors} tensors of the KV cache, number ${tensor} finds no room${beside(rank)}`;
}

function beside({ otherBytes }: RankMemory): string {
  return otherBytes > 0 ? `; other processes hold ${gib(otherBytes)} GiB, which nothing subtracts` : '';
}
