import type { Architecture } from '../catalog/architecture.ts';
import type { Gpu } from '../catalog/gpus.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { flagsOf, numberOf } from './flags.ts';

/** What bounds a step and a request, resolved. */
export interface BatchLimits {
  readonly maxModelLen: number;
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  readonly enableChunkedPrefill: boolean;
  /** 0 = off. */
  readonly longPrefillTokenThreshold: number;
}

/** V0 turned chunked prefill on by itself above this length. */
const V0_LONG_CONTEXT = 32_768;
/** V0 let multimodal models profile at least this many tokens. */
const V0_MULTIMODAL_TOKENS = 5120;
/** vLLM's own default share of a prompt that counts as long once several partial prefills are allowed. */
const LONG_PREFILL_SHARE = 0.04;

/** vLLM's defaults of the API server, which depend on version, GPU, model and each other. */
export function batchLimits(scenario: Scenario, gpu: Gpu, model: Architecture): BatchLimits {
  const flag = flagsOf(scenario);
  const maxModelLen = numberOf(flag('max_model_len'), model.maxPositionEmbeddings);
  const resolved = (scenario.vllm === '0.6.3' ? v0Limits : v1Limits)(scenario, maxModelLen, gpu, model);
  const partialPrefills = numberOf(flag('max_num_partial_prefills'), 1);
  const threshold = numberOf(flag('long_prefill_token_threshold'), 0);
  return {
    maxModelLen,
    ...resolved,
    longPrefillTokenThreshold:
      partialPrefills > 1 && threshold === 0 ? Math.floor(LONG_PREFILL_SHARE * maxModelLen) : threshold,
  };
}

type StepLimits = Omit<BatchLimits, 'maxModelLen' | 'longPrefillTokenThreshold'>;

function v0Limits(scenario: Scenario, maxModelLen: number, _: Gpu, model: Architecture): StepLimits {
  const flag = flagsOf(scenario);
  const chunked = flag('enable_chunked_prefill');
  const enableChunkedPrefill =
    typeof chunked === 'boolean'
      ? chunked
      : maxModelLen > V0_LONG_CONTEXT && !model.isMultimodal && model.slidingWindow === null;
  const unchunked = Math.max(maxModelLen, 2048, model.isMultimodal ? V0_MULTIMODAL_TOKENS : 0);
  return {
    maxNumSeqs: numberOf(flag('max_num_seqs'), 256),
    maxNumBatchedTokens: numberOf(flag('max_num_batched_tokens'), enableChunkedPrefill ? 512 : unchunked),
    enableChunkedPrefill,
  };
}

function v1Limits(scenario: Scenario, maxModelLen: number, gpu: Gpu): StepLimits {
  const flag = flagsOf(scenario);
  const enableChunkedPrefill = flag('enable_chunked_prefill') !== false;
  // Graphics cards below 70 GiB, and the A100 whatever its size, get the smaller defaults.
  const isLarge = gpu.memoryGib >= 70 && !gpu.id.startsWith('a100');
  const statedSeqs = flag('max_num_seqs');
  const statedTokens = flag('max_num_batched_tokens');
  const maxNumSeqs = numberOf(statedSeqs, isLarge ? 1024 : 256);
  let maxNumBatchedTokens = numberOf(statedTokens, isLarge ? 8192 : 2048);
  if (statedTokens === null) {
    if (!enableChunkedPrefill) maxNumBatchedTokens = Math.max(maxNumBatchedTokens, maxModelLen);
    maxNumBatchedTokens = Math.min(maxNumBatchedTokens, maxNumSeqs * maxModelLen);
  }
  return {
    maxNumSeqs: statedSeqs === null ? Math.min(maxNumSeqs, maxNumBatchedTokens) : maxNumSeqs,
    maxNumBatchedTokens,
    enableChunkedPrefill,
  };
}
