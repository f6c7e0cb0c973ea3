import { type Architecture, parseModelConfig } from '../catalog/architecture.ts';
import { findGpu, type Gpu, suggestGpu } from '../catalog/gpus.ts';
import { findModel, suggestModel } from '../catalog/models.ts';
import { InputError } from '../error.ts';
import type { FlagValue, Scenario } from '../scenario/scenario.ts';
import type { SchedulerConfig } from '../scheduler/config.ts';
import { activationPeakBytes } from './activation.ts';
import { kvBytesPerToken, kvElementBytes } from './kv-cache.ts';
import type { Plan, RankMemory } from './plan.ts';
import { bytesPerWeight, weightBytesPerRank } from './weights.ts';

const GIB = 1024 * 1024 * 1024;
/** CUDA context and libraries; NCCL's buffers beyond one rank. Medians of start-up logs, first version. */
const CONTEXT_BYTES = 0.1 * GIB;
const NCCL_BYTES = 0.6 * GIB;
/** CUDA graphs as V1 logs them: median of one-GPU runs. */
const GRAPH_BYTES = 0.5 * GIB;
const DEFAULT_BLOCK_SIZE = 16;
/** vLLM's own default share of a prompt that counts as long once several partial prefills are allowed. */
const LONG_PREFILL_SHARE = 0.04;

/** What a plan and a step-time model are made of: the parts of the catalogue that a scenario names. */
export interface ResolvedHardware {
  readonly architecture: Architecture;
  readonly gpu: Gpu;
  readonly tensorParallel: number;
  readonly weightBytes: number;
  readonly kvElementBytes: number;
  readonly enforceEager: boolean;
}

/**
 * Looks up the model and the GPU of a scenario.
 * @throws InputError for a name that the catalogue does not know.
 */
export function resolveHardware(scenario: Scenario): ResolvedHardware {
  const { file, hardware, placeOf } = scenario;
  const gpu = findGpu(hardware.gpu);
  if (gpu === null) {
    throw new InputError([
      {
        file,
        place: placeOf('hardware.gpu'),
        field: 'hardware.gpu',
        message: `"${hardware.gpu}" is not in the catalogue of GPUs`,
        suggestion: suggestGpu(hardware.gpu) ?? undefined,
      },
    ]);
  }
  const architecture = architectureOf(scenario);
  const flag = flagsOf(scenario);
  const method = (flag('quantization') as string | null) ?? architecture.quantMethod;
  const kvDtype = String(flag('kv_cache_dtype') ?? 'auto');
  return {
    architecture,
    gpu,
    tensorParallel: numberOf(flag('tensor_parallel_size'), 1),
    weightBytes: bytesPerWeight(method, architecture.dtypeBytes) ?? architecture.dtypeBytes,
    kvElementBytes: kvElementBytes(kvDtype, architecture.dtypeBytes) ?? architecture.dtypeBytes,
    enforceEager: flag('enforce_eager') === true,
  };
}

function architectureOf(scenario: Scenario): Architecture {
  const { file, model, placeOf } = scenario;
  const config = model.config ?? findModel(model.name)?.config;
  if (config === undefined) {
    throw new InputError([
      {
        file,
        place: placeOf('model') ?? placeOf('command') ?? placeOf('engine.model'),
        field: 'model',
        message: `"${model.name}" is not in the catalogue of models; give its config.json as model: {config: PATH}`,
        suggestion: suggestModel(model.name) ?? undefined,
      },
    ]);
  }
  const architecture = parseModelConfig(config);
  if ('missing' in architecture) {
    throw new InputError([
      {
        file,
        place: placeOf('model.config'),
        field: 'model.config',
        message: `the config.json lacks ${architecture.missing.join(', ')}`,
      },
    ]);
  }
  return architecture;
}

function flagsOf(scenario: Scenario): (name: string) => FlagValue {
  const { honoured } = scenario.engine;
  return (name) => (Object.hasOwn(honoured, name) ? honoured[name] : null);
}

function numberOf(value: FlagValue, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}

type Failure = Extract<Plan, { starts: false }>;

/**
 * What vLLM would make of a scenario at start-up: its memory rank by rank, the number of blocks and the
 * resolved scheduler; or why it would not start, in its own words.
 * @throws InputError for a model or GPU that the catalogue does not know.
 */
export function plan(scenario: Scenario): Plan {
  const notes = [...scenario.notes];
  const { engine, vllm } = scenario;
  if (engine.ignored.length > 0) {
    notes.push(
      `touch neither memory nor scheduling: ${engine.ignored.map((name) => `--${name}`).join(', ')}`,
    );
  }
  const failure = (because: Failure['because'], message: string, advice: string): Failure => ({
    starts: false,
    because,
    message,
    advice,
    notes,
  });
  // argparse stops at the first bad value, and names what it does not know only at the end.
  if (engine.invalid.length > 0) {
    return failure('invalid-argument', `error: ${engine.invalid[0].text}`, engine.invalid[0].advice);
  }
  if (engine.unrecognized.length > 0) {
    return failure(
      'unrecognized-argument',
      `error: unrecognized arguments: ${engine.unrecognized.map(({ text }) => text).join(' ')}`,
      engine.unrecognized.map(({ advice }) => advice).join('; '),
    );
  }

  const hardware = resolveHardware(scenario);
  const { architecture, gpu, tensorParallel } = hardware;
  const flag = flagsOf(scenario);
  const limits = batchLimits(scenario, gpu, architecture);
  const wrong = checkArguments(scenario, hardware, limits);
  if (wrong !== null) return failure('invalid-argument', wrong.message, wrong.advice);

  const blockSize = numberOf(flag('block_size'), DEFAULT_BLOCK_SIZE);
  const bytesPerToken = kvBytesPerToken(architecture, tensorParallel, hardware.kvElementBytes);
  const blockBytes = bytesPerToken * blockSize;
  const memory = rankMemory(scenario, hardware, limits, notes);
  if (memory.weightBytes > memory.totalBytes) {
    return failure(
      'weights-do-not-fit',
      `torch.OutOfMemoryError: CUDA out of memory. GPU 0 has a total capacity of ${gib(memory.totalBytes)} GiB`,
      `the weights take ${gib(memory.weightBytes)} GiB on each of ${tensorParallel} GPUs: use more GPUs (--tensor-parallel-size) or a quantized model`,
    );
  }
  const override = flag('num_gpu_blocks_override');
  const numBlocks = typeof override === 'number' ? override : Math.floor(memory.kvCacheBytes / blockBytes);
  if (typeof override === 'number') notes.push(`the number of blocks is overridden: ${override}`);
  if (numBlocks <= 0) {
    const needed = memory.weightBytes + memory.activationBytes + memory.nonTorchBytes + memory.cudaGraphBytes;
    return failure(
      'no-kv-cache-memory',
      'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.',
      override === 0
        ? '--num-gpu-blocks-override 0 means no blocks, not "automatic": leave it out'
        : `weights, activations and the rest take ${gib(needed)} GiB: --gpu-memory-utilization above ${(needed / memory.totalBytes).toFixed(2)}, a smaller --max-num-batched-tokens or --max-num-seqs, or a larger GPU`,
    );
  }
  const capacity = numBlocks * blockSize;
  const { maxModelLen } = limits;
  if (capacity < maxModelLen) {
    const neededGib = gib(Math.ceil(maxModelLen / blockSize) * blockBytes);
    const message =
      vllm === '0.6.3'
        ? `ValueError: The model's max seq len (${maxModelLen}) is larger than the maximum number of tokens that can be stored in KV cache (${capacity}). Try increasing \`gpu_memory_utilization\` or decreasing \`max_model_len\` when initializing the engine.`
        : `ValueError: To serve at least one request with the model's max seq len (${maxModelLen}), (${neededGib} GiB KV cache is needed, which is larger than the available KV cache memory (${gib(numBlocks * blockBytes)} GiB). Based on the available memory, the estimated maximum model length is ${capacity}. Try increasing \`gpu_memory_utilization\` or decreasing \`max_model_len\` when initializing the engine.`;
    return failure('kv-cache-too-small', message, `--max-model-len ${capacity} or less fits`);
  }

  if (vllm === '0.6.3') {
    notes.push("the V0 scheduler is not modelled yet: after start-up the run follows V1's rules");
  }
  if (architecture.slidingWindow !== null) {
    notes.push('sliding-window layers are planned as full attention');
  }
  const enablePrefixCaching = (flag('enable_prefix_caching') as boolean | null) ?? vllm !== '0.6.3';
  return {
    starts: true,
    pool: {
      numGpuBlocks: numBlocks,
      enablePrefixCaching,
      hashBlockSize: blockSize,
      groups: [{ kind: 'full', blockSize, window: 0 }],
    },
    scheduler: schedulerConfig(scenario, limits),
    kvBytesPerToken: bytesPerToken,
    blockBytes,
    maxConcurrency:
      vllm === '0.6.3' ? capacity / maxModelLen : numBlocks / Math.ceil(maxModelLen / blockSize),
    ranks: Array.from({ length: tensorParallel }, (_, rank) => ({
      ...memory,
      rank,
      kvCacheBytes: numBlocks * blockBytes,
    })),
    notes,
  };
}

interface BatchLimits {
  readonly maxModelLen: number;
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  readonly enableChunkedPrefill: boolean;
}

/** vLLM's defaults of the three limits, which depend on version, GPU and each other. */
function batchLimits(scenario: Scenario, gpu: Gpu, model: Architecture): BatchLimits {
  const flag = flagsOf(scenario);
  const maxModelLen = numberOf(flag('max_model_len'), model.maxPositionEmbeddings);
  const isV0 = scenario.vllm === '0.6.3';
  const chunked = flag('enable_chunked_prefill');
  const enableChunkedPrefill = typeof chunked === 'boolean' ? chunked : isV0 ? maxModelLen > 32_768 : true;
  const isLarge = gpu.memoryGib >= 70 && !gpu.id.startsWith('a100');
  let maxNumSeqs = numberOf(flag('max_num_seqs'), isV0 || !isLarge ? 256 : 1024);
  let maxNumBatchedTokens: number;
  const stated = flag('max_num_batched_tokens');
  if (typeof stated === 'number') {
    maxNumBatchedTokens = stated;
    if (flag('max_num_seqs') === null && !isV0) maxNumSeqs = Math.min(maxNumSeqs, stated);
  } else if (isV0) {
    maxNumBatchedTokens = enableChunkedPrefill ? 512 : Math.max(maxModelLen, 2048);
  } else {
    maxNumBatchedTokens = isLarge ? 8192 : 2048;
    if (!enableChunkedPrefill) maxNumBatchedTokens = Math.max(maxNumBatchedTokens, maxModelLen);
    maxNumBatchedTokens = Math.min(maxNumBatchedTokens, maxNumSeqs * maxModelLen);
  }
  return { maxModelLen, maxNumSeqs, maxNumBatchedTokens, enableChunkedPrefill };
}

/** vLLM's checks of its arguments, in its words and order; null if all hold. */
function checkArguments(
  scenario: Scenario,
  { architecture, tensorParallel }: ResolvedHardware,
  { maxModelLen, maxNumSeqs, maxNumBatchedTokens, enableChunkedPrefill }: BatchLimits,
): { message: string; advice: string } | null {
  const flag = flagsOf(scenario);
  const pipelineParallel = numberOf(flag('pipeline_parallel_size'), 1);
  const worldSize = tensorParallel * pipelineParallel;
  const utilization = numberOf(flag('gpu_memory_utilization'), 0.9);
  const partial = numberOf(flag('max_num_partial_prefills'), 1);
  const longPartial = numberOf(flag('max_long_partial_prefills'), 1);
  const threshold = numberOf(flag('long_prefill_token_threshold'), 0);
  for (const name of [
    'block_size',
    'max_num_seqs',
    'max_num_batched_tokens',
    'max_model_len',
    'tensor_parallel_size',
  ]) {
    if (numberOf(flag(name), 1) < 1) {
      return {
        message: `ValueError: ${name} must be at least 1. Got ${flag(name)}.`,
        advice: `--${name.replaceAll('_', '-')} 1 or more`,
      };
    }
  }
  if (!(utilization > 0 && utilization <= 1)) {
    const message =
      scenario.vllm === '0.6.3'
        ? `ValueError: GPU memory utilization must be less than 1.0. Got ${utilization}.`
        : `ValidationError: gpu_memory_utilization: Input should be greater than 0 and less than or equal to 1. Got ${utilization}.`;
    return { message, advice: 'a share of the GPU between 0 and 1, for instance 0.9' };
  }
  if (architecture.numHeads % tensorParallel !== 0) {
    return {
      message: `ValueError: Total number of attention heads (${architecture.numHeads}) must be divisible by tensor parallel size (${tensorParallel}).`,
      advice: `choose a divisor of ${architecture.numHeads} for --tensor-parallel-size`,
    };
  }
  if (worldSize > scenario.hardware.count) {
    return {
      message: `ValueError: World size (${worldSize}) is larger than the number of available GPUs (${scenario.hardware.count}) in this node.`,
      advice: `hardware.count: ${worldSize}, or a smaller --tensor-parallel-size`,
    };
  }
  if (maxNumBatchedTokens < maxModelLen && !enableChunkedPrefill) {
    return {
      message: `ValueError: max_num_batched_tokens (${maxNumBatchedTokens}) is smaller than max_model_len (${maxModelLen}). This effectively limits the maximum sequence length to max_num_batched_tokens and makes vLLM reject longer sequences. Please increase max_num_batched_tokens or decrease max_model_len.`,
      advice: `--max-num-batched-tokens ${maxModelLen}, or chunked prefill`,
    };
  }
  if (maxNumBatchedTokens < maxNumSeqs) {
    return {
      message: `ValueError: max_num_batched_tokens (${maxNumBatchedTokens}) must be greater than or equal to max_num_seqs (${maxNumSeqs}).`,
      advice: `--max-num-seqs ${maxNumBatchedTokens} or less`,
    };
  }
  if (partial > 1 && !enableChunkedPrefill) {
    return {
      message: 'ValueError: Chunked prefill must be enabled to set max_num_partial_prefills > 1.',
      advice: '--enable-chunked-prefill',
    };
  }
  if (threshold > maxModelLen) {
    return {
      message: `ValueError: long_prefill_token_threshold (${threshold}) cannot be greater than the max_model_len (${maxModelLen}).`,
      advice: `--long-prefill-token-threshold ${maxModelLen} or less`,
    };
  }
  if (longPartial > partial) {
    return {
      message: `ValueError: max_long_partial_prefills=${longPartial} must be less than or equal to max_num_partial_prefills=${partial}.`,
      advice: `--max-num-partial-prefills ${longPartial}`,
    };
  }
  return null;
}

/** Memory of one tensor-parallel rank; all are equal until other processes or expert placement differ. */
function rankMemory(
  scenario: Scenario,
  hardware: ResolvedHardware,
  limits: BatchLimits,
  notes: string[],
): RankMemory {
  const { architecture, gpu, tensorParallel, weightBytes: bytesPer, enforceEager } = hardware;
  const flag = flagsOf(scenario);
  const method = (flag('quantization') as string | null) ?? architecture.quantMethod;
  const isV0 = scenario.vllm === '0.6.3';
  const totalBytes = Math.round(gpu.memoryGib * GIB);
  const allWeightBytes = weightBytesPerRank(architecture, tensorParallel, bytesPer, method);
  const weightBytes = Math.max(0, allWeightBytes - Math.round(numberOf(flag('cpu_offload_gb'), 0) * GIB));
  const activationBytes = activationPeakBytes(
    architecture,
    tensorParallel,
    limits.maxNumBatchedTokens,
    limits.maxNumSeqs,
  );
  const nonTorchBytes = Math.round(CONTEXT_BYTES + (tensorParallel > 1 ? NCCL_BYTES : 0));
  // V0 captures its graphs outside of the budget.
  const cudaGraphBytes = enforceEager || isV0 ? 0 : Math.round(GRAPH_BYTES);
  const utilization = numberOf(flag('gpu_memory_utilization'), isV0 ? 0.9 : 0.92);
  const stated = flag('kv_cache_memory_bytes');
  const kvCacheBytes =
    typeof stated === 'number'
      ? stated
      : Math.ceil(totalBytes * utilization) - weightBytes - activationBytes - nonTorchBytes - cudaGraphBytes;
  notes.push('activation peak, CUDA context and graphs are estimates from start-up logs (first version)');
  return { rank: 0, totalBytes, weightBytes, activationBytes, nonTorchBytes, cudaGraphBytes, kvCacheBytes };
}

function schedulerConfig(scenario: Scenario, limits: BatchLimits): SchedulerConfig {
  const flag = flagsOf(scenario);
  const partial = numberOf(flag('max_num_partial_prefills'), 1);
  const threshold = numberOf(flag('long_prefill_token_threshold'), 0);
  const speculative = flag('speculative_config') as Readonly<Record<string, unknown>> | null;
  const numSpeculativeTokens = numberOf((speculative?.num_speculative_tokens ?? null) as FlagValue, 0);
  return {
    maxNumSeqs: limits.maxNumSeqs,
    maxNumBatchedTokens: limits.maxNumBatchedTokens,
    maxNumScheduledTokens: null,
    maxModelLen: limits.maxModelLen,
    enableChunkedPrefill: limits.enableChunkedPrefill,
    longPrefillTokenThreshold:
      partial > 1 && threshold === 0 ? Math.floor(LONG_PREFILL_SHARE * limits.maxModelLen) : threshold,
    schedulerReserveFullIsl: (flag('scheduler_reserve_full_isl') as boolean | null) ?? true,
    policy: flag('scheduling_policy') === 'priority' ? 'priority' : 'fcfs',
    asyncScheduling: flag('async_scheduling') === true,
    numSpeculativeTokens,
    numLookaheadTokens: speculative?.method === 'ngram' ? 0 : numSpeculativeTokens,
    useEagle: /^eagle/.test(String(speculative?.method ?? '')),
  };
}

function gib(bytes: number): string {
  return (bytes / GIB).toFixed(2);
}
