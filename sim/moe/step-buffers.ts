import { expertsOfRank, type MoeShape, physicalExperts } from './shape.ts';
import { workspaceBytes } from './workspace.ts';

/** Bytes that one layer's experts need on one rank while a step passes through; the next layer uses them again. */
export interface StepBuffers {
  readonly workspace: number;
  /** Logits and choices of the gate, and the token ids sorted by expert. */
  readonly routing: number;
  /** Tokens of other replicas, gathered or received. */
  readonly allToAll: number;
  /** Activations of the shared experts. */
  readonly shared: number;
  readonly total: number;
}

const VALUE_BYTES = 2;

/**
 * Buffers for a step that has tokens.
 * @param tokens of this rank's replica.
 * @param rows token-expert pairs that this rank's experts compute; only DeepEP's high-throughput mode, which
 * receives just these, needs less memory when they are few.
 */
export function stepBuffers(shape: MoeShape, tokens: number, rows: number): StepBuffers {
  const { topK, hiddenSize, replicas } = shape;
  const dispatches = shape.spread && replicas > 1;
  const receives = dispatches && shape.allToAll === 'deepep-high-throughput';
  // A received token computes at least one expert here, so that rows bound the tokens.
  const seen = receives ? Math.min(tokens * replicas, rows) : tokens * replicas;
  const workspace = workspaceBytes(shape, receives ? Math.ceil(rows / topK) : seen);
  const routing = routingBytes(shape, tokens, seen);
  const allToAll = replicas === 1 ? 0 : gatheredBytes(shape, seen);
  const shared =
    shape.sharedWidth === 0 ? 0 : Math.ceil(tokens * (3 * shape.sharedWidth + hiddenSize) * VALUE_BYTES);
  return { workspace, routing, allToAll, shared, total: workspace + routing + allToAll + shared };
}

/** Hidden states with weights and ids of their experts; the batched kernels have room for all that may come. */
function gatheredBytes(shape: MoeShape, seen: number): number {
  const { hiddenSize, topK, maxTokens, replicas, kernel } = shape;
  return kernel === 'batched'
    ? expertsOfRank(shape) * maxTokens * replicas * hiddenSize * VALUE_BYTES
    : seen * (hiddenSize * VALUE_BYTES + topK * 8);
}

/**
 * topk_weights (32 bits), topk_ids and token_expert_indices (32 bits each), logits of the gate (16 bits), then
 * sorted_token_ids and expert_ids of the alignment (vLLM `moe_align_block_size`).
 */
export function routingBytes(shape: MoeShape, tokens: number, seen: number): number {
  const { topK, numExperts } = shape;
  if (seen === 0) return 0;
  const pairs = seen * topK;
  const block = alignmentBlock(seen);
  const experts = physicalExperts(shape);
  const padded =
    pairs < experts ? Math.min(pairs * block, pairs + experts * (block - 1)) : pairs + experts * (block - 1);
  const sorted = 4 * (padded + Math.ceil(padded / block) + 1);
  return tokens * numExperts * VALUE_BYTES + 12 * pairs + sorted;
}

/** BLOCK_SIZE_M of the default configuration of the Triton kernel. */
function alignmentBlock(tokens: number): number {
  if (tokens <= 32) return 16;
  if (tokens <= 96) return 32;
  return tokens <= 512 ? 64 : 128;
}
