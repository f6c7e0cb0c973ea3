import type { Gpu } from '../catalog/gpus.ts';

/*
 * What a step costs besides its kernels, seconds (semantics/time.md §1).
 */

/** Sampling a token for each of n sequences: measured 10–25 µs + 0.6–1.2 µs each. */
export function sampler({ par }: Gpu, n: number): number {
  return n === 0 ? 0 : par.sampler.t0 + par.sampler.perSequence * n;
}

/** Work of the CPU that the GPU waits for: once a step, and for each sequence. */
export interface HostOverhead {
  readonly perStep: number;
  readonly perSequence: number;
}

/** V1 with async scheduling and CUDA graphs: fitted on two vLLM 0.19 runs and on BLIS's H100 runs. */
export const V1_OVERHEAD: HostOverhead = { perStep: 0, perSequence: 11e-6 };

/** V0: schedule, prepare, sample and process, from Vidur's CPU profile of the A100 (2023–24). */
export const V0_OVERHEAD: HostOverhead = { perStep: 1.8e-3, perSequence: 92e-6 };

/** Of work that the CPU has no share in. */
export const NO_OVERHEAD: HostOverhead = { perStep: 0, perSequence: 0 };
