import { asyncScheduling } from './async-scheduling.ts';
import { type Arguments, type Check, type Refusal, refuse } from './check.ts';
import { contextParallel } from './context-parallel-checks.ts';
import { draftPages } from './drafter-checks.ts';
import { draftingOf, draftsAreSaidOnce } from './drafting.ts';
import { eplb } from './eplb-checks.ts';
import { fitsLength } from './fitted-length.ts';
import { flagsOf, numberOf } from './flags.ts';
import { graphs } from './graph-checks.ts';
import { hybridManager } from './hybrid-manager.ts';
import { lora } from './lora-checks.ts';
import { dtypeIsKnown, modelIsKnown, modelLength, quantization } from './model-checks.ts';
import { worldSize as sizeOf } from './parallel.ts';
import { swapSpace } from './swap-check.ts';

/**
 * vLLM's checks of its arguments: those of the model's, the cache's, the parallel and the scheduler's
 * configuration, then those across them. The first that fails is what vLLM says.
 */
export function checkArguments(args: Arguments): Refusal | null {
  const checks = args.scenario.vllm === '0.6.3' ? V0_CHECKS : V1_CHECKS;
  for (const check of checks) {
    const refusal = check(args);
    if (refusal !== null) return refusal;
  }
  return null;
}

const v0MemoryShare: Check = ({ scenario }) => {
  const share = numberOf(flagsOf(scenario)('gpu_memory_utilization'), 0.9);
  return share > 1
    ? refuse(
        `ValueError: GPU memory utilization must be less than 1.0. Got ${share}.`,
        'a share of the GPU between 0 and 1, for instance 0.9',
      )
    : null;
};

const v0PrefixCaching: Check = ({ scenario, architecture }) =>
  flagsOf(scenario)('enable_prefix_caching') === true && architecture.localAttention !== null
    ? refuse(
        'NotImplementedError: Prefix caching is not supported with sliding window. Run with --disable-sliding-window to use prefix caching.',
        'leave --enable-prefix-caching out',
      )
    : null;

const v0CpuOffload: Check = ({ scenario }) => {
  const gib = numberOf(flagsOf(scenario)('cpu_offload_gb'), 0);
  return gib < 0
    ? refuse(
        `ValueError: CPU offload space must be non-negative, but got ${gib}`,
        '--cpu-offload-gb 0 or more',
      )
    : null;
};

/** Lower bound of a field, which pydantic checks in V1. */
const atLeast =
  (config: string, least: number, ...names: readonly string[]): Check =>
  ({ scenario }) => {
    const flag = flagsOf(scenario);
    const name = names.find((candidate) => numberOf(flag(candidate), least) < least);
    if (name === undefined) return null;
    const value = flag(name);
    return refuse(
      scenario.vllm === '0.6.3'
        ? `ValueError: ${name} must be at least ${least}. Got ${value}.`
        : `ValidationError: 1 validation error for ${config}: ${name}: Input should be greater than or equal to ${least} [type=greater_than_equal, input_value=${value}]`,
      `--${name.replaceAll('_', '-')} ${least} or more`,
    );
  };

const v1MemoryShare: Check = ({ scenario }) => {
  const share = numberOf(flagsOf(scenario)('gpu_memory_utilization'), 0.92);
  if (share > 0 && share <= 1) return null;
  const rule =
    share > 1 ? 'less than or equal to 1 [type=less_than_equal' : 'greater than 0 [type=greater_than';
  return refuse(
    `ValidationError: 1 validation error for CacheConfig: gpu_memory_utilization: Input should be ${rule}, input_value=${share}]`,
    'a share of the GPU between 0 and 1, for instance 0.9',
  );
};

const worldSize: Check = ({ scenario, parallel }) => {
  const size = sizeOf(parallel);
  const { count } = scenario.hardware;
  if (size <= count) return null;
  return refuse(
    scenario.vllm === '0.6.3'
      ? 'ValueError: The number of required GPUs exceeds the total number of available GPUs in the placement group.'
      : `ValueError: World size (${size}) is larger than the number of available GPUs (${count}) in this node. If this is intentional and you are using: - ray, set '--distributed-executor-backend ray'. - multiprocessing, set '--nnodes' appropriately.`,
    `hardware.count: ${size}, or a smaller --tensor-parallel-size`,
  );
};

const batchHoldsModelLength: Check = ({ limits }) => {
  const { maxNumBatchedTokens, maxModelLen, enableChunkedPrefill } = limits;
  return maxNumBatchedTokens < maxModelLen && !enableChunkedPrefill
    ? refuse(
        `ValueError: max_num_batched_tokens (${maxNumBatchedTokens}) is smaller than max_model_len (${maxModelLen}). This effectively limits the maximum sequence length to max_num_batched_tokens and makes vLLM reject longer sequences. Please increase max_num_batched_tokens or decrease max_model_len.`,
        `--max-num-batched-tokens ${maxModelLen}, or chunked prefill`,
      )
    : null;
};

const batchHoldsSequences: Check = ({ limits: { maxNumBatchedTokens, maxNumSeqs } }) =>
  maxNumBatchedTokens < maxNumSeqs
    ? refuse(
        `ValueError: max_num_batched_tokens (${maxNumBatchedTokens}) must be greater than or equal to max_num_seqs (${maxNumSeqs}).`,
        `--max-num-seqs ${maxNumBatchedTokens} or less`,
      )
    : null;

const partialPrefills: Check = ({ scenario, limits }) => {
  const flag = flagsOf(scenario);
  const partial = numberOf(flag('max_num_partial_prefills'), 1);
  const long = numberOf(flag('max_long_partial_prefills'), 1);
  const { enableChunkedPrefill, longPrefillTokenThreshold, maxModelLen } = limits;
  if (partial > 1 && !enableChunkedPrefill) {
    return refuse(
      'ValueError: Chunked prefill must be enabled to set max_num_partial_prefills > 1.',
      '--enable-chunked-prefill',
    );
  }
  if (partial > 1 && longPrefillTokenThreshold > maxModelLen) {
    return refuse(
      `ValueError: long_prefill_token_threshold (${longPrefillTokenThreshold}) cannot be greater than the max_model_len (${maxModelLen}).`,
      `--long-prefill-token-threshold ${maxModelLen} or less`,
    );
  }
  return long > partial
    ? refuse(
        `ValueError: self.max_long_partial_prefills=${long} must be less than or equal to self.max_num_partial_prefills=${partial}.`,
        `--max-num-partial-prefills ${long}`,
      )
    : null;
};

const batchHoldsDrafts: Check = ({ scenario, limits: { maxNumBatchedTokens, maxNumSeqs } }) => {
  const { extraSlots } = draftingOf(scenario) ?? { extraSlots: 0 };
  const left = maxNumBatchedTokens - extraSlots * maxNumSeqs;
  return left <= 0
    ? refuse(
        `ValueError: max_num_scheduled_tokens is set to ${left} based on the speculative decoding settings, which does not allow any tokens to be scheduled. Increase max_num_batched_tokens to accommodate the additional draft token slots, or decrease num_speculative_tokens or max_num_seqs.`,
        `--max-num-batched-tokens more than ${extraSlots * maxNumSeqs}`,
      )
    : null;
};

const headsDivide: Check = ({ architecture: { numHeads }, parallel: { tensor } }) =>
  numHeads % tensor !== 0
    ? refuse(
        `ValueError: Total number of attention heads (${numHeads}) must be divisible by tensor parallel size (${tensor}).`,
        `choose a divisor of ${numHeads} for --tensor-parallel-size`,
      )
    : null;

const layersSuffice: Check = ({ architecture: { numLayers }, parallel: { pipeline } }) =>
  pipeline > numLayers
    ? refuse(
        `ValueError: Number of layers (${numLayers}) must be at least the pipeline parallel size (${pipeline}).`,
        `--pipeline-parallel-size ${numLayers} or less`,
      )
    : null;

const parallelSizes = atLeast(
  'ParallelConfig',
  1,
  'tensor_parallel_size',
  'pipeline_parallel_size',
  'data_parallel_size',
  'decode_context_parallel_size',
);
const schedulerSizes = atLeast('SchedulerConfig', 1, 'max_num_batched_tokens', 'max_num_seqs');
const modelSizes = atLeast('ModelConfig', 1, 'max_model_len');
const cacheSizes = atLeast('CacheConfig', 1, 'block_size');

const V0_CHECKS: readonly Check[] = [
  modelIsKnown,
  modelSizes,
  modelLength,
  quantization,
  cacheSizes,
  v0CpuOffload,
  v0MemoryShare,
  v0PrefixCaching,
  parallelSizes,
  schedulerSizes,
  batchHoldsModelLength,
  batchHoldsSequences,
  headsDivide,
  layersSuffice,
  lora,
  swapSpace,
  worldSize,
  dtypeIsKnown,
];

const V1_CHECKS: readonly Check[] = [
  (args) => (fitsLength(args.scenario) ? null : modelSizes(args)),
  modelLength,
  quantization,
  cacheSizes,
  v1MemoryShare,
  atLeast('UVAOffloadConfig', 0, 'cpu_offload_gb'),
  parallelSizes,
  worldSize,
  schedulerSizes,
  batchHoldsModelLength,
  batchHoldsSequences,
  eplb,
  partialPrefills,
  headsDivide,
  layersSuffice,
  contextParallel,
  lora,
  hybridManager,
  draftsAreSaidOnce,
  asyncScheduling,
  graphs,
  draftPages,
  batchHoldsDrafts,
  dtypeIsKnown,
];
