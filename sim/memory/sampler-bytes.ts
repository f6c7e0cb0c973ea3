import type { StartupRules } from './rules.ts';

/*
 * What V0's and V1's samplers hold per logit at their peak, counted in PyTorch's and vLLM's code: the logits as the
 * head made them (2 bytes) and as 32-bit numbers (4), and
 */

/** `torch.sort`: values (4), indices (8), their start (8), and what CUB sorts into: values (4) and indices (8). */
const SORTED = 2 + 4 + 4 + 8 + 8 + 12;
/** Fewer rows are sorted as one, with their numbers: two lists of pairs (8 each), keys (4), values, indices, CUB's. */
const SORTED_TOGETHER = 2 + 4 + 4 + 8 + 2 * 8 + 4 + 12;
const LEAST_SORTED_APART = 128;
/** A kernel that filters: probabilities (4) and noise (4). */
const FILTERED = 2 + 4 + 4 + 4;

/** Bytes per logit while so many rows are sampled with top-k and top-p. */
export function bytesPerLogit({ sortsLogits }: Pick<StartupRules, 'sortsLogits'>, rows: number): number {
  if (!sortsLogits) return FILTERED;
  return rows > 1 && rows < LEAST_SORTED_APART ? SORTED_TOGETHER : SORTED;
}
