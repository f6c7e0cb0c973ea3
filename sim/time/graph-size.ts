const LARGEST_GRAPH = 512;

/**
 * The captured CUDA graph that a batch of so many tokens is padded to, tokens: 1, 2, 4, steps of 8 to 256 and of 16
 * to `largest`; larger batches run unpadded.
 */
export function graphSize(tokens: number, largest = LARGEST_GRAPH): number {
  if (tokens <= 2 || tokens > largest) return tokens;
  if (tokens <= 4) return 4;
  const step = tokens <= 256 ? 8 : 16;
  const size = Math.ceil(tokens / step) * step;
  return Math.min(size, largest);
}
