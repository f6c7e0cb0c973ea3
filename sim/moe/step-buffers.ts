import { expertsOfRank, type MoeShape, physicalExperts } from './shape.ts';
import { workspaceTensors } from './workspace.ts';

/** The tensors that one layer's experts need on one rank while a step passes through, bytes each. */
export interface StepTensors {
  readonly workspace: readonly number[];
  /** Logits and choices of the gate, and the token ids sorted by expert. */
  readonly routing: readonly number[];
  /** Tokens of other replicas, gathered or received. */
  readonly allToAll: readonly number[];
  /** Of the shared experts: both projections, their product, the output. */
  readonly shared: readonly number[];
}

/** Their bytes; the next layer uses them again. */
export interface StepBuffers extends Readonly<Record<keyof StepTensors, number>> {
  readonly total: number;
}

const VALUE_BYTES = 2;

/**
 * Tensors of a step that has tokens.
 * @param tokens of this rank's replica.
 * @param rows token-expert pairs that this rank's experts compute; only DeepEP's high-throughput mode, which
 * receives just these, needs less memory when they are few.
 */
export function stepTensors(shape: MoeShape, tokens: number, rows: number): StepTensors {
  const { topK, hiddenSize, replicas, sharedWidth } = shape;
  const receives = receivesRows(shape);
  // A received token computes at least one expert here, so that rows bound the tokens.
  const seen = receives ? Math.min(tokens * replicas, rows) : tokens * replicas;
  const shared = [2 * sharedWidth, sharedWidth, hiddenSize];
  return {
    workspace: workspaceTensors(shape, receives ? Math.ceil(rows / topK) : seen),
    routing: routingTensors(shape, tokens, seen),
    allToAll: replicas === 1 ? [] : gatheredTensors(shape, seen),
    shared: sharedWidth === 0 ? [] : shared.map((width) => Math.ceil(tokens * width * VALUE_BYTES)),
  };
}

/** Bytes of a step on one rank, by what they are for; the arguments are those of stepTensors. */
export function stepBuffers(shape: MoeShape, tokens: number, rows: number): StepBuffers {
  const tensors = stepTensors(shape, tokens, rows);
  const workspace = sum(tensors.workspace);
  const routing = sum(tensors.routing);
  const allToAll = sum(tensors.allToAll);
  const shared = sum(tensors.shared);
  return { workspace, routing, allToAll, shared, total: workspace + routing + allToAll + shared };
}

/** Whether a rank's buffers follow the tokens that are routed to it: with DeepEP's high-throughput mode only. */
export function receivesRows({ spread, replicas, allToAll }: MoeShape): boolean {
  return spread && replicas > 1 && allToAll === 'deepep-high-throughput';
}

/** Hidden states, weights and ids of their experts; the batched kernels have room for all that may come. */
function gatheredTensors(shape: MoeShape, seen: number): number[] {
  const { hiddenSize, topK, maxTokens, replicas, kernel } = shape;
  if (kernel === 'batched') return [expertsOfRank(shape) * maxTokens * replicas * hiddenSize * VALUE_BYTES];
  return [seen * hiddenSize * VALUE_BYTES, seen * topK * 4, seen * topK * 4];
}

/**
 * Logits of the gate (16 bits), topk_weights, topk_ids and token_expert_indices (32 bits each), then
 * sorted_token_ids, expert_ids and their number (vLLM `moe_align_block_size`).
 */
export function routingTensors(shape: MoeShape, tokens: number, seen: number): number[] {
  const { topK, numExperts } = shape;
  if (seen === 0) return [];
  const pairs = seen * topK;
  const block = alignmentBlock(seen);
  const experts = physicalExperts(shape);
  const padded =
    pairs < experts ? Math.min(pairs * block, pairs + experts * (block - 1)) : pairs + experts * (block - 1);
  const logits = tokens * numExperts * VALUE_BYTES;
  return [logits, 4 * pairs, 4 * pairs, 4 * pairs, 4 * padded, 4 * Math.ceil(padded / block), 4];
}

/** BLOCK_SIZE_M of the default configuration of the Triton kernel. */
function alignmentBlock(tokens: number): number {
  if (tokens <= 32) return 16;
  if (tokens <= 96) return 32;
  return tokens <= 512 ? 64 : 128;
}

function sum(bytes: readonly number[]): number {
  return bytes.reduce((total, each) => total + each, 0);
}
