import { GIB, gib } from '../units.ts';
import { allocationRefusal } from './allocation-failures.ts';
import type { Refusal } from './check.ts';
import { longestRequest } from './kv-layout.ts';
import { CONTEXT_BYTES } from './outside-torch.ts';
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
    someBlocks(input, startup) ??
    oneRequestFits(input, startup) ??
    allocationRefusal(input, startup, allocations, ['kv-cache', 'cuda-graphs', 'warm-up'])
  );
}

type Check = (input: StartupInput, startup: Startup) => Refusal | null;

/** V1 asks for its share before it loads anything. */
const freeMemory: Check = ({ memoryShare }, { ranks }) => {
  // The CUDA context is there when vLLM first looks.
  const freeOf = (rank: RankMemory) => rank.totalBytes - rank.otherBytes - CONTEXT_BYTES;
  const short = ranks.find((rank) => freeOf(rank) < rank.budgetBytes);
  if (short === undefined) return null;
  const free = freeOf(short);
  return {
    because: 'no-kv-cache-memory',
    message: `ValueError: Free memory on device cuda:${short.rank} (${rounded(free)}/${rounded(short.totalBytes)} GiB) on startup is less than desired GPU memory utilization (${memoryShare}, ${rounded(short.budgetBytes)} GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.`,
    advice: `other processes hold ${gib(short.otherBytes)} GiB, the CUDA context ${gib(CONTEXT_BYTES)}`,
  };
};

const someBlocks: Check = (input, startup) => {
  if (startup.numBlocks > 0) return null;
  const isV0 = input.rules.engine === 'v0';
  const message = `ValueError: No available memory for the cache blocks. Try increasing \`gpu_memory_utilization\` when initializing the engine${isV0 ? '.' : ` (this flag also controls CPU memory reservation on the CPU backend, despite its name). ${DOCS}`}`;
  if (input.numBlocksOverride !== null) {
    const advice = `--num-gpu-blocks-override ${input.numBlocksOverride} means no blocks, not "automatic"`;
    return { because: 'no-kv-cache-memory', message, advice };
  }
  const least = smallestRank(startup);
  const wanted = startup.blocksPerRequest * least.blockBytes;
  return {
    because: 'no-kv-cache-memory',
    message,
    advice: `weights take ${gib(least.weightBytes)} GiB, activations ${gib(least.activationBytes)}, the rest ${gib(least.nonTorchBytes + least.cudaGraphBytes)} of the ${gib(least.budgetBytes)} GiB that vLLM may use; one request wants ${gib(wanted)} GiB of KV cache`,
  };
};

const oneRequestFits: Check = (input, startup) => {
  const { rules, limits } = input;
  const { numBlocks, blocksPerRequest, layout } = startup;
  const { maxModelLen, maxNumBatchedTokens } = limits;
  const least = smallestRank(startup);
  const fits = longestRequest(layout, numBlocks, maxModelLen, maxNumBatchedTokens);
  if (rules.engine === 'v0') {
    const capacity = numBlocks * layout.groups[0].blockSize;
    if (maxModelLen <= capacity) return null;
    return {
      because: 'kv-cache-too-small',
      message: `ValueError: The model's max seq len (${maxModelLen}) is larger than the maximum number of tokens that can be stored in KV cache (${capacity}). Try increasing \`gpu_memory_utilization\` or decreasing \`max_model_len\` when initializing the engine.`,
      advice: wantedAndLeft(startup, least),
    };
  }
  if (blocksPerRequest <= numBlocks) return null;
  const estimate =
    fits > 0 ? `Based on the available memory, the estimated maximum model length is ${fits}. ` : '';
  const available = Math.min(least.availableBytes, (numBlocks + 1) * least.blockBytes);
  return {
    because: 'kv-cache-too-small',
    message: `ValueError: To serve at least one request with the model's max seq len (${maxModelLen}), (${gib(blocksPerRequest * least.blockBytes)} GiB KV cache is needed, which is larger than the available KV cache memory (${gib(available)} GiB). ${estimate}Try increasing \`gpu_memory_utilization\` (which also controls CPU memory on the CPU backend) or decreasing \`max_model_len\` when initializing the engine. ${DOCS}`,
    advice: wantedAndLeft(startup, least),
  };
};

function smallestRank({ ranks }: Startup): RankMemory {
  return ranks.reduce((least, rank) => (rank.numBlocks < least.numBlocks ? rank : least));
}

function wantedAndLeft({ numBlocks, blocksPerRequest }: Startup, { blockBytes }: RankMemory): string {
  return `the longest request wants ${gib(blocksPerRequest * blockBytes)} GiB of KV cache (${blocksPerRequest} blocks), there are ${gib(numBlocks * blockBytes)} GiB (${numBlocks})`;
}

/** As Python's round(x, 2) prints it. */
function rounded(bytes: number): string {
  return String(Math.round((bytes / GIB) * 100) / 100);
}
