import type { Gpu, TimingParameters } from '../catalog/gpus.ts';
import { boundsOf, type ConstantGroup } from '../catalog/timing-bounds.ts';
import { exp, ln } from '../math/portable.ts';
import { percentile } from '../report/statistics.ts';
import type { Kernel } from '../verify/time-kernel.ts';
import { minimize } from './minimize.ts';

/** Absolute relative errors of a set of kernels. */
export interface KernelErrors {
  readonly count: number;
  readonly median: number;
  readonly p90: number;
  readonly mean: number;
}

/** Constants of one group, by name. */
export type Constants = Readonly<Record<string, number>>;

/** With some constants of a group in place of its own. */
export function withConstants(gpu: Gpu, group: ConstantGroup, constants: Constants): Gpu {
  return { ...gpu, par: { ...gpu.par, [group]: { ...gpu.par[group], ...constants } } as TimingParameters };
}

/** null if there are no kernels. */
export function kernelErrors(gpu: Gpu, kernels: readonly Kernel[]): KernelErrors | null {
  if (kernels.length === 0) return null;
  const errors = Float64Array.from(kernels, (kernel) =>
    Math.abs((kernel.seconds(gpu) * 1e3) / kernel.measuredMs - 1),
  ).sort();
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  return { count: errors.length, median: percentile(errors, 50), p90: percentile(errors, 90), mean };
}

/** What a fit makes small: the median of the errors, the tail almost as much, a little of the mean against flat sides. */
export function badness({ median, p90, mean }: KernelErrors): number {
  return median + 0.85 * p90 + 0.1 * mean;
}

/**
 * Fits constants of one group to measured kernels, within their bounds.
 * @param start where the search starts, in the order of the names; by default at the GPU's own constants.
 */
export function fitConstants(
  gpu: Gpu,
  group: ConstantGroup,
  names: readonly string[],
  kernels: readonly Kernel[],
  start?: readonly number[],
): Constants {
  const own = gpu.par[group] as unknown as Constants;
  const at = (x: readonly number[]) => Object.fromEntries(names.map((name, i) => [name, exp(x[i])]));
  const bounds = names.map((name) => boundsOf(group, name));
  const best = minimize(
    (x) => {
      const errors = kernelErrors(withConstants(gpu, group, at(x)), kernels);
      if (errors === null || !Number.isFinite(errors.mean)) return 1e9;
      return badness(errors);
    },
    names.map((name, i) => ln(start?.[i] ?? own[name] ?? bounds[i][0])),
    { bounds: bounds.map(([least, most]) => [ln(least), ln(most)]) },
  );
  return Object.fromEntries(Object.entries(at(best)).map(([name, value]) => [name, rounded(value)]));
}

/** Six digits: more than the measurements have. */
export function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

/** Every third is held back while the others are fitted to. */
export function heldOut<T>(items: readonly T[]): { fitted: T[]; held: T[] } {
  return { fitted: items.filter((_, i) => i % 3 !== 2), held: items.filter((_, i) => i % 3 === 2) };
}
