import type { TimingParameters } from './gpus.ts';

/** Constants of a GPU that nobody measured (semantics/time.md §0): what the measured ones have in common. */
export const GENERIC_TIMING: TimingParameters = {
  sampler: { t0: 15e-6, perSequence: 0.9e-6 },
  gemm: { t0: 4.5e-6, ec: 0.76, em: 0.92, p: 3, w: 0.25, kh: 80, Tm: 128, Tn: 128, mt: 64 },
  elt: { t0: 2.2e-6, e: 0.75, r: 2 },
  dec: { t0: 12e-6, ea: 0.9, cs: 0.2e-9, tb: 2e-6, p: 3 },
  fa: { t0: 8e-6, ef: 0.65, lam: 0.4, lone: 1, p: 2, Mq: 64 },
  moe: { t0: 12e-6, em: 0.9, ec: 0.75, p: 3, cr: 0.12e-6 },
};
