import type { Refusal } from './check.ts';
import { longestRequest } from './kv-layout.ts';
import type { RankMemory } from './plan.ts';
import type { Startup, StartupInput } from './startup.ts';
import { GIB, gib, MIB } from './units.ts';

const DOCS = 'See https://docs.vllm.ai/en/latest/configuration/conserving_memory/ for more details.';

/** The first thing that goes wrong between the start and the KV cache; null if nothing does. */
export function startRefusal(input: StartupInput, startup: Startup): Refusal | null {
  const checks = [
    input.rules.engine === 'v1' && input.kvCacheMemoryBytes === null ? freeMemory : null,
    weightsFit,
    profileFits,
    someBlocks,
    oneRequestFits,
    allocationFits,
  ];
  for (const check of checks) {
    const refusal = check?.(input, startup) ?? null;
    if (refusal !== null) return refusal;
  }
  return null;
}

type Check = (input: StartupInput, startup: Startup) => Refusal | null;

/** V1 asks for its share before it loads anything. */
const freeMemory: Check = ({ memoryShare }, { ranks }) => {
  const short = ranks.find((rank) => rank.totalBytes - rank.otherBytes < rank.budgetBytes);
  if (short === undefined) return null;
  const free = short.totalBytes - short.otherBytes;
  return {
    because: 'no-kv-cache-memory',
    message: `ValueError: Free memory on device cuda:${short.rank} (${rounded(free)}/${rounded(short.totalBytes)} GiB) on startup is less than desired GPU memory utilization (${memoryShare}, ${rounded(short.budgetBytes)} GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.`,
    advice: `other processes hold ${gib(short.otherBytes)} GiB: --gpu-memory-utilization ${floorShare(free / short.totalBytes)} or less, or end them`,
  };
};

const weightsFit: Check = (input, { ranks }) => {
  const short = ranks.find((rank) => rank.weightBytes + rank.otherBytes > rank.totalBytes);
  if (short === undefined) return null;
  const enough = Math.ceil((short.weightBytes * worldOf(input)) / (0.85 * short.totalBytes));
  return {
    because: 'weights-do-not-fit',
    message: `torch.OutOfMemoryError: CUDA out of memory. GPU ${short.rank} has a total capacity of ${gib(short.totalBytes)} GiB`,
    advice: `the weights take ${gib(short.weightBytes)} GiB${ranks.length > 1 ? ` on each of ${ranks.length} GPUs` : ''}: spread them over ${enough} or more (--tensor-parallel-size), or take a quantized model${offloadAdvice(input, short.weightBytes - 0.85 * short.totalBytes)}`,
  };
};

const profileFits: Check = (input, { ranks }) => {
  const short = ranks.find((rank) => peakOf(rank) + rank.otherBytes > rank.totalBytes);
  if (short === undefined) return null;
  return {
    because: 'weights-do-not-fit',
    message: `torch.OutOfMemoryError: CUDA out of memory. GPU ${short.rank} has a total capacity of ${gib(short.totalBytes)} GiB`,
    advice: `beside ${gib(short.weightBytes)} GiB of weights, the profiling run takes ${gib(short.activationBytes)} GiB: ${smallerBatch(input, short)}, or more GPUs`,
  };
};

const someBlocks: Check = (input, startup) => {
  if (startup.numBlocks > 0) return null;
  const isV0 = input.rules.engine === 'v0';
  const message = `ValueError: No available memory for the cache blocks. Try increasing \`gpu_memory_utilization\` when initializing the engine${isV0 ? '.' : ` (this flag also controls CPU memory reservation on the CPU backend, despite its name). ${DOCS}`}`;
  if (input.numBlocksOverride !== null) {
    const advice = `--num-gpu-blocks-override ${input.numBlocksOverride} means no blocks, not "automatic": leave it out`;
    return { because: 'no-kv-cache-memory', message, advice };
  }
  const least = smallestRank(startup);
  const wanted = startup.blocksPerRequest * least.blockBytes;
  return {
    because: 'no-kv-cache-memory',
    message,
    advice: `weights take ${gib(least.weightBytes)} GiB, activations ${gib(least.activationBytes)}, the rest ${gib(least.nonTorchBytes + least.cudaGraphBytes)} of the ${gib(least.budgetBytes)} GiB that vLLM may use: ${roomFor(input, least, wanted)}`,
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
      advice: `--max-model-len ${capacity} or less fits; ${roomFor(input, least, blocksPerRequest * least.blockBytes)}`,
    };
  }
  if (blocksPerRequest <= numBlocks) return null;
  const estimate =
    fits > 0 ? `Based on the available memory, the estimated maximum model length is ${fits}. ` : '';
  const available = Math.min(least.availableBytes, (numBlocks + 1) * least.blockBytes);
  return {
    because: 'kv-cache-too-small',
    message: `ValueError: To serve at least one request with the model's max seq len (${maxModelLen}), (${gib(blocksPerRequest * least.blockBytes)} GiB KV cache is needed, which is larger than the available KV cache memory (${gib(available)} GiB). ${estimate}Try increasing \`gpu_memory_utilization\` (which also controls CPU memory on the CPU backend) or decreasing \`max_model_len\` when initializing the engine. ${DOCS}`,
    advice: `${fits > 0 ? `--max-model-len ${fits} or less fits; ` : ''}${roomFor(input, least, blocksPerRequest * least.blockBytes)}`,
  };
};

/** V0 takes its share whatever others hold; one tensor per layer is then one too many. */
const allocationFits: Check = ({ architecture }, { ranks }) => {
  const short = ranks.find(
    (rank) => rank.otherBytes + rank.weightBytes + rank.nonTorchBytes + rank.kvCacheBytes > rank.totalBytes,
  );
  if (short === undefined) return null;
  const layers = architecture.numLayers;
  // Large allocations are whole multiples of 2 MiB.
  const tensor = Math.ceil(short.kvCacheBytes / layers / (2 * MIB)) * 2 * MIB;
  const free = short.totalBytes - short.otherBytes - short.weightBytes - short.nonTorchBytes;
  const allocated = Math.floor(free / tensor);
  const left = free - allocated * tensor;
  const others =
    short.otherBytes > 0
      ? `other processes hold ${gib(short.otherBytes)} GiB, which nothing subtracts: --gpu-memory-utilization ${floorShare((short.totalBytes - short.otherBytes) / short.totalBytes)} or less`
      : 'more is asked for than the GPU has: leave out what overrides the size of the KV cache';
  return {
    because: 'allocation-failed',
    message: `torch.OutOfMemoryError: CUDA out of memory. Tried to allocate ${gibOrMib(tensor)}. GPU ${short.rank} has a total capacity of ${gib(short.totalBytes)} GiB of which ${gibOrMib(left)} is free.`,
    advice: `the KV cache of layer ${Math.min(allocated + 1, layers)} of ${layers} finds no room; ${others}`,
  };
};

function smallestRank({ ranks }: Startup): RankMemory {
  return ranks.reduce((least, rank) => (rank.numBlocks < least.numBlocks ? rank : least));
}

function peakOf(rank: RankMemory): number {
  return rank.weightBytes + rank.activationBytes + rank.nonTorchBytes;
}

/** What would make room for so many bytes of KV cache on this rank. */
function roomFor(input: StartupInput, rank: RankMemory, bytes: number): string {
  const share = (peakOf(rank) + rank.cudaGraphBytes + bytes) / rank.totalBytes;
  const advice: string[] = [];
  if (share <= 0.98) advice.push(`--gpu-memory-utilization ${ceilShare(share)} or more`);
  else if (share * rank.totalBytes - rank.activationBytes < 0.95 * rank.totalBytes) {
    advice.push(smallerBatch(input, rank));
  }
  advice.push(moreGpus(input), 'a quantized model');
  if (input.kvElementBytes > 1 && share > 0.98)
    advice.push('--kv-cache-dtype fp8 (half the bytes per token)');
  return `room for ${gib(bytes)} GiB of KV cache: ${advice.join(', ')}`;
}

/** Twice as many GPUs: by tensor parallelism where the heads allow it and the KV cache is cut by it. */
function moreGpus({ parallel, architecture }: StartupInput): string {
  const { tensor, pipeline } = parallel;
  const gpus = `${tensor * pipeline * 2} GPUs`;
  const cutsCache = architecture.mla === null && tensor < architecture.numKvHeads;
  return cutsCache && architecture.numHeads % (tensor * 2) === 0
    ? `${gpus} (--tensor-parallel-size ${tensor * 2})`
    : `${gpus} (--pipeline-parallel-size ${pipeline * 2})`;
}

function smallerBatch({ limits }: StartupInput, { activation }: RankMemory): string {
  return activation.sampler > activation.mlp
    ? `--max-num-seqs below ${limits.maxNumSeqs} (the sampler takes ${gib(activation.sampler)} GiB)`
    : `--max-num-batched-tokens below ${limits.maxNumBatchedTokens} (the MLP takes ${gib(activation.mlp)} GiB)`;
}

function offloadAdvice(input: StartupInput, bytes: number): string {
  const already = input.offloadBytes / GIB;
  return `, or --cpu-offload-gb ${Math.ceil(already + bytes / GIB)}, at the price of its transfer in every step`;
}

function worldOf({ parallel }: StartupInput): number {
  return parallel.tensor * parallel.pipeline;
}

/** As Python's round(x, 2) prints it. */
function rounded(bytes: number): string {
  return String(Math.round((bytes / GIB) * 100) / 100);
}

function ceilShare(share: number): string {
  return (Math.ceil(share * 100) / 100).toFixed(2);
}

function floorShare(share: number): string {
  return (Math.floor(share * 100) / 100).toFixed(2);
}

function gibOrMib(bytes: number): string {
  return bytes >= GIB ? `${gib(bytes)} GiB` : `${(bytes / MIB).toFixed(2)} MiB`;
}
