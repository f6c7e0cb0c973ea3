import { type Gpu, hasFp8 } from '../catalog/gpus.ts';
import { pow } from '../math/portable.ts';
import { smoothMax } from './smooth-max.ts';

/** Waves that are almost empty cost no more than this many times their work. */
const WORST_LAST_WAVE = 4;

/**
 * Seconds of C[m,n] = A[m,k] W[k,n] with weights of `weightBytes` each (semantics/time.md §1). Memory: weights
 * once, inputs and outputs in 16 bit. Compute: rows padded to mt, and tiles of Tm × Tn in waves over the SMs.
 */
export function gemm(gpu: Gpu, m: number, k: number, n: number, weightBytes: number): number {
  const { t0, ec, em, p, w, kh, Tm, Tn, mt } = gpu.par.gemm;
  const flops = gpu.tflops * 1e12 * (weightBytes === 1 && hasFp8(gpu) ? 2 : 1);
  const memory = (weightBytes * k * n + 2 * m * (k + n)) / (gpu.hbmTBs * 1e12 * em);
  const tiles = Math.ceil(m / Tm) * Math.ceil(n / Tn);
  const slots = Math.ceil(tiles / gpu.sms) * gpu.sms;
  const lastWave = pow(Math.min(WORST_LAST_WAVE, slots / tiles), w);
  const compute = (2 * Math.ceil(m / mt) * mt * k * n * lastWave * (1 + kh / k)) / (flops * ec);
  return t0 + smoothMax(memory, compute, p);
}
