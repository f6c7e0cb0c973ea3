import type { Architecture } from '../catalog/architecture.ts';

/**
 * Bytes of KV cache per token on one rank, all layers. K and V of max(1, kv_heads / TP) heads; MLA keeps one
 * latent entry per layer, neither doubled nor divided by TP.
 */
export function kvBytesPerToken(model: Architecture, tensorParallel: number, elementBytes: number): number {
  const { numLayers, numKvHeads, headDim, mla } = model;
  if (mla !== null) return numLayers * (mla.kvLoraRank + mla.ropeDim) * elementBytes;
  return numLayers * 2 * Math.max(1, Math.floor(numKvHeads / tensorParallel)) * headDim * elementBytes;
}

/** Bytes per element of `--kv-cache-dtype`; null if vLLM has no such choice. */
export function kvElementBytes(dtype: string, modelBytes: number): number | null {
  if (dtype === 'auto') return modelBytes;
  if (/^(fp8|fp8_e4m3|fp8_e5m2|fp8_inc)$/.test(dtype)) return 1;
  return /^(float16|bfloat16|half)$/.test(dtype) ? 2 : null;
}
