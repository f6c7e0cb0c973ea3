import type { Link } from '../catalog/links.ts';
import { GIB } from '../units.ts';

/**
 * Memory outside of torch: what cuBLAS and the kernels' modules take after the first snapshot. Median of
 * start-ups on one GPU that log it (r098, r099, r103–r108, m10, m12, m15: 0.01–0.09 GiB).
 */
const LIBRARIES_BYTES = 0.05 * GIB;
/**
 * The CUDA context: r134 against r135, the same run on both engines (and 0.42 GiB with CUDA 13,
 * unslothai/unsloth-zoo#1053). It is always there; whether vLLM counts it differs.
 */
export const CONTEXT_BYTES = 0.35 * GIB;
/** NCCL's channels and buffers, and custom all-reduce; more per peer on NVLink (r034, r066, r070; r115, r146). */
const NCCL_BYTES = 0.25 * GIB;
const NVLINK_BYTES_PER_PEER = 0.11 * GIB;

/**
 * Bytes on one rank.
 * @param worldSize ranks that talk to each other.
 * @param countsContext whether vLLM's profile sees the CUDA context.
 */
export function outsideTorchBytes(worldSize: number, link: Link, countsContext: boolean): number {
  const context = countsContext ? CONTEXT_BYTES : 0;
  if (worldSize === 1) return Math.round(LIBRARIES_BYTES + context);
  const perPeer = link === 'nvlink4' ? NVLINK_BYTES_PER_PEER : 0;
  return Math.round(LIBRARIES_BYTES + context + NCCL_BYTES + perPeer * (worldSize - 1));
}
