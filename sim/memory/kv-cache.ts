import type { Architecture } from '../catalog/architecture.ts';

type KvFields = 'numHeads' | 'numKvHeads' | 'headDim' | 'mla';

/** Heads of DeepSeek V2 as vLLM padded them before it supported MLA. */
const PADDED_MLA_HEAD = 256;
/** Bytes per token of the sparse attention's FP8 layout (fp8_ds_mla): 512 values, their scales, 64 in bf16. */
const FP8_SPARSE_MLA_BYTES = 656;

/**
 * Bytes of one layer's KV cache per token on one rank. K and V of max(1, kv_heads / TP) heads; MLA keeps one
 * latent entry, neither doubled nor divided by TP, and its indexer a key with a 4-byte scale per 128 values.
 * @param mlaAlignment bytes that MLA entries are padded to a multiple of; null = keys and values of all heads.
 */
export function kvBytesPerLayer(
  model: Pick<Architecture, KvFields>,
  tensorParallel: number,
  elementBytes: number,
  mlaAlignment: number | null = 1,
): number {
  const { numHeads, numKvHeads, headDim, mla } = model;
  if (mla !== null && mlaAlignment === null) {
    return 2 * (numHeads / tensorParallel) * PADDED_MLA_HEAD * elementBytes;
  }
  if (mla === null || mlaAlignment === null)
    return 2 * Math.max(1, Math.floor(numKvHeads / tensorParallel)) * headDim * elementBytes;
  const indexer = mla.indexDim > 0 ? mla.indexDim + 4 * Math.ceil(mla.indexDim / 128) : 0;
  if (indexer > 0 && elementBytes === 1) return FP8_SPARSE_MLA_BYTES + indexer;
  const entry = (mla.kvLoraRank + mla.ropeDim) * elementBytes;
  return Math.ceil(entry / mlaAlignment) * mlaAlignment + indexer;
}

/** Those of every layer in turn: layers that see everything may have heads of their own. */
export function layerKvBytes(
  model: Pick<Architecture, 'numLayers' | KvFields | 'localAttention' | 'globalAttention'>,
  tensorParallel: number,
  elementBytes: number,
  mlaAlignment: number | null = 1,
): number[] {
  const { numLayers, localAttention: local, globalAttention: wide } = model;
  return Array.from({ length: numLayers }, (_, layer) => {
    const heads = wide !== null && local?.isLocal[layer] !== true ? { ...model, ...wide } : model;
    return kvBytesPerLayer(heads, tensorParallel, elementBytes, mlaAlignment);
  });
}

/** Bytes of KV cache per token on one rank, all layers alike. */
export function kvBytesPerToken(
  model: Pick<Architecture, 'numLayers' | KvFields>,
  tensorParallel: number,
  elementBytes: number,
): number {
  return model.numLayers * kvBytesPerLayer(model, tensorParallel, elementBytes);
}

/** Bytes per element of `--kv-cache-dtype`; null for a choice that has no formula here. */
export function kvElementBytes(dtype: string, modelBytes: number): number | null {
  if (dtype === 'auto') return modelBytes;
  if (/^(fp8|fp8_e4m3|fp8_e5m2|fp8_inc|fp8_ds_mla)$/.test(dtype)) return 1;
  if (/^float(32)?$/.test(dtype)) return 4;
  return /^(float16|bfloat16|half)$/.test(dtype) ? 2 : null;
}
