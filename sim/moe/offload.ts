import type { Link } from '../catalog/links.ts';
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

const GB = 1e9;
/** Pinned host memory over 16 lanes, as measured: 25 GB/s in generation 4 (moe.md §8); twice that in 5. */
const PCIE_BYTES_PER_S: Readonly<Record<Link, number>> = {
  pcie4: 25 * GB,
  nvlink3: 25 * GB,
  'nvlink3-pairs': 25 * GB,
  pcie5: 50 * GB,
  nvlink4: 50 * GB,
  'nvlink4-pairs': 50 * GB,
};

export function pcieBytesPerSecond(link: Link): number {
  return PCIE_BYTES_PER_S[link];
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
