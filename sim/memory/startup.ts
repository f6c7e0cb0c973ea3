import type { Architecture } from '../catalog/architecture.ts';
import type { Link } from '../catalog/links.ts';
import { activationPeak } from './activation.ts';
import type { BatchLimits } from './batch-limits.ts';
import type { AllocatorConf } from './caching-allocator/conf.ts';
import { cudaGraphBytes } from './cuda-graphs.ts';
import { type Drafter, drafterTensors } from './drafter.ts';
import type { GraphCapture } from './graph-capture.ts';
import { layerKvBytes } from './kv-cache.ts';
import {
  blocksPerRequest,
  type KvLayout,
  kvLayout,
  smallestBlockSize,
  stageBlockBytes,
} from './kv-layout.ts';
import type { LoraSlots } from './lora.ts';
import { outsideTorch } from './outside-torch.ts';
import { type Parallel, placesOf, type RankPlace } from './parallel.ts';
import type { RankMemory } from './rank-memory.ts';
import type { StartupRules } from './rules.ts';
import type { WeightFormat } from './weight-format.ts';
import { rankWeights, sumOfWeights } from './weights.ts';

/** Everything that the memory of a start depends on, resolved. */
export interface StartupInput {
  readonly architecture: Architecture;
  readonly rules: StartupRules;
  readonly parallel: Parallel;
  readonly format: WeightFormat;
  readonly kvElementBytes: number;
  readonly blockSize: number;
  readonly limits: BatchLimits;
  /** Of one GPU. */
  readonly totalBytes: number;
  readonly computeCapability: number;
  readonly link: Link;
  /** gpu_memory_utilization. */
  readonly memoryShare: number;
  readonly graphs: GraphCapture;
  /** Cache groups by kind of attention, in V1. */
  readonly separateKinds: boolean;
  /** --kv-cache-memory-bytes: replaces the budget; null = not stated. */
  readonly kvCacheMemoryBytes: number | null;
  readonly numBlocksOverride: number | null;
  /** --max-model-len auto: the longest requests of which one fits. */
  readonly fitsLength?: boolean;
  /** Slots of --enable-lora; absent = none. */
  readonly lora?: LoraSlots | null;
  /** false: the profiling run leaves the encoder out. */
  readonly profilesEncoder?: boolean;
  /** Who drafts; absent = nobody, or it takes nothing. */
  readonly drafter?: Drafter | null;
  /** Weights to keep in host memory, per rank. */
  readonly offloadBytes: number;
  /** Of the load balancer on each rank, by pipeline stage, bytes each; empty without one. */
  readonly balancerTensors: readonly (readonly number[])[];
  /** DeepEP's buffers, outside of torch, on each rank. */
  readonly communicationBytes: number;
  /** Held by other processes, GPU by GPU; those that are missing hold nothing. */
  readonly otherBytes: readonly number[];
  /** PYTORCH_CUDA_ALLOC_CONF. */
  readonly allocatorConf: AllocatorConf;
}

export interface Startup {
  readonly ranks: readonly RankMemory[];
  readonly layout: KvLayout;
  /** Of all ranks: the fewest that any has room for, or the override. */
  readonly numBlocks: number;
  /** Blocks that one request of max_model_len may hold. */
  readonly blocksPerRequest: number;
  /** "GPU KV cache size" as vLLM prints it, tokens. */
  readonly kvCacheTokens: number;
  readonly maxConcurrency: number;
}

/** The memory of every rank and what comes of it; says nothing about whether vLLM would accept it. */
export function startUp(input: StartupInput): Startup {
  const { architecture, rules, parallel, limits } = input;
  const layerBytes = layerKvBytes(architecture, parallel.tensor, input.kvElementBytes, rules.mlaAlignment);
  const separate = rules.engine === 'v1' && input.separateKinds;
  const layout = kvLayout(architecture.localAttention, input.blockSize, layerBytes, separate, {
    contextRanks: parallel.contextRanks,
    draftBytes: draftBytes(input),
  });
  const ranks = placesOf(parallel).map((place, rank) => rankMemory(input, layout, place, rank));
  const numBlocks = input.numBlocksOverride ?? Math.max(0, Math.min(...ranks.map((rank) => rank.numBlocks)));
  const perRequest = blocksPerRequest(layout, limits.maxModelLen, limits.maxNumBatchedTokens);
  return {
    ranks: ranks.map((rank) => ({ ...rank, kvCacheBytes: numBlocks * rank.blockBytes })),
    layout,
    numBlocks,
    blocksPerRequest: perRequest,
    ...capacityOf(layout, rules, numBlocks, limits.maxModelLen, perRequest),
  };
}

/** Of every layer of who drafts, per token. */
function draftBytes({ drafter, parallel, kvElementBytes, rules }: StartupInput): number[] {
  return drafter?.model
    ? layerKvBytes(drafter.model, parallel.tensor, kvElementBytes, rules.mlaAlignment)
    : [];
}

/** What so many blocks hold, by the version's own rule: V0 counts tokens, V1 whole blocks of a request. */
export function capacityOf(
  layout: KvLayout,
  rules: StartupRules,
  numBlocks: number,
  maxModelLen: number,
  perRequest: number,
): { maxConcurrency: number; kvCacheTokens: number } {
  const perGroup = Math.floor(numBlocks / layout.groups.length) * smallestBlockSize(layout);
  if (rules.engine === 'v0') return { maxConcurrency: perGroup / maxModelLen, kvCacheTokens: perGroup };
  const maxConcurrency = numBlocks / perRequest;
  return {
    maxConcurrency,
    kvCacheTokens: rules.tokensFromConcurrency ? Math.floor(maxConcurrency * maxModelLen) : perGroup,
  };
}

/** The load balancer's tensors on one rank; bytes each. */
export function balancerTensorsOf(
  { balancerTensors }: StartupInput,
  { stage }: RankPlace,
): readonly number[] {
  return balancerTensors[stage] ?? [];
}

/** The weights of who drafts on one rank, on the last stage; bytes each. */
export function drafterTensorsOf(
  { drafter, parallel }: StartupInput,
  { stage }: RankPlace,
): readonly number[] {
  return drafter && stage === parallel.pipeline - 1 ? drafterTensors(drafter, parallel) : [];
}

function rankMemory(input: StartupInput, layout: KvLayout, place: RankPlace, rank: number): RankMemory {
  const { architecture, rules, parallel, limits, totalBytes } = input;
  const weights = rankWeights(architecture, parallel, place, input.format, input.lora);
  const weightBytes = Math.max(0, sumOfWeights(weights) - input.offloadBytes);
  const balancerBytes = total(balancerTensorsOf(input, place));
  const drafterBytes = total(drafterTensorsOf(input, place));
  const activation = activationPeak(architecture, parallel, rules, {
    tokens: limits.maxNumBatchedTokens,
    sequences: limits.maxNumSeqs,
    samples: place.stage === parallel.pipeline - 1,
    encodes: place.stage === 0 && input.profilesEncoder !== false,
    computeCapability: input.computeCapability,
  });
  // Replicas talk to each other only where experts are spread over them.
  const group = parallel.tensor * parallel.pipeline * (architecture.moe === null ? 1 : parallel.data);
  const { counted, uncounted } = outsideTorch(group, input.link, rules);
  const nonTorchBytes = counted + input.communicationBytes;
  const graphs = rules.budgetsGraphs
    ? cudaGraphBytes(architecture.numLayers / parallel.pipeline, input.graphs)
    : 0;
  const budgetBytes = Math.ceil(totalBytes * input.memoryShare);
  const availableBytes =
    input.kvCacheMemoryBytes ??
    budgetBytes - weightBytes - balancerBytes - drafterBytes - activation.bytes - nonTorchBytes - graphs;
  const blockBytes = stageBlockBytes(layout, parallel.pipeline, place.stage);
  return {
    rank,
    place,
    totalBytes,
    budgetBytes,
    otherBytes: input.otherBytes[rank] ?? 0,
    weightBytes,
    weights,
    offloadedBytes: sumOfWeights(weights) - weightBytes,
    balancerBytes,
    drafterBytes,
    activationBytes: activation.bytes,
    activation,
    nonTorchBytes,
    uncountedBytes: uncounted,
    cudaGraphBytes: graphs,
    availableBytes,
    blockBytes,
    numBlocks: Math.max(0, Math.floor(availableBytes / blockBytes)),
    kvCacheBytes: 0,
  };
}

function total(bytes: readonly number[]): number {
  return bytes.reduce((sum, each) => sum + each, 0);
}
