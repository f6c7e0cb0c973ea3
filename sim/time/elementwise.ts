import type { Gpu } from '../catalog/gpus.ts';

/**
 * Seconds of an element-wise kernel that moves `bytes` (semantics/time.md §1): what fits into half of the L2 cache
 * moves `r` times as fast as the rest.
 */
export function elementwise(gpu: Gpu, bytes: number): number {
  const { t0, e, r } = gpu.par.elt;
  const bandwidth = gpu.hbmTBs * 1e12 * e;
  const halfL2 = (gpu.l2MB * 1e6) / 2;
  return t0 + Math.min(bytes, halfL2) / (bandwidth * r) + Math.max(0, bytes - halfL2) / bandwidth;
}
