import type { KvCacheGroup } from '../scheduler/config.ts';

export const FULL = 0;
export const SLIDING_WINDOW = 1;
export const CHUNKED_LOCAL = 2;
const KINDS = { full: FULL, sliding_window: SLIDING_WINDOW, chunked_local: CHUNKED_LOCAL } as const;

/** A count of tokens that no request reaches. */
export const NEVER = 0x7fffffff;

/** A cache group with what the hot paths need precomputed. */
export interface GroupLayout {
  /** Position in the configuration; groups are served in this order. */
  readonly id: number;
  readonly kind: (typeof KINDS)[keyof typeof KINDS];
  readonly blockSize: number;
  /** Sliding window or attention chunk, tokens; 0 for full attention. */
  readonly window: number;
}

/** The groups as hot loops want them. */
export function layoutOf(groups: readonly KvCacheGroup[]): GroupLayout[] {
  return groups.map(({ kind, blockSize, window }, id) => ({ id, kind: KINDS[kind], blockSize, window }));
}

/** Whole blocks that no later token attends to once `computed` tokens are computed. */
export function numSkippedBlocks({ kind, window, blockSize }: GroupLayout, computed: number): number {
  if (kind === FULL) return 0;
  const tokens =
    kind === SLIDING_WINDOW ? Math.max(0, computed - window + 1) : computed - (computed % window);
  return Math.floor(tokens / blockSize);
}

/** The fewest computed tokens at which more than `skipped` blocks are skipped. */
export function nextSkipAt({ kind, window, blockSize }: GroupLayout, skipped: number): number {
  if (kind === FULL) return NEVER;
  const tokens = (skipped + 1) * blockSize;
  return kind === SLIDING_WINDOW ? tokens + window - 1 : Math.ceil(tokens / window) * window;
}

/**
 * Most blocks that the full-sequence gate asks of a group for one request (vLLM
 * `max_admission_blocks_per_request`): what it can hold at once while blocks behind it are dropped.
 */
export function gateCapOf(
  { kind, window, blockSize }: GroupLayout,
  maxNumBatchedTokens: number,
  maxModelLen: number,
): number {
  if (kind === FULL) return NEVER;
  if (kind === CHUNKED_LOCAL)
    return Math.ceil(Math.min(window + maxNumBatchedTokens, maxModelLen) / blockSize);
  return Math.ceil(Math.min(window - 1 + maxNumBatchedTokens, maxModelLen) / blockSize) + 1;
}

/** Least common multiple of the groups' block sizes: hits and cache entries come in multiples of it. */
export function alignmentOf(groups: readonly GroupLayout[]): number {
  return groups.reduce((lcm, { blockSize }) => (lcm / gcd(lcm, blockSize)) * blockSize, 1);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
