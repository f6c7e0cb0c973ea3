import type { Architecture } from '../catalog/architecture.ts';

/** Bytes per logit of the sampler's sort, fitted on start-up logs of Llama-3.2-3B and checked on others. */
const SAMPLER_BYTES_PER_LOGIT = 38.7;

/**
 * Peak of activations while vLLM profiles a batch of `tokens` tokens and samples `sequences` rows: the wider
 * of MLP (gate, up and their product, beside residual, normed input and layer input) and sampler. For a
 * mixture of experts the workspace of the fused kernel stands in for the MLP.
 */
export function activationPeakBytes(
  model: Architecture,
  tensorParallel: number,
  tokens: number,
  sequences: number,
): number {
  const { hiddenSize: h, moe, intermediateSize } = model;
  const dense = tokens * 2 * ((3 * intermediateSize) / tensorParallel + 3 * h);
  const experts =
    moe === null ? 0 : tokens * 2 * (moe.topK * ((3 * moe.expertSize) / tensorParallel + h) + 3 * h);
  const sampler = Math.min(sequences, tokens) * model.vocabSize * SAMPLER_BYTES_PER_LOGIT + 2 * tokens * h;
  return Math.ceil(Math.max(dense, experts, sampler));
}
