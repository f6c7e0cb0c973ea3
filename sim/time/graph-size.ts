const LARGEST_GRAPH = 512;

/**
 * The captured CUDA graph that a batch of so many tokens is padded to, tokens: 1, 2, 4, steps of 8 to 256 and of 16
 * to `largest`, or the next of `sizes`; larger batches run unpadded.
 */
export function graphSize(tokens: number, largest = LARGEST_GRAPH, sizes?: readonly number[]): number {
  if (tokens > largest || tokens === 0) return tokens;
  if (sizes !== undefined) return nextOf(sizes, tokens);
  if (tokens <= 2) return tokens;
  if (tokens <= 4) return 4;
  const step = tokens <= 256 ? 8 : 16;
  const size = Math.ceil(tokens / step) * step;
  return Math.min(size, largest);
}

/** The least of ascending sizes that is no smaller. */
function nextOf(sizes: readonly number[], tokens: number): number {
  let first = 0;
  let end = sizes.length - 1;
  while (first < end) {
    const middle = (first + end) >> 1;
    if (sizes[middle] < tokens) first = middle + 1;
    else end = middle;
  }
  return sizes[first];
}
