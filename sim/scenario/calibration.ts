import { findGpu, type Gpu, type TimingParameters } from '../catalog/gpus.ts';
import type { LinkTiming } from '../catalog/links.ts';
import type { HostOverhead } from '../time/host.ts';

/**
 * What `poolscope calibrate` found: constants in place of a GPU's own (seconds and shares, docs/time.md), and what a
 * step costs besides its kernels.
 */
export interface Calibration {
  /** Id in the catalogue, or the name that the user gave it. */
  readonly gpu: string;
  /** From what, for people. */
  readonly source: string;
  /** Which parts it rests on: names of constants' groups, or WHOLE_STEP. */
  readonly parts: readonly string[];
  readonly constants: { readonly [G in keyof TimingParameters]?: Readonly<Record<string, number>> };
  readonly overhead: HostOverhead | null;
  readonly link: LinkTiming | null;
  /** Relative error that is left on what it was fitted to: typical, and large. */
  readonly error: readonly [number, number];
}

/** The GPU with the constants of a calibration. */
export function calibrated(gpu: Gpu, { constants, source, parts, error, link }: Calibration): Gpu {
  const par = Object.fromEntries(
    Object.entries(gpu.par).map(([group, own]) => [
      group,
      { ...own, ...constants[group as keyof TimingParameters] },
    ]),
  ) as unknown as TimingParameters;
  return {
    ...gpu,
    par,
    timingSource: `calibrated: ${source}; else ${gpu.timingSource}`,
    calibration: { parts, error, hasLink: link !== null },
  };
}

/** A calibration that was made with another one in force: what it does not say stays as that one said. */
export function onTopOf(before: Calibration | null, calibration: Calibration): Calibration {
  if (before === null) return calibration;
  const groups = Object.keys({ ...before.constants, ...calibration.constants }) as (keyof TimingParameters)[];
  return {
    ...calibration,
    parts: [...new Set([...before.parts, ...calibration.parts])],
    constants: Object.fromEntries(
      groups.map((group) => [group, { ...before.constants[group], ...calibration.constants[group] }]),
    ),
    overhead: calibration.overhead ?? before.overhead,
    link: calibration.link ?? before.link,
  };
}

/** Whether a calibration was made for a GPU, under any of its names. */
export function isFor({ gpu }: Pick<Calibration, 'gpu'>, name: string): boolean {
  return gpu === name || (findGpu(gpu)?.id ?? gpu) === findGpu(name)?.id;
}
