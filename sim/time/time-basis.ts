import { GPUS, type Gpu } from '../catalog/gpus.ts';
import { type ErrorBands, errorBands } from './error-band.ts';
import type { RooflineInput } from './roofline.ts';

/**
 * fitted: constants from this GPU's own kernels; datasheet: borrowed from a sister card, or generic; user-given: the
 * user describes the GPU or its link.
 */
export type Badge = 'fitted' | 'datasheet' | 'user-given';

/** What the step times of a run rest on, and how far off they were where somebody measured; docs/time.md has the measurements. */
export interface TimeBasis {
  readonly badge: Badge;
  /** Which parts were fitted, or whose constants they are. */
  readonly source: string;
  /** Parts of this model's step that were never measured on this GPU. */
  readonly unmeasured: readonly string[];
  /** What to expect of throughput and mean latencies. */
  readonly errors: ErrorBands;
}

/** What a GPU's constants rest on, whatever runs on it. */
export function gpuBasis(gpu: Gpu): Pick<TimeBasis, 'badge' | 'errors'> {
  const { timingSource } = gpu;
  const isFitted = timingSource.startsWith('fitted');
  return {
    badge: isFitted ? 'fitted' : timingSource.startsWith('user-given') ? 'user-given' : 'datasheet',
    errors: errorBands(gpu, GPUS, false),
  };
}

export function timeBasis({ gpu, model, options }: RooflineInput): TimeBasis {
  const { badge } = gpuBasis(gpu);
  const has = (part: string) => badge === 'fitted' && gpu.timingSource.includes(part);
  const isParallel = options.tensorParallel > 1;
  const isLinkGiven = isParallel && options.link !== undefined;
  const ofGpu = [!has('gemm') && 'matrix products', !has('attention') && 'attention'];
  const ofModel = [
    model.mla !== null && 'MLA',
    model.moe !== null && !has('moe') && 'experts',
    isParallel && !isLinkGiven && gpu.link.startsWith('pcie4') && 'all-reduce',
  ].filter((part) => part !== false);
  const unmeasured = [...ofGpu.filter((part) => part !== false), ...ofModel];
  return {
    badge: isLinkGiven ? 'user-given' : badge,
    source: isLinkGiven ? `${gpu.timingSource}; link user-given` : gpu.timingSource,
    unmeasured,
    errors: errorBands(gpu, GPUS, ofModel.length > 0),
  };
}
