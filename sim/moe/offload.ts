import type { CachePolicy } from './expert-cache.ts';

/** Experts in host memory, and how the GPU gets at them. */
export interface Offload {
  /** Of each layer, on each rank; 0 = they are read over PCIe at every use (--cpu-offload-gb). */
  readonly slots: number;
  readonly policy: CachePolicy;
  readonly prefetch: number;
  /** Layer → share of its experts' bytes that is in host memory. */
  readonly shares: readonly number[];
  readonly bytesPerSecond: number;
}

/** Gate and up are one parameter, down another. */
const EXPERT_PARAMETERS = [2 / 3, 1 / 3];

/**
 * Layer → share of its experts that --cpu-offload-gb moves to the host: parameters whole, in the order of the
 * layers, until so many bytes are moved (vLLM's UVA offloader).
 * @param otherBytes of a layer's attention, norms and dense matrices, which come first.
 */
export function offloadedShares(
  offloadBytes: number,
  hasExperts: readonly boolean[],
  otherBytes: number,
  expertBytes: number,
): number[] {
  const shares: number[] = [];
  let moved = 0;
  for (const isMoe of hasExperts) {
    if (moved < offloadBytes) moved += otherBytes;
    if (!isMoe) continue;
    let share = 0;
    for (const part of EXPERT_PARAMETERS) {
      if (moved >= offloadBytes) break;
      share += part;
      moved += part * expertBytes;
    }
    shares.push(share);
  }
  return shares;
}
