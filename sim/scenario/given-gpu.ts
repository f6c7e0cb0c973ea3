import { GENERIC_TIMING } from '../catalog/generic-timing.ts';
import { findGpu, type Gpu, suggestGpu } from '../catalog/gpus.ts';
import type { LinkTiming } from '../catalog/links.ts';
import type { GpuFile, LinkFile } from './gpu-schema.ts';
import type { Report } from './located-yaml.ts';

/** Ampere: bfloat16 and FlashAttention 2, no FP8. */
const DEFAULT_CAPABILITY = 8;
const HOPPER = 9;
const PATH = ['hardware', 'gpu'];

/** What must be given without `like`, and where a file says it. */
const REQUIRED = {
  tflops: ['tflops'],
  hbmTBs: ['hbm-tbs', 'hbm_tbs', 'tbps'],
  sms: ['sms'],
  l2MB: ['l2-mb', 'l2_mb'],
  memoryGib: ['memory-gib', 'memory_gib'],
} as const;
type Figure = keyof typeof REQUIRED;

/**
 * The GPU that a user describes. What is not given is that of the GPU which it is `like`, the constants of the
 * step-time formulas included; without one they are the generic ones.
 * @returns null if something was reported.
 */
export function givenGpu(file: GpuFile, report: Report): Gpu | null {
  const like = file.like === undefined ? null : findGpu(file.like);
  if (file.like !== undefined && like === null) {
    report([...PATH, 'like'], `"${file.like}" is not in the catalogue of GPUs`, suggestGpu(file.like));
    return null;
  }
  const figures = Object.fromEntries(
    Object.entries(REQUIRED).map(([figure, keys]) => [figure, oneOf(file, keys, PATH, report)]),
  ) as Record<Figure, number | undefined>;
  const missing = Object.entries(REQUIRED).flatMap(([figure, [key]]) =>
    figures[figure as Figure] === undefined ? [key] : [],
  );
  if (like === null && missing.length > 0) {
    report(PATH, `lacks ${missing.join(', ')}; or say which GPU of the catalogue it is like`);
    return null;
  }
  const { tflops, hbmTBs, sms, l2MB, memoryGib } = figures;
  const computeCapability =
    oneOf(file, ['compute-capability', 'compute_capability'], PATH, report) ??
    like?.computeCapability ??
    DEFAULT_CAPABILITY;
  return {
    id: file.name,
    computeCapability,
    tflops: tflops ?? like?.tflops ?? 0,
    hbmTBs: hbmTBs ?? like?.hbmTBs ?? 0,
    sms: sms ?? like?.sms ?? 0,
    l2MB: l2MB ?? like?.l2MB ?? 0,
    memoryGib: memoryGib ?? like?.memoryGib ?? 0,
    memorySource: memoryGib === undefined ? `as ${like?.id}` : 'user-given',
    link: file.link ?? like?.link ?? 'pcie4',
    timingSource: `user-given GPU with ${like === null ? 'generic constants' : `the constants of ${like.id}`}`,
    ...(Math.floor(computeCapability) === HOPPER && { fa3: true }),
    par: like?.par ?? GENERIC_TIMING,
  };
}

/** A link that a user describes: the same start and bandwidth for any number of ranks. */
export function givenLink(file: LinkFile, report: Report): LinkTiming | null {
  const path = ['hardware', 'link'];
  const gbPerS = oneOf(file, ['gb-per-s', 'gb_per_s'], path, report);
  const latencyUs = oneOf(file, ['latency-us', 'latency_us'], path, report);
  if (gbPerS === undefined || latencyUs === undefined) {
    report(path, `lacks ${gbPerS === undefined ? 'gb-per-s' : 'latency-us'}`);
    return null;
  }
  const alpha = latencyUs / 1e6;
  return { alpha: [alpha, alpha, alpha], busGBs: [gbPerS, gbPerS, gbPerS], source: 'user-given' };
}

/** A value that a file may give under several names, but once. */
function oneOf<K extends string>(
  file: Readonly<Partial<Record<K, number>>>,
  keys: readonly K[],
  path: readonly string[],
  report: Report,
): number | undefined {
  const given = keys.filter((key) => file[key] !== undefined);
  if (given.length > 1) report([...path, given[1]], `says the same as ${given[0]}`, null, true);
  return given.length === 0 ? undefined : file[given[0]];
}
