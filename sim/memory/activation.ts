import type { Architecture } from '../catalog/architecture.ts';
import type { Parallel } from './parallel.ts';
import type { StartupRules } from './rules.ts';

/** Bytes of an activation. */
const ACTIVATION_BYTES = 2;
/** V0's fused MoE worked through its tokens in chunks of this many. */
const V0_MOE_CHUNK = 32_768;
/** Under tensor parallelism V1 gathers the logits of all ranks and copies them into order, 2 bytes each. */
const GATHERED_LOGIT_BYTES = 4;

/** The parts of the peak; they do not add up: what is larger decides, the encoder's output lies beside it. */
export interface ActivationPeak {
  readonly mlp: number;
  readonly sampler: number;
  readonly encoder: number;
  readonly bytes: number;
}

/**
 * Peak of activations while vLLM profiles a batch of `tokens` tokens and samples `sequences` rows: the larger of
 * MLP and sampler. The MLP holds gate, up and their product, beside residual, normed input and layer input
 * (3 I / TP + 3 H values per token); with experts, the workspaces of the fused kernel instead.
 * @param samples whether this is the last pipeline stage.
 */
export function activationPeak(
  model: Architecture,
  parallel: Parallel,
  rules: StartupRules,
  tokens: number,
  sequences: number,
  samples = true,
): ActivationPeak {
  const { hiddenSize: h, intermediateSize, mlpMatrices } = model;
  const { tensor } = parallel;
  const stream = 3 * h * tokens;
  const dense = (mlpMatrices * intermediateSize * tokens) / tensor;
  const mlp = ACTIVATION_BYTES * (stream + Math.max(dense, moeWorkspace(model, parallel, rules, tokens)));
  const perLogit =
    rules.samplerBytesPerLogit + (tensor > 1 && rules.engine === 'v1' ? GATHERED_LOGIT_BYTES : 0);
  const logits = samples ? Math.min(sequences, tokens) * model.vocabSize * perLogit : 0;
  const sampler = logits + ACTIVATION_BYTES * tokens * h;
  // The encoder's output for the largest batch of items stays in its cache while the rest is profiled.
  const encoder = model.isMultimodal ? ACTIVATION_BYTES * tokens * h : 0;
  return {
    mlp: Math.ceil(mlp),
    sampler: Math.ceil(sampler),
    encoder: Math.ceil(encoder),
    bytes: Math.ceil(Math.max(mlp, sampler) + encoder),
  };
}

/** Values of the fused MoE kernel's workspaces: V0 holds three, V1 lets the first and the last share. */
function moeWorkspace(model: Architecture, parallel: Parallel, rules: StartupRules, tokens: number): number {
  const { moe, hiddenSize: h } = model;
  if (moe === null) return 0;
  const width = moe.expertSize / (parallel.experts ? 1 : parallel.tensor * parallel.data);
  if (rules.engine === 'v0') return Math.min(tokens, V0_MOE_CHUNK) * moe.topK * (3 * width + h);
  return tokens * moe.topK * (Math.max(width, h) + Math.max(2 * width, h));
}
