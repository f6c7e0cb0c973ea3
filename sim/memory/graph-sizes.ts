/* The batch sizes of CUDA graphs, tokens, ascending. */

/** What V1's sizes depend on. */
export interface GraphSizeLimits {
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  /** Of one request's decode step: 1 and the drafts. */
  readonly decodeTokens: number;
  /** --cudagraph-capture-sizes; null = vLLM's own. */
  readonly stated: readonly number[] | null;
  /** --max-cudagraph-capture-size. */
  readonly statedLargest: number | null;
  /** --performance-mode interactivity: every size up to 32. */
  readonly isFine: boolean;
}

const LARGEST_CAPTURE = 512;
const LARGEST_FINE = 32;
/** Tokens; graphs up to here take more than any GPU has, so that nothing hangs on those beyond it. */
const LARGEST_COUNTED = 1_000_000;

/**
 * Sizes that V1 captures (vLLM `_set_cudagraph_sizes`): 1, 2, 4, then in steps of 8, above 256 in steps of 16; and
 * the largest batch that there can be, if that is within.
 */
export function captureSizes(limits: GraphSizeLimits): number[] {
  const { maxNumSeqs, maxNumBatchedTokens, decodeTokens, stated, statedLargest, isFine } = limits;
  if (stated !== null) return ascending(stated.filter((size) => size <= maxNumBatchedTokens));
  const wanted = statedLargest ?? Math.min(2 * maxNumSeqs * decodeTokens, LARGEST_CAPTURE);
  const largest = Math.min(maxNumBatchedTokens, wanted, LARGEST_COUNTED);
  const sizes: number[] = [];
  for (let size = 1; size <= largest; size += size < 4 ? size : size < 8 ? 4 : size < 256 ? 8 : 16) {
    sizes.push(size);
  }
  if (isFine) for (let size = 1; size <= Math.min(largest, LARGEST_FINE); size++) sizes.push(size);
  if (largest === maxNumBatchedTokens) sizes.push(largest);
  return ascending(sizes);
}

/** Sizes rounded up to whole requests of so many tokens each (vLLM `adjust_cudagraph_sizes_for_spec_decode`). */
export function sizesOfWholeRequests(sizes: readonly number[], tokensEach: number): number[] {
  const largest = sizes.at(-1) ?? 0;
  const rounded = sizes.map((size) => Math.ceil(size / tokensEach) * tokensEach);
  const sizesLeft = ascending(rounded.filter((size) => size <= largest));
  return sizesLeft.length === 0 && tokensEach <= largest ? [tokensEach] : sizesLeft;
}

/** Sizes that V0 captures: 1, 2, 4, then in steps of 8 up to max_num_seqs, which is rounded up. */
export function v0CaptureSizes(maxNumSeqs: number): number[] {
  const rounded = maxNumSeqs <= 2 ? maxNumSeqs : maxNumSeqs <= 4 ? 4 : Math.ceil(maxNumSeqs / 8) * 8;
  const largest = Math.min(rounded, LARGEST_COUNTED);
  const sizes: number[] = [];
  for (let size = 1; size <= largest; size += size < 4 ? size : size < 8 ? 4 : 8) sizes.push(size);
  return sizes;
}

function ascending(sizes: readonly number[]): number[] {
  return [...new Set(sizes)].sort((a, b) => a - b);
}
