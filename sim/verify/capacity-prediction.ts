import type { BatchLimits } from '../memory/batch-limits.ts';
import { defaultBlockSize } from '../memory/block-size.ts';
import { defaultAllocatorConf } from '../memory/caching-allocator/conf.ts';
import { type GraphCapture, NO_GRAPHS, usualGraphs, v0Graphs } from '../memory/graph-capture.ts';
import { smallestBlockSize } from '../memory/kv-layout.ts';
import { roomRange } from '../memory/room-range.ts';
import type { StartupRules } from '../memory/rules.ts';
import { type AllocationFailure, allocateRanks } from '../memory/start-allocation.ts';
import { type StartupInput, startUp } from '../memory/startup.ts';
import { GIB } from '../units.ts';
import { knowsLayers, recordLayout } from './capacity-blocks.ts';
import { recordGpu } from './capacity-gpu.ts';
import { recordLimits } from './capacity-limits.ts';
import { recordFormat, recordKvBytes, recordModel } from './capacity-model.ts';
import type { CapacityRecord } from './capacity-record.ts';
import { isTooOld, recordRules } from './capacity-release.ts';

/** Memory of one rank predicted from the configuration alone, beside what the log printed; GiB. */
export interface Prediction {
  /** The log states all that decides; otherwise vLLM's defaults stand in for what it does not state. */
  readonly stated: boolean;
  readonly kvGib: number;
  readonly loggedKvGib: number;
  /** (predicted − logged) / logged. */
  readonly error: number;
  /** How sure `poolscope plan` would be, GiB either way. */
  readonly spreadGib: number;
  /** What was logged did start, so nothing should fail to be allocated here. */
  readonly outOfMemory: AllocationFailure | null;
  readonly parts: readonly Part[];
}

export interface Part {
  readonly name: 'weights' | 'activation' | 'outside torch' | 'CUDA graphs';
  readonly predicted: number;
  /** null: not printed. */
  readonly logged: number | null;
}

/** What the configuration must say for a prediction to be one. */
const DECISIVE = ['tensor_parallel_size', 'gpu_memory_utilization', 'max_model_len'];

/** More than any GPU has. */
const MOST_GIB = 800;

/** KV bytes from configuration alone, or why this kind of start is not predicted. */
export function predictCapacity(record: CapacityRecord): Prediction | { readonly unsupported: string } {
  const unsupported = reasonAgainst(record);
  if (unsupported !== null) return { unsupported };
  const gpu = recordGpu(record);
  const architecture = recordModel(record);
  const format = architecture === null ? null : recordFormat(record, architecture);
  const elementBytes = recordKvBytes(record);
  const loggedKvGib = loggedKv(record);
  if (gpu === null) return { unsupported: 'its GPU is not in the catalogue' };
  if (!(gpu.memoryGib > 0 && gpu.memoryGib < MOST_GIB))
    return { unsupported: "its GPU's memory is not known" };
  if (architecture === null) return { unsupported: 'its architecture is not known' };
  if (format === null) return { unsupported: `weights quantized by ${record.quantization}` };
  if (elementBytes === null) return { unsupported: `a KV cache of ${record.kv_cache_dtype}` };
  if (loggedKvGib === null || loggedKvGib <= 0)
    return { unsupported: 'the log does not print the size of the KV cache' };
  const rules = recordRules(record);
  const isStated = (field: string) => !record.assumed.includes(field);
  const limits = recordLimits(record, rules, architecture);
  const input: StartupInput = {
    architecture,
    rules,
    parallel: {
      tensor: record.tensor_parallel_size ?? 1,
      pipeline: record.pipeline_parallel_size ?? 1,
      data: record.data_parallel_size ?? 1,
      experts: false,
      contextRanks: record.decode_context_parallel ?? 1,
    },
    format,
    kvElementBytes: elementBytes,
    blockSize: record.block_size ?? defaultBlockSize(architecture, gpu, rules.engine, elementBytes),
    limits,
    totalBytes: gpu.memoryGib * GIB,
    computeCapability: gpu.computeCapability,
    link: gpu.link,
    memoryShare:
      isStated('gpu_memory_utilization') && record.gpu_memory_utilization !== null
        ? record.gpu_memory_utilization
        : rules.memoryShare,
    graphs: recordGraphs(record, rules, limits),
    separateKinds: true,
    kvCacheMemoryBytes: null,
    numBlocksOverride: null,
    offloadBytes: 0,
    balancerTensors: [],
    communicationBytes: 0,
    otherBytes: [],
    allocatorConf: defaultAllocatorConf(),
  };
  const startup = startUp(input);
  const { ranks, numBlocks } = startup;
  const [rank] = ranks;
  const failures = allocateRanks(input, startup).map(({ failure }) => failure);
  const { observed } = record;
  const kvGib = (numBlocks * rank.blockBytes) / GIB;
  return {
    stated: DECISIVE.every((field) => record.stated.includes(field)),
    kvGib,
    loggedKvGib,
    error: (kvGib - loggedKvGib) / loggedKvGib,
    spreadGib: (roomRange(input, startup)?.bytes ?? 0) / GIB,
    outOfMemory: failures.find((failure) => failure !== null) ?? null,
    parts: [
      part('weights', rank.weightBytes, observed.weights_load_gib ?? observed.weights_gib),
      part('activation', rank.activationBytes, observed.activation_peak_gib),
      part('outside torch', rank.nonTorchBytes, observed.non_torch_gib),
      part('CUDA graphs', rank.cudaGraphBytes, rules.budgetsGraphs ? observed.cudagraph_est_gib : undefined),
    ],
  };
}

function recordGraphs(record: CapacityRecord, { engine }: StartupRules, limits: BatchLimits): GraphCapture {
  if (record.enforce_eager === true) return NO_GRAPHS;
  return engine === 'v0' ? v0Graphs(limits) : usualGraphs(limits);
}

function part(name: Part['name'], bytes: number, logged: number | undefined): Part {
  return { name, predicted: bytes / GIB, logged: logged ?? null };
}

/** Kinds of start for which a log's fields do not say what decides. */
function reasonAgainst(record: CapacityRecord): string | null {
  const name = record.model ?? '';
  if (record.gpu === null && record.gpu_mem_gib === null) return 'the log does not name the GPU';
  const model = recordModel(record);
  if (record.hybrid && (model === null || !knowsLayers(model))) {
    return 'attention of several kinds: the layers are not in the record';
  }
  if (model === null) return 'its architecture is not known';
  if (model.isMultimodal) return 'a multimodal encoder: its peak depends on its processor and its kernels';
  if (record.engine === 'v0' && (model.mla !== null || record.arch?.kind?.startsWith('mla')))
    return 'MLA on V0';
  if (/-unsloth-bnb/i.test(name)) return 'dynamic NF4: which layers stay at 16 bits only the checkpoint says';
  if (/pruned|sparse/i.test(name)) return 'sparse weights';
  if (/medusa|eagle/i.test(name)) return 'a draft model inside the model';
  if (isTooOld(record)) return 'older than vLLM 0.6.3';
  if (record.consistent === false) return 'its own figures do not fit together';
  return null;
}

/** GiB of the KV cache: of the blocks that were allocated, if the log says how many. */
function loggedKv(record: CapacityRecord): number | null {
  const { observed } = record;
  const layout = recordLayout(record);
  if (layout === null) return null;
  if (observed.num_gpu_blocks !== undefined) return (observed.num_gpu_blocks * layout.blockBytes) / GIB;
  if (observed.kv_cache_gib !== undefined) return observed.kv_cache_gib;
  if (observed.kv_cache_tokens === undefined) return null;
  return ((observed.kv_cache_tokens / smallestBlockSize(layout.layout)) * layout.blockBytes) / GIB;
}
