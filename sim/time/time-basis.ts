import type { RooflineInput } from './roofline.ts';

/** What the step times of a run rest on, and how far off they may be; docs/time.md has the measurements. */
export interface TimeBasis {
  /** Constants fitted to this GPU's own kernels, borrowed from a sister card, or generic. */
  readonly badge: 'fitted' | 'datasheet';
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

export function timeBasis({ gpu, model, options }: RooflineInput): TimeBasis {
  const fitted = gpu.timingSource.startsWith('fitted');
  const has = (part: string) => fitted && gpu.timingSource.includes(part);
  const unmeasured = [
    !has('gemm') && 'matrix products',
    !has('attention') && 'attention',
    model.mla !== null && 'MLA',
    model.moe !== null && !has('moe') && 'experts',
    options.tensorParallel > 1 && gpu.link.startsWith('pcie4') && 'all-reduce',
  ].filter((part) => part !== false);
  return {
    badge: fitted ? 'fitted' : 'datasheet',
    source: gpu.timingSource,
    unmeasured,
    error: unmeasured.length === 0 ? ERROR_FITTED : ERROR_UNMEASURED,
  };
}
