import { MIB } from '../units.ts';

/**
 * Of one captured graph, per layer. Fitted on the estimates that four start-ups of 2026 log (r023 0.14, r028
 * 0.08, r064 0.91, r073 0.81 GiB).
 */
const BYTES_PER_LAYER = 0.115 * MIB;
const LARGEST_CAPTURE = 512;

/** What V1 counts a graph for at least: the driver's own. */
const LEAST_GRAPH_BYTES = MIB;

/**
 * Batch sizes that V1 captures: 1, 2, 4, then in steps of 8, above 256 in steps of 16; and the largest batch that
 * there can be, if that is within.
 */
export function captureSizes(maxNumSeqs: number, maxNumBatchedTokens: number): number[] {
  const largest = Math.min(2 * maxNumSeqs, LARGEST_CAPTURE, maxNumBatchedTokens);
  const sizes: number[] = [];
  for (let size = 1; size <= largest; size += size < 4 ? size : size < 8 ? 4 : size < 256 ? 8 : 16) {
    sizes.push(size);
  }
  if (largest === maxNumBatchedTokens && sizes.at(-1) !== largest) sizes.push(largest);
  return sizes;
}

/** Batch sizes that V0 captures: 1, 2, 4, then in steps of 8 up to max_num_seqs, which is rounded up. */
export function v0CaptureSizes(maxNumSeqs: number): number[] {
  const largest = maxNumSeqs <= 2 ? maxNumSeqs : maxNumSeqs <= 4 ? 4 : Math.ceil(maxNumSeqs / 8) * 8;
  const sizes: number[] = [];
  for (let size = 1; size <= largest; size += size < 4 ? size : size < 8 ? 4 : 8) sizes.push(size);
  return sizes;
}

/** What V0's graphs take: no budget of vLLM's covers them. */
export function v0GraphBytes(numLayers: number, maxNumSeqs: number): number {
  return Math.round(v0CaptureSizes(maxNumSeqs).length * numLayers * BYTES_PER_LAYER);
}

/** V1's graphs: every size piecewise, and those that a batch of decodes can reach a second time as one full graph. */
export function capturedGraphs(maxNumSeqs: number, maxNumBatchedTokens: number) {
  const piecewise = captureSizes(maxNumSeqs, maxNumBatchedTokens);
  return { piecewise, full: piecewise.filter((size) => size <= maxNumSeqs) };
}

/** V1's estimate of them. */
export function cudaGraphBytes(numLayers: number, maxNumSeqs: number, maxNumBatchedTokens: number): number {
  const { piecewise, full } = capturedGraphs(maxNumSeqs, maxNumBatchedTokens);
  const bytes = Math.max(LEAST_GRAPH_BYTES, numLayers * BYTES_PER_LAYER);
  return Math.round((piecewise.length + full.length) * bytes);
}
