import { GIB, gib } from '../units.ts';
import { allocationRefusal } from './allocation-failures.ts';
import type { Refusal } from './check.ts';
import { longestRequest } from './kv-layout.ts';
import type { RankMemory } from './rank-memory.ts';
import type { RankAllocation } from './start-allocation.ts';
import type { Startup, StartupInput } from './startup.ts';

const DOCS = 'See https://docs.vllm.ai/en/latest/configuration/conserving_memory/ for more details.';

/** The first thing that goes wrong until the server is ready; null if nothing does. */
export function startRefusal(
  input: StartupInput,
  startup: Startup,
  allocations: readonly RankAllocation[],
): Refusal | null {
  const asksFirst = input.rules.engine === 'v1' && input.kvCacheMemoryBytes === null;
  return (
    (asksFirst ? freeMemory(input, startup) : null) ??
    allocationRefusal(input, startup, allocations, ['weights', 'profile']) ??
    someLengthFits(input, startup) ??
    (input.rules.engine === 'v0' ? cacheHoldsOneRequest : ranksHoldOneRequest)(input, startup) ??
    allocationRefusal(input, startup, allocations, ['kv-cache', 'cuda-graphs', 'warm-up'])
  );
}

type Check = (input: StartupInput, startup: Startup) => Refusal | null;

/** V1 asks for its share before it loads anything. */
const freeMemory: Check = ({ memoryShare }, { ranks }) => {
  // The CUDA context is there when vLLM first looks, and so is NCCL.
  const freeOf = (rank: RankMemory) => rank.totalBytes - rank.otherBytes - rank.uncountedBytes;
  const short = ranks.find((rank) => freeOf(rank) < rank.budgetBytes);
  if (short === undefined) return null;
  const free = freeOf(short);
  return {
    because: 'no-kv-cache-memory',
    message: `ValueError: Free memory on device cuda:${short.rank} (${rounded(free)}/${rounded(short.totalBytes)} GiB) on startup is less than desired GPU memory utilization (${memoryShare}, ${rounded(short.budgetBytes)} GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.`,
    advice: `other processes hold ${gib(short.otherBytes)} GiB, CUDA context and NCCL ${gib(short.uncountedBytes)}`,
  };
};

/** Where vLLM is to find the length itself. */
const someLengthFits: Check = (input, startup) => {
  const { maxModelLen, maxNumBatchedTokens } = input.limits;
  const { layout, numBlocks } = startup;
  if (!input.fitsLength || longestRequest(layout, numBlocks, maxModelLen, maxNumBatchedTokens) > 0)
    return null;
  return {
    because: 'no-kv-cache-memory',
    message:
      'ValueError: Cannot auto-fit max_model_len: not enough GPU memory available to serve even a single token. Try increasing `gpu_memory_utilization`.',
    advice: memoryTaken(startup, smallestRank(startup)),
  };
};

/** V1 goes through its ranks, and stops at the first that cannot hold one request. */
const ranksHoldOneRequest: Check = (input, startup) => {
  const { numBlocksOverride: override, limits } = input;
  const { blocksPerRequest, layout } = startup;
  const { maxModelLen, maxNumBatchedTokens } = limits;
  for (const rank of startup.ranks) {
    const available = override === null ? rank.availableBytes : override * rank.blockBytes;
    if (available <= 0) return noBlocks(input, startup, rank);
    const numBlocks = override ?? rank.numBlocks;
    if (blocksPerRequest <= numBlocks) continue;
    const fits = longestRequest(layout, numBlocks, maxModelLen, maxNumBatchedTokens);
    const estimate =
      fits > 0 ? `Based on the available memory, the estimated maximum model length is ${fits}. ` : '';
    return {
      because: 'kv-cache-too-small',
      message: `ValueError: To serve at least one request with the model's max seq len (${maxModelLen}), (${gib(blocksPerRequest * rank.blockBytes)} GiB KV cache is needed, which is larger than the available KV cache memory (${gib(available)} GiB). ${estimate}Try increasing \`gpu_memory_utilization\` (which also controls CPU memory on the CPU backend) or decreasing \`max_model_len\` when initializing the engine. ${DOCS}`,
      advice: wantedAndLeft(startup, rank, numBlocks),
    };
  }
  return null;
};

/** V0 looks at the blocks of all ranks together. */
const cacheHoldsOneRequest: Check = (input, startup) => {
  const { numBlocks, layout } = startup;
  const { maxModelLen } = input.limits;
  const least = smallestRank(startup);
  if (numBlocks <= 0) return noBlocks(input, startup, least);
  const capacity = numBlocks * layout.groups[0].blockSize;
  if (maxModelLen <= capacity) return null;
  return {
    because: 'kv-cache-too-small',
    message: `ValueError: The model's max seq len (${maxModelLen}) is larger than the maximum number of tokens that can be stored in KV cache (${capacity}). Try increasing \`gpu_memory_utilization\` or decreasing \`max_model_len\` when initializing the engine.`,
    advice: wantedAndLeft(startup, least, numBlocks),
  };
};

function noBlocks(input: StartupInput, startup: Startup, rank: RankMemory): Refusal {
  const more =
    input.rules.engine === 'v0'
      ? '.'
      : ` (this flag also controls CPU memory reservation on the CPU backend, despite its name). ${DOCS}`;
  return {
    because: 'no-kv-cache-memory',
    message: `ValueError: No available memory for the cache blocks. Try increasing \`gpu_memory_utilization\` when initializing the engine${more}`,
    advice:
      input.numBlocksOverride === null
        ? memoryTaken(startup, rank)
        : `--num-gpu-blocks-override ${input.numBlocksOverride} means no blocks, not "automatic"`,
  };
}

function memoryTaken({ blocksPerRequest }: Startup, rank: RankMemory): string {
  return `weights take ${gib(rank.weightBytes)} GiB, activations ${gib(rank.activationBytes)}, the rest ${gib(rank.nonTorchBytes + rank.cudaGraphBytes)} of the ${gib(rank.budgetBytes)} GiB that vLLM may use; one request wants ${gib(blocksPerRequest * rank.blockBytes)} GiB of KV cache`;
}

function smallestRank({ ranks }: Startup): RankMemory {
  return ranks.reduce((least, rank) => (rank.numBlocks < least.numBlocks ? rank : least));
}

function wantedAndLeft({ blocksPerRequest }: Startup, { blockBytes }: RankMemory, numBlocks: number): string {
  return `the longest request wants ${gib(blocksPerRequest * blockBytes)} GiB of KV cache (${blocksPerRequest} blocks), there are ${gib(numBlocks * blockBytes)} GiB (${numBlocks})`;
}

/** As Python's round(x, 2) prints it. */
function rounded(bytes: number): string {
  return String(Math.round((bytes / GIB) * 100) / 100);
}
