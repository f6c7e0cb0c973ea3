import type { Gpu } from '../catalog/gpus.ts';
import { pow } from '../math/portable.ts';
import { smoothMax } from './smooth-max.ts';

/** Rows that an expert's tile takes, however few tokens it has. */
const LEAST_ROWS = 16;

/** The experts of one layer, as one rank holds them. */
export interface ExpertShape {
  readonly hidden: number;
  /** Width of one expert on this rank. */
  readonly width: number;
  readonly numExperts: number;
  readonly topK: number;
  /** Experts that live on this rank: all of them without expert parallelism. */
  readonly numLocal: number;
  readonly weightBytes: number;
}

/** Distinct experts of the rank that `tokens` touch if routing is uniform and independent. */
export function touchedExperts({ numLocal, numExperts, topK }: ExpertShape, tokens: number): number {
  return numLocal * (1 - pow(1 - topK / numExperts, tokens));
}

/**
 * Seconds of one layer's routed experts for `tokens`, of all ranks that exchange tokens, without the router's
 * product (semantics/time.md §1): weights of the touched experts, or their rows.
 */
export function mixtureOfExperts(gpu: Gpu, shape: ExpertShape, tokens: number, touched: number): number {
  const { t0, em, ec, p, cr } = gpu.par.moe;
  const { hidden, width, numExperts, topK, numLocal, weightBytes } = shape;
  const rows = Math.max((tokens * topK * numLocal) / numExperts, LEAST_ROWS * touched);
  const memory = (3 * touched * hidden * width * weightBytes) / (gpu.hbmTBs * 1e12 * em);
  const compute = (6 * rows * hidden * width) / (gpu.tflops * 1e12 * ec);
  return t0 + cr * tokens + smoothMax(memory, compute, p);
}
