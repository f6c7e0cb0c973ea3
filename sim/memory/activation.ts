import type { Architecture, EncoderArchitecture } from '../catalog/architecture.ts';
import { cublasWorkspaceBytes } from './cublas.ts';
import { sharedExpertBuffers, v0ExpertCaches } from './moe-workspace.ts';
import { encoderRanks, type Parallel } from './parallel.ts';
import type { StartupRules } from './rules.ts';
import { bytesPerLogit } from './sampler-bytes.ts';

/** Bytes of an activation. */
const ACTIVATION_BYTES = 2;

/** Values that a block of the encoder holds per patch beside its MLP: stream, norm, query, key and value. */
const ENCODER_STREAMS = 5;

/** The parts of the peak; they do not add up: what is largest decides. */
export interface ActivationPeak {
  readonly mlp: number;
  /** With the workspace that the experts keep. */
  readonly sampler: number;
  readonly encoder: number;
  /** Workspaces of cuBLAS, and of the experts where they stay when the profile is over; part of MLP and sampler. */
  readonly keptWorkspace: number;
  readonly bytes: number;
}

export interface ProfiledBatch {
  /** max_num_batched_tokens and max_num_seqs. */
  readonly tokens: number;
  readonly sequences: number;
  /** The last pipeline stage samples, the first encodes. */
  readonly samples: boolean;
  readonly encodes: boolean;
  readonly computeCapability: number;
}

/**
 * Peak of activations while vLLM profiles its largest batch: the larger of MLP and sampler. The MLP holds gate, up
 * and their product, beside residual, normed input and layer input (3 I / TP + 3 H values per token); with
 * experts, the workspaces of the fused kernel instead. An encoder runs before, on as many items as fill the
 * batch; V1 keeps what it made of them while the rest is profiled.
 */
export function activationPeak(
  model: Architecture,
  parallel: Parallel,
  rules: StartupRules,
  { tokens, sequences, samples, encodes, computeCapability }: ProfiledBatch,
): ActivationPeak {
  const { hiddenSize: h, intermediateSize, mlpMatrices } = model;
  const { tensor } = parallel;
  const dense = (mlpMatrices * intermediateSize * tokens) / tensor;
  const workspace = moeWorkspace(model, parallel, rules, tokens);
  const cublas = cublasWorkspaceBytes(computeCapability);
  const mlp = ACTIVATION_BYTES * (3 * h * tokens + Math.max(dense, workspace)) + cublas;
  const rows = samples ? Math.min(sequences, tokens) : 0;
  const logits = rows * model.vocabSize * bytesPerLogit(rules, rows);
  const keptWorkspace = cublas + (rules.keepsMoeWorkspace ? ACTIVATION_BYTES * workspace : 0);
  const sampler = logits + ACTIVATION_BYTES * tokens * h + keptWorkspace;
  const encoded =
    model.encoder === null || !encodes
      ? null
      : encoderPeak(model.encoder, encoderRanks(parallel), tokens, sequences);
  const encoder = encoded?.bytes ?? 0;
  const kept = rules.engine === 'v1' ? ACTIVATION_BYTES * (encoded?.tokens ?? 0) * h : 0;
  return {
    mlp: Math.ceil(mlp),
    sampler: Math.ceil(sampler),
    encoder,
    keptWorkspace: Math.ceil(keptWorkspace),
    bytes: Math.ceil(Math.max(encoder, kept + Math.max(mlp, sampler))),
  };
}

/** As many items as fill the batch, one a sequence; at least one, however large. */
function encoderPeak(
  encoder: EncoderArchitecture,
  tensor: number,
  tokens: number,
  sequences: number,
): { bytes: number; tokens: number } {
  const items = Math.max(1, Math.min(sequences, Math.floor(tokens / encoder.tokensPerItem)));
  const perPatch = (2 * encoder.innerSize) / tensor + ENCODER_STREAMS * encoder.width;
  return {
    bytes: Math.ceil(ACTIVATION_BYTES * items * encoder.patchesPerItem * perPatch),
    tokens: items * encoder.tokensPerItem,
  };
}

/** Values of the fused MoE kernel's workspaces: V0 holds three, V1 lets the first and the last share. */
function moeWorkspace(model: Architecture, parallel: Parallel, rules: StartupRules, tokens: number): number {
  const { moe, hiddenSize: h } = model;
  if (moe === null) return 0;
  const width = moe.expertSize / (parallel.experts ? 1 : parallel.tensor * parallel.data);
  // The tokens of all replicas meet at the experts.
  const buffers =
    rules.engine === 'v0'
      ? v0ExpertCaches(tokens, moe.topK, width, h)
      : sharedExpertBuffers(tokens * parallel.data * moe.topK, width, h);
  return buffers.reduce((sum, values) => sum + values, 0);
}
