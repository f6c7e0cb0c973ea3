/*
 * What the fused expert kernels ask for beside their input, in values (vLLM `workspace_shapes`; moe.md §2): rows = tokens
 * times the experts of each, width of an expert, h = hidden size.
 */

/** V0 worked through its tokens in chunks: the real default of VLLM_FUSED_MOE_CHUNK_SIZE. V1 does not. */
const V0_CHUNK_TOKENS = 32_768;

/** V0: cache1, cache2 and cache3, three tensors. */
export function v0ExpertCaches(tokens: number, topK: number, width: number, h: number): number[] {
  const rows = Math.min(tokens, V0_CHUNK_TOKENS) * topK;
  return [2 * width * rows, width * rows, h * rows];
}

/** V1: two buffers; what is not needed at the same time shares one. */
export function sharedExpertBuffers(rows: number, width: number, h: number): [first: number, second: number] {
  return [rows * Math.max(width, h), rows * Math.max(2 * width, h)];
}
