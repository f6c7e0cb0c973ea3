import { sharedExpertBuffers, v0ExpertCaches } from '../memory/moe-workspace.ts';
import { expertsOfRank, type MoeShape } from './shape.ts';

/*
 * What the fused expert kernels ask for beside their input, in values of 16 bits (vLLM `workspace_shapes` of each
 * kernel; moe.md §2). M = tokens whose experts are looked at, k = experts per token, I = width, H = hidden size.
 */

const VALUE_BYTES = 2;
/** V1 rounds each request to its workspace up to this. */
const ALIGNMENT = 256;

/**
 * The workspaces for M tokens, bytes each. V0: cache1, cache2 and cache3 are three tensors. V1: one buffer of two
 * parts, the first of which the output shares; it keeps the size that start-up made it grow to.
 */
export function workspaceTensors(shape: MoeShape, tokens: number): number[] {
  const { topK, width, hiddenSize: h } = shape;
  const rows = tokens * topK;
  const output = tokens * h;
  const [first, second] = sharedExpertBuffers(rows, width, h);
  switch (shape.kernel) {
    case 'v0':
      return v0ExpertCaches(tokens, topK, width, h).map((values) => values * VALUE_BYTES);
    case 'triton':
      return two(Math.max(first, output), second);
    case 'marlin':
      // The other way round: the output shares the second part.
      return two(second, Math.max(first, output));
    case 'gpt-oss':
      return two(output, rows * width);
    case 'batched': {
      // A row for every token that any rank may send to any expert here.
      const slots = expertsOfRank(shape) * shape.maxTokens * shape.replicas;
      return two(slots * Math.max(h, 2 * width), slots * width);
    }
  }
}

function two(first: number, second: number): number[] {
  return [aligned(first * VALUE_BYTES), aligned(second * VALUE_BYTES)];
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
