import gpus from './data/gpus.json' with { type: 'json' };
import { gpuNamed } from './gpu-names.ts';
import type { Link } from './links.ts';
import { nearest } from './nearest.ts';

/** What a kernel takes longer where it was measured alone than within a step; absent = nothing. */
interface Launch {
  readonly launch?: number;
}

/** Constants of the step-time formulas, seconds and shares; see sim/time. */
export interface TimingParameters {
  /** Start, and for each sequence. */
  readonly sampler: Readonly<Record<'t0' | 'perSequence', number>>;

  readonly gemm: Readonly<Record<'t0' | 'ec' | 'em' | 'p' | 'w' | 'kh' | 'Tm' | 'Tn' | 'mt', number>>;
  readonly elt: Readonly<Record<'t0' | 'e' | 'r', number>>;
  readonly dec: Readonly<Record<'t0' | 'ea' | 'cs' | 'tb' | 'p', number>> & Launch;
  readonly fa: Readonly<Record<'t0' | 'ef' | 'lam' | 'lone' | 'p' | 'Mq', number>> & Launch;
  readonly moe: Readonly<Record<'t0' | 'em' | 'ec' | 'p' | 'cr', number>>;
}

/** A GPU of the catalogue: datasheet, what torch reports, and constants that were fitted or are generic. */
export interface Gpu {
  readonly id: string;
  /** 8.9 = Ada. */
  readonly computeCapability: number;
  /** Dense bf16, 10¹² FLOP/s. */
  readonly tflops: number;
  readonly hbmTBs: number;
  readonly sms: number;
  /** 10⁶ bytes. */
  readonly l2MB: number;
  /** Total memory as torch reports it, GiB: less than the name says. */
  readonly memoryGib: number;
  readonly memorySource: string;
  /** How several of them are usually joined. */
  readonly link: Link;
  /** Where the timing constants come from: "fitted: parts (whose measurements)", another GPU's, or "generic". */
  readonly timingSource: string;
  /** There where the user's own measurements gave the constants: of which parts, and the error that they left. */
  readonly calibration?: {
    readonly parts: readonly string[];
    readonly error: readonly [median: number, largest: number];
    /** It has a link's timing too. */
    readonly hasLink: boolean;
  };
  /** FlashAttention 3 (Hopper). */
  readonly fa3?: boolean;
  readonly par: TimingParameters;
}

/** FP8 tensor cores came with Ada, Hopper and Blackwell. */
export function hasFp8({ computeCapability }: Pick<Gpu, 'computeCapability'>): boolean {
  return computeCapability >= 8.9;
}

export const GPUS: readonly Gpu[] = gpus as readonly Gpu[];

const ALIASES: Readonly<Record<string, string>> = {
  a100: 'a100-80g-sxm',
  'a100-80g': 'a100-80g-sxm',
  'a100-80gb': 'a100-80g-sxm',
  'a100-sxm': 'a100-80g-sxm',
  'a100-pcie': 'a100-80g-pcie',
  'a100-40g': 'a100-40g-sxm',
  'a100-40gb': 'a100-40g-sxm',
  v100: 'v100-32g',
  '5090': 'rtx5090',
  h100: 'h100-sxm',
  'h100-80g': 'h100-sxm',
  'h100-80gb': 'h100-sxm',
  '4090': 'rtx4090',
  '4090d': 'rtx4090d',
  '3090': 'rtx3090',
  'rtx-4090': 'rtx4090',
  'rtx-4090d': 'rtx4090d',
  'rtx-3090': 'rtx3090',
  'rtx-a6000': 'a6000',
  a800: 'a800-80g',
  '4080': 'rtx4080',
  'rtx-4080': 'rtx4080',
  '3060': 'rtx3060-12g',
  rtx3060: 'rtx3060-12g',
  'rtx-3060': 'rtx3060-12g',
  'rtx-a5000': 'a5000',
  '5080': 'rtx5080',
};

/** The GPU of that id or alias, or null. */
export function findGpu(name: string): Gpu | null {
  const id = name.toLowerCase();
  const canonical = Object.hasOwn(ALIASES, id) ? ALIASES[id] : id;
  return GPUS.find((gpu) => gpu.id === canonical) ?? null;
}

/** The id of a GPU that somebody else named, such as nvidia-smi; else the id or alias nearest to what was written. */
export function suggestGpu(name: string): string | null {
  return gpuNamed(name) ?? nearest(name, [...GPUS.map((gpu) => gpu.id), ...Object.keys(ALIASES)]);
}

/** What is told of a name that is none, where a GPU may be described instead. */
export function unknownGpu(name: string): string {
  const own = '{name, tflops, hbm-tbs, sms, l2-mb, memory-gib}, or {name, like, …} with what differs';
  return `"${name}" is not in the catalogue of GPUs; a scenario describes one of your own as gpu: ${own}`;
}
