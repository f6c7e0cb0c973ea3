import { type Architecture, parseModelConfig } from '../catalog/architecture.ts';
import { findGpu, type Gpu, suggestGpu } from '../catalog/gpus.ts';
import { findModel, suggestModel } from '../catalog/models.ts';
import { InputError } from '../error.ts';
import type { FlagValue, Scenario } from '../scenario/scenario.ts';
import type { SchedulerConfig } from '../scheduler/config.ts';
import { activationPeakBytes } from './activation.ts';
import { checkArguments } from './argument-checks.ts';
import { type BatchLimits, batchLimits } from './batch-limits.ts';
import { flagsOf, numberOf } from './flags.ts';
import { kvBytesPerToken, kvElementBytes } from './kv-cache.ts';
import type { Plan, RankMemory } from './plan.ts';
import { type WeightFormat, weightBytesPerRank, weightFormat } from './weights.ts';

const GIB = 1024 * 1024 * 1024;
/** CUDA context and libraries; NCCL's buffers beyond one rank. Medians of start-up logs, first version. */
const CONTEXT_BYTES = 0.1 * GIB;
const NCCL_BYTES = 0.6 * GIB;
/** CUDA graphs as V1 logs them: median of one-GPU runs. */
const GRAPH_BYTES = 0.5 * GIB;
const DEFAULT_BLOCK_SIZE = 16;

/** What a plan and a step-time model are made of: the parts of the catalogue that a scenario names. */
export interface ResolvedHardware {
  readonly architecture: Architecture;
  readonly gpu: Gpu;
  readonly tensorParallel: number;
  readonly weightFormat: WeightFormat;
  /** Of one weight of the matrices. */
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
  const dtypeBytes = /^float(32)?$/.test(String(flag('dtype'))) ? 4 : 2;
  const weightFormatOrPlain =
    weightFormat(method, architecture.quantBits, dtypeBytes) ?? weightFormat(null, null, dtypeBytes);
  if (weightFormatOrPlain === null) throw new Error('an unquantized format is always known');
  return {
    architecture,
    gpu,
    tensorParallel: numberOf(flag('tensor_parallel_size'), 1),
    weightFormat: weightFormatOrPlain,
    weightBytes: weightFormatOrPlain.bytes,
    kvElementBytes: kvElementBytes(String(flag('kv_cache_dtype') ?? 'auto'), dtypeBytes) ?? dtypeBytes,
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
  const wrong = checkArguments({ scenario, architecture, tensorParallel, limits });
  if (wrong !== null) return failure(wrong.because, wrong.message, wrong.advice);

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

/** Memory of one tensor-parallel rank; all are equal until other processes or expert placement differ. */
function rankMemory(
  scenario: Scenario,
  hardware: ResolvedHardware,
  limits: BatchLimits,
  notes: string[],
): RankMemory {
  const { architecture, gpu, tensorParallel, weightFormat, enforceEager } = hardware;
  const flag = flagsOf(scenario);
  const isV0 = scenario.vllm === '0.6.3';
  const totalBytes = Math.round(gpu.memoryGib * GIB);
  const allWeightBytes = weightBytesPerRank(architecture, tensorParallel, weightFormat);
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
  const speculative = flag('speculative_config') as Readonly<Record<string, unknown>> | null;
  const numSpeculativeTokens = numberOf((speculative?.num_speculative_tokens ?? null) as FlagValue, 0);
  return {
    maxNumSeqs: limits.maxNumSeqs,
    maxNumBatchedTokens: limits.maxNumBatchedTokens,
    maxNumScheduledTokens: null,
    maxModelLen: limits.maxModelLen,
    enableChunkedPrefill: limits.enableChunkedPrefill,
    longPrefillTokenThreshold: limits.longPrefillTokenThreshold,
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
