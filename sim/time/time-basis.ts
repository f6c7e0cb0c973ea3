import { GPUS, type Gpu } from '../catalog/gpus.ts';
import { type ErrorBands, errorBands, isMeasured } from './error-band.ts';
import type { RooflineInput } from './roofline.ts';

/**
 * fitted: constants from this GPU's own kernels; calibrated: from the user's measurements; datasheet: borrowed from a
 * sister card, or generic; user-given: the user describes the GPU or its link.
 */
export type Badge = 'fitted' | 'calibrated' | 'datasheet' | 'user-given';

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
  return { badge: badgeOf(gpu), errors: errorBands(gpu, GPUS, false) };
}

function badgeOf({ timingSource, calibration }: Gpu): Badge {
  if (calibration !== undefined) return 'calibrated';
  if (timingSource.startsWith('fitted')) return 'fitted';
  return timingSource.startsWith('user-given') ? 'user-given' : 'datasheet';
}

/** What the times of a run rest on, and how far off such times were. */
export function timeBasis({ gpu, model, options }: RooflineInput): TimeBasis {
  const isParallel = options.tensorParallel > 1;
  const isLinkGiven = isParallel && options.link !== undefined;
  const isLinkTheUsers = isLinkGiven && gpu.calibration?.hasLink !== true;
  const ofGpu = [
    !isMeasured(gpu, 'gemm') && 'matrix products',
    !isMeasured(gpu, 'attention') && 'attention',
  ].filter((part) => part !== false);
  const ofModel = [
    model.mla !== null && 'MLA',
    model.moe !== null && !isMeasured(gpu, 'moe') && 'experts',
    isParallel && !isLinkGiven && gpu.link.startsWith('pcie4') && 'all-reduce',
    (options.pipelineParallel ?? 1) > 1 && 'sends between stages',
    options.host?.weightBytes.some((bytes) => bytes > 0) === true && 'offloaded weights',
    options.drafting !== undefined && 'drafts',
    model.isMultimodal && 'image encoder',
  ].filter((part) => part !== false);
  return {
    badge: isLinkTheUsers ? 'user-given' : badgeOf(gpu),
    source: isLinkTheUsers ? `${gpu.timingSource}; link user-given` : gpu.timingSource,
    unmeasured: [...ofGpu, ...ofModel],
    errors: errorBands(gpu, GPUS, ofModel.length > 0),
  };
}
