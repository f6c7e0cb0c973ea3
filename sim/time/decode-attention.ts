import type { Gpu } from '../catalog/gpus.ts';
import { type AttentionShape, kvBytesPerToken } from './attention-shape.ts';
import { smoothMax } from './smooth-max.ts';

/**
 * Seconds of one layer's attention of n sequences that all decode (semantics/time.md §1). The sum of their contexts
 * decides, in tokens, not the longest: a batch of uneven contexts costs what its mean does.
 */
export function decodeAttention(
  gpu: Gpu,
  shape: AttentionShape,
  n: number,
  contextSum: number,
  longest: number,
): number {
  const { t0, ea, cs, tb, p } = gpu.par.dec;
  const memory = (kvBytesPerToken(shape) * contextSum) / (gpu.hbmTBs * 1e12 * ea);
  if (shape.flopsPerToken !== undefined) {
    const compute = (shape.flopsPerToken * contextSum) / (gpu.tflops * 1e12 * gpu.par.fa.ef);
    return t0 + smoothMax(memory, compute, p);
  }
  return t0 + (tb * n * shape.kvHeads) / gpu.sms + smoothMax(memory, cs * longest, p);
}
