import type { Architecture } from '../catalog/architecture.ts';
import { findGpu, type Gpu, suggestGpu, unknownGpu } from '../catalog/gpus.ts';
import type { LinkTiming } from '../catalog/links.ts';
import type { ModelConfig } from '../catalog/model-config.ts';
import { findModel, suggestModel } from '../catalog/models.ts';
import { parseModelConfig } from '../catalog/parse-model-config.ts';
import { InputError } from '../error.ts';
import { balancerTensors, communicationBytes, leftOnHost } from '../moe/expert-memory.ts';
import { balancerOf, scenarioShape } from '../moe/scenario-shape.ts';
import { calibrated } from '../scenario/calibration.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { GIB } from '../units.ts';
import { type BatchLimits, batchLimits } from './batch-limits.ts';
import type { AllocatorConf } from './caching-allocator/conf.ts';
import { redundantExperts } from './eplb-checks.ts';
import { asFlagged, overridden, profilesEncoder, runsEagerly } from './flagged-model.ts';
import { flagsOf, numberOf } from './flags.ts';
import { kvElementBytes, layerKvBytes } from './kv-cache.ts';
import { pagesUnify } from './kv-layout.ts';
import type { LoraSlots } from './lora.ts';
import type { Parallel } from './parallel.ts';
import { rulesOf } from './rules.ts';
import type { StartupInput } from './startup.ts';
import { WEIGHT_FORMATS, type WeightFormat, weightFormat } from './weight-format.ts';

const DEFAULT_BLOCK_SIZE = 16;
/** FlashMLA's, and that of the sparse attention's indexer. */
const MLA_BLOCK_SIZE = 64;
/** V1 runs FlashMLA on Hopper and on Blackwell of the data centre. */
const FLASH_MLA_GENERATIONS = [9, 10];

/** What a plan and a step-time model are made of: the parts of the catalogue that a scenario names. */
export interface ResolvedHardware {
  readonly architecture: Architecture;
  readonly gpu: Gpu;
  /** Timing of a link that the user describes; null = that of the GPU's kind of link. */
  readonly link: LinkTiming | null;
  readonly parallel: Parallel;
  readonly tensorParallel: number;
  readonly weightFormat: WeightFormat;
  /** Of one weight of the matrices. */
  readonly weightBytes: number;
  readonly kvElementBytes: number;
  readonly enforceEager: boolean;
}

/**
 * Looks up the model and the GPU of a scenario.
 * @throws InputError for a name that the catalogue does not know, and for what Poolscope has no formulas for.
 */
export function resolveHardware(scenario: Scenario): ResolvedHardware {
  const { gpu, link } = machineOf(scenario);
  const architecture = architectureOf(scenario);
  const flag = flagsOf(scenario);
  const method = (flag('quantization') as string | null) ?? architecture.quantMethod;
  const dtypeBytes = /^float(32)?$/.test(String(flag('dtype'))) ? 4 : 2;
  const bits =
    formatNameOf(method) === formatNameOf(architecture.quantMethod) ? architecture.quantBits : null;
  const format = weightFormat(method, bits, dtypeBytes, architecture.quantizesExpertsOnly);
  if (format === null) {
    throw problem(
      scenario,
      'model',
      `weights quantized by ${method} are not modelled; known: ${WEIGHT_FORMATS.join(', ')}`,
    );
  }
  const tensor = numberOf(flag('tensor_parallel_size'), 1);
  const kvDtype = String(flag('kv_cache_dtype') ?? 'auto');
  const elementBytes = kvElementBytes(kvDtype, dtypeBytes);
  if (elementBytes === null) {
    throw problem(scenario, 'engine.kv-cache-dtype', `not modelled: --kv-cache-dtype ${kvDtype}`);
  }
  if (!pagesUnify(layerKvBytes(architecture, Math.max(1, tensor), dtypeBytes))) {
    throw problem(scenario, 'model', 'not modelled: layers whose KV pages are no multiples of each other');
  }
  return {
    architecture,
    gpu,
    link,
    parallel: {
      tensor,
      pipeline: numberOf(flag('pipeline_parallel_size'), 1),
      data: numberOf(flag('data_parallel_size'), 1),
      experts: flag('enable_expert_parallel') === true,
      redundantExperts: redundantExperts(flag('eplb_config')),
      copiesEncoder: flag('mm_encoder_tp_mode') === 'data',
    },
    tensorParallel: tensor,
    weightFormat: format,
    weightBytes: format.bytes,
    kvElementBytes: elementBytes,
    enforceEager: runsEagerly(scenario),
  };
}

/** The GPU, the catalogue's or the user's, and what joins it with others. */
function machineOf(scenario: Scenario): Pick<ResolvedHardware, 'gpu' | 'link'> {
  const { gpu: name, given, calibration, link } = scenario.hardware;
  const known = given ?? findGpu(name);
  if (known === null) {
    throw problem(scenario, 'hardware.gpu', unknownGpu(name), suggestGpu(name));
  }
  const gpu = calibration === null ? known : calibrated(known, calibration);
  if (typeof link === 'string') return { gpu: { ...gpu, link }, link: null };
  return { gpu, link: calibration?.link ?? link };
}

/** GPUs that the parallel sizes of a scenario ask for. */
export function gpusNeeded(scenario: Scenario): number {
  const flag = flagsOf(scenario);
  const sizes = ['tensor_parallel_size', 'pipeline_parallel_size', 'data_parallel_size'];
  return sizes.reduce((product, name) => product * Math.max(1, numberOf(flag(name), 1)), 1);
}

/** The limits of a scenario's batches, its flags and vLLM's defaults together. */
export function limitsOf(scenario: Scenario, { gpu, architecture }: ResolvedHardware): BatchLimits {
  const flag = flagsOf(scenario);
  const stated = (name: string) => (typeof flag(name) === 'number' ? numberOf(flag(name), 0) : null);
  // V0 does not chunk by itself where there are adapters.
  const isOff = scenario.vllm === '0.6.3' && flag('enable_lora') === true;
  const chunked = flag('enable_chunked_prefill') ?? (isOff ? false : null);
  return batchLimits(
    {
      maxModelLen: stated('max_model_len'),
      maxNumSeqs: stated('max_num_seqs'),
      maxNumBatchedTokens: stated('max_num_batched_tokens'),
      enableChunkedPrefill: typeof chunked === 'boolean' ? chunked : null,
      maxNumPartialPrefills: stated('max_num_partial_prefills'),
      longPrefillTokenThreshold: stated('long_prefill_token_threshold'),
      doublesDefaults: flag('performance_mode') === 'throughput',
    },
    rulesOf(scenario.vllm),
    gpu,
    architecture,
  );
}

/** What the flags that size a pool come to, stated or by default. */
export function sizingFlags(scenario: Scenario) {
  const flag = flagsOf(scenario);
  const rules = rulesOf(scenario.vllm);
  const hardware = resolveHardware(scenario);
  const { architecture, gpu } = hardware;
  return {
    gpu_memory_utilization: numberOf(flag('gpu_memory_utilization'), rules.memoryShare),
    block_size: numberOf(flag('block_size'), defaultBlockSize(architecture, gpu, rules.engine)),
    max_model_len: limitsOf(scenario, hardware).maxModelLen,
    tensor_parallel_size: numberOf(flag('tensor_parallel_size'), 1),
    ...(architecture.moe !== null && { enable_expert_parallel: hardware.parallel.experts }),
  };
}

export type SizingFlags = ReturnType<typeof sizingFlags>;

/** All that the memory of a scenario's start depends on. */
export function startupInputOf(
  scenario: Scenario,
  hardware: ResolvedHardware,
  limits: BatchLimits,
  allocatorConf: AllocatorConf,
): StartupInput {
  const flag = flagsOf(scenario);
  const { gpu, architecture } = hardware;
  const rules = rulesOf(scenario.vllm);
  const stated = (name: string) => (typeof flag(name) === 'number' ? numberOf(flag(name), 0) : null);
  return {
    architecture,
    rules,
    parallel: hardware.parallel,
    format: hardware.weightFormat,
    kvElementBytes: hardware.kvElementBytes,
    blockSize: numberOf(flag('block_size'), defaultBlockSize(architecture, gpu, rules.engine)),
    limits,
    totalBytes: Math.round(gpu.memoryGib * GIB),
    link: gpu.link,
    memoryShare: numberOf(flag('gpu_memory_utilization'), rules.memoryShare),
    enforceEager: hardware.enforceEager,
    separateKinds: flag('disable_hybrid_kv_cache_manager') !== true,
    kvCacheMemoryBytes: stated('kv_cache_memory_bytes'),
    numBlocksOverride: stated('num_gpu_blocks_override'),
    lora: loraSlots(scenario),
    profilesEncoder: profilesEncoder(scenario),
    offloadBytes: Math.round(numberOf(flag('cpu_offload_gb'), 0) * GIB) + cachedExperts(scenario, hardware),
    ...besideExperts(scenario, hardware, limits),
    otherBytes: scenario.hardware.otherGib.map((gib) => Math.round(gib * GIB)),
    allocatorConf,
  };
}

/** vLLM's defaults where the flags do not say. */
function loraSlots(scenario: Scenario): LoraSlots | null {
  const flag = flagsOf(scenario);
  if (flag('enable_lora') !== true) return null;
  return {
    adapters: numberOf(flag('max_loras'), 1),
    rank: numberOf(flag('max_lora_rank'), 16),
    sharded: flag('fully_sharded_loras') === true,
    extraVocabulary: scenario.vllm === '0.6.3' ? numberOf(flag('lora_extra_vocab_size'), 256) : 0,
  };
}

/** Bytes of experts per rank that the scenario's expert cache, an experiment, leaves in host memory. */
function cachedExperts(scenario: Scenario, hardware: ResolvedHardware): number {
  const { expertCache } = scenario.moe;
  const shape = scenarioShape(scenario, hardware, 0);
  return expertCache === null || shape === null ? 0 : leftOnHost(shape, expertCache.slots);
}

/** What spread experts need on a rank beside their weights. */
function besideExperts(
  scenario: Scenario,
  hardware: ResolvedHardware,
  limits: BatchLimits,
): Pick<StartupInput, 'balancerTensors' | 'communicationBytes'> {
  const shape = scenarioShape(scenario, hardware, limits.maxNumBatchedTokens);
  const balancer = balancerOf(scenario);
  if (shape === null) return { balancerTensors: [], communicationBytes: 0 };
  return {
    balancerTensors: balancer === null ? [] : balancerTensors(shape, balancer),
    communicationBytes: communicationBytes(shape),
  };
}

/** V1 lets the attention kernel choose: MLA on Hopper and Blackwell takes blocks of 64 tokens. */
export function defaultBlockSize(
  { mla }: Architecture,
  { computeCapability }: Pick<Gpu, 'computeCapability'>,
  engine: 'v0' | 'v1',
): number {
  const hasFlashMla = FLASH_MLA_GENERATIONS.includes(Math.floor(computeCapability));
  const isLarge = engine === 'v1' && mla !== null && (mla.indexDim > 0 || hasFlashMla);
  return isLarge ? MLA_BLOCK_SIZE : DEFAULT_BLOCK_SIZE;
}

/**
 * The config.json of a scenario's model, its own or the catalogue's.
 * @throws InputError if there is neither.
 */
export function modelConfigOf(scenario: Scenario): ModelConfig {
  const { model, startedBy } = scenario;
  const config = model.config ?? findModel(model.name)?.config;
  if (config === undefined) {
    throw problem(
      model.field === 'command' && startedBy !== null ? { ...scenario, ...startedBy } : scenario,
      model.field,
      `"${model.name}" is not in the catalogue of models; give its config.json as model: {config: PATH}`,
      suggestModel(model.name),
    );
  }
  return config;
}

function architectureOf(scenario: Scenario): Architecture {
  const architecture = parseModelConfig(overridden(modelConfigOf(scenario), scenario));
  if (architecture.unsupported !== null) {
    throw problem(scenario, 'model', `not modelled: ${architecture.unsupported}`);
  }
  if ('missing' in architecture) {
    throw problem(
      scenario,
      'model.config',
      `the config.json lacks a usable ${architecture.missing.join(', ')}`,
    );
  }
  return asFlagged(architecture, scenario);
}

function problem(
  { file, placeOf, place }: Pick<Scenario, 'file' | 'placeOf'> & Partial<NonNullable<Scenario['startedBy']>>,
  field: string,
  message: string,
  suggestion: string | null = null,
): InputError {
  return new InputError([
    { file, place: place ?? placeOf(field), field, message, suggestion: suggestion ?? undefined },
  ]);
}

function formatNameOf(method: string | null): string | null {
  return method === null ? null : method.replace(/_marlin$/, '');
}
