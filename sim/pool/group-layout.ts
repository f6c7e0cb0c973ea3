import type { KvCacheGroup } from '../scheduler/config.ts';

export const FULL = 0;
export const SLIDING_WINDOW = 1;

/** A cache group with what the hot paths need precomputed. */
export interface GroupLayout {
  /** Position in the configuration; groups are served in this order. */
  readonly id: number;
  readonly kind: typeof FULL | typeof SLIDING_WINDOW;
  readonly blockSize: number;
  /** Tokens; 0 for full attention. */
  readonly window: number;
}

export function layoutOf(groups: readonly KvCacheGroup[]): GroupLayout[] {
  return groups.map(({ kind, blockSize, window }, id) => ({
    id,
    kind: kind === 'full' ? FULL : SLIDING_WINDOW,
    blockSize,
    window,
  }));
}

/** Whole blocks that lie outside of the attention window once `computed` tokens are computed. */
export function numSkippedBlocks(group: GroupLayout, computed: number): number {
  if (group.kind === FULL) return 0;
  return Math.floor(Math.max(0, computed - group.window + 1) / group.blockSize);
}

/** Least common multiple of the groups' block sizes: hits and cache entries come in multiples of it. */
export function alignmentOf(groups: readonly GroupLayout[]): number {
  return groups.reduce((lcm, { blockSize }) => (lcm / gcd(lcm, blockSize)) * blockSize, 1);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
