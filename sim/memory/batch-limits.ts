import type { Architecture } from '../catalog/architecture.ts';
import type { Gpu } from '../catalog/gpus.ts';
import type { StartupRules } from './rules.ts';

/** What the user said about them; null = nothing. */
export interface StatedLimits {
  readonly maxModelLen: number | null;
  readonly maxNumSeqs: number | null;
  readonly maxNumBatchedTokens: number | null;
  readonly enableChunkedPrefill: boolean | null;
  readonly maxNumPartialPrefills: number | null;
  readonly longPrefillTokenThreshold: number | null;
  /** --performance-mode throughput; absent = no. */
  readonly doublesDefaults?: boolean;
  /** Experts of several replicas exchange tokens in batches of low latency; absent = no. */
  readonly exchangesBatches?: boolean;
}

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
const DEFAULT_CHUNK = 2048;
/** V1's default where experts of several replicas exchange tokens in batches. */
const EXCHANGED_CHUNK = 256;
/** vLLM's own default share of a prompt that counts as long once several partial prefills are allowed. */
const LONG_PREFILL_SHARE = 0.04;

/** vLLM's defaults of the API server, which depend on version, GPU, model and each other. */
export function batchLimits(
  stated: StatedLimits,
  rules: StartupRules,
  gpu: Pick<Gpu, 'id' | 'memoryGib'>,
  model: Architecture,
): BatchLimits {
  const maxModelLen = stated.maxModelLen ?? model.maxPositionEmbeddings;
  const threshold = stated.longPrefillTokenThreshold ?? 0;
  return {
    maxModelLen,
    ...(rules.engine === 'v0'
      ? v0Limits(stated, rules, maxModelLen, model)
      : v1Limits(stated, maxModelLen, gpu)),
    longPrefillTokenThreshold:
      (stated.maxNumPartialPrefills ?? 1) > 1 && threshold === 0
        ? Math.floor(LONG_PREFILL_SHARE * maxModelLen)
        : threshold,
  };
}

type StepLimits = Omit<BatchLimits, 'maxModelLen' | 'longPrefillTokenThreshold'>;

function v0Limits(
  stated: StatedLimits,
  rules: StartupRules,
  maxModelLen: number,
  model: Architecture,
): StepLimits {
  const enableChunkedPrefill =
    stated.enableChunkedPrefill ??
    (maxModelLen > V0_LONG_CONTEXT && !model.isMultimodal && model.localAttention === null);
  const unchunked = Math.max(maxModelLen, 2048, model.isMultimodal ? V0_MULTIMODAL_TOKENS : 0);
  return {
    maxNumSeqs: stated.maxNumSeqs ?? 256,
    maxNumBatchedTokens:
      stated.maxNumBatchedTokens ??
      (enableChunkedPrefill ? (rules.chunkedTokens ?? DEFAULT_CHUNK) : unchunked),
    enableChunkedPrefill,
  };
}

function v1Limits(stated: StatedLimits, maxModelLen: number, gpu: Pick<Gpu, 'id' | 'memoryGib'>): StepLimits {
  const enableChunkedPrefill = stated.enableChunkedPrefill !== false;
  // Graphics cards below 70 GiB, and the A100 whatever its size, get the smaller defaults.
  const isLarge = gpu.memoryGib >= 70 && !/a100/i.test(gpu.id);
  const times = stated.doublesDefaults ? 2 : 1;
  const maxNumSeqs = stated.maxNumSeqs ?? times * (isLarge ? 1024 : 256);
  const usual = stated.exchangesBatches ? EXCHANGED_CHUNK : isLarge ? 8192 : DEFAULT_CHUNK;
  let maxNumBatchedTokens = stated.maxNumBatchedTokens ?? times * usual;
  if (stated.maxNumBatchedTokens === null) {
    if (!enableChunkedPrefill) maxNumBatchedTokens = Math.max(maxNumBatchedTokens, maxModelLen);
    maxNumBatchedTokens = Math.min(maxNumBatchedTokens, maxNumSeqs * maxModelLen);
  }
  return {
    maxNumSeqs: stated.maxNumSeqs ?? Math.min(maxNumSeqs, maxNumBatchedTokens),
    maxNumBatchedTokens,
    enableChunkedPrefill,
  };
}
