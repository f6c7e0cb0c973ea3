import type { Gpu } from '../catalog/gpus.ts';
import type { RooflineInput } from './roofline.ts';

/**
 * fitted: constants from this GPU's own kernels; datasheet: borrowed from a sister card, or generic; user-given: the
 * user describes the GPU or its link.
 */
export type Badge = 'fitted' | 'datasheet' | 'user-given';

/** What the step times of a run rest on, and how far off they may be; docs/time.md has the measurements. */
export interface TimeBasis {
  readonly badge: Badge;
  /** Which parts were fitted, or whose constants they are. */
  readonly source: string;
  /** Parts of this model's step that were never measured on this GPU. */
  readonly unmeasured: readonly string[];
  /** Relative error to expect of throughput and mean latencies below saturation; least and most. */
  readonly error: readonly [number, number];
}

/** Serving runs on GPUs with fitted attention: means within 3 %, a few figures up to 7 %. */
const ERROR_FITTED = [0.03, 0.07] as const;
/** Load tests of GPUs without measurements, or of kernels that were not measured. */
const ERROR_UNMEASURED = [0.1, 0.2] as const;

/** What a GPU's constants rest on, whatever runs on it. */
export function gpuBasis({ timingSource }: Gpu): Pick<TimeBasis, 'badge' | 'error'> {
  const parts = /^fitted: ([^(]*)/.exec(timingSource)?.[1] ?? '';
  const isMeasured = parts.includes('gemm') && parts.includes('attention');
  return {
    badge: parts !== '' ? 'fitted' : timingSource.startsWith('user-given') ? 'user-given' : 'datasheet',
    error: isMeasured ? ERROR_FITTED : ERROR_UNMEASURED,
  };
}

export function timeBasis({ gpu, model, options }: RooflineInput): TimeBasis {
  const { badge, error } = gpuBasis(gpu);
  const has = (part: string) => badge === 'fitted' && gpu.timingSource.includes(part);
  const isParallel = options.tensorParallel > 1;
  const isLinkGiven = isParallel && options.link !== undefined;
  const unmeasured = [
    !has('gemm') && 'matrix products',
    !has('attention') && 'attention',
    model.mla !== null && 'MLA',
    model.moe !== null && !has('moe') && 'experts',
    isParallel && !isLinkGiven && gpu.link.startsWith('pcie4') && 'all-reduce',
  ].filter((part) => part !== false);
  return {
    badge: isLinkGiven ? 'user-given' : badge,
    source: isLinkGiven ? `${gpu.timingSource}; link user-given` : gpu.timingSource,
    unmeasured,
    error: unmeasured.length === 0 ? error : ERROR_UNMEASURED,
  };
}
