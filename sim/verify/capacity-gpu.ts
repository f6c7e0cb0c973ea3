import { findGpu, type Gpu } from '../catalog/gpus.ts';
import type { CapacityRecord } from './capacity-record.ts';

/** How drivers and people name GPUs, most specific first. */
const NAMES: readonly (readonly [RegExp, id: string])[] = [
  [/4090[ _]?d/i, 'rtx4090d'],
  [/4090/, 'rtx4090'],
  [/5090/, 'rtx5090'],
  [/3090/, 'rtx3090'],
  [/rtx[ _]?pro[ _]?6000/i, 'rtxpro6000'],
  [/6000[ _]?ada/i, 'rtx6000ada'],
  [/a6000/i, 'a6000'],
  [/a100.*pcie.*40/i, 'a100-40g-pcie'],
  [/a100.*40/i, 'a100-40g-sxm'],
  [/a100.*pcie/i, 'a100-80g-pcie'],
  [/a100/i, 'a100-80g-sxm'],
  [/h100.*nvl/i, 'h100-nvl'],
  [/h100.*pcie/i, 'h100-pcie'],
  [/h100/i, 'h100-sxm'],
  [/h200/i, 'h200'],
  [/b200/i, 'b200'],
  [/a800/i, 'a800-80g'],
  [/h800/i, 'h800'],
  [/\bh20\b/i, 'h20'],
  [/l40s/i, 'l40s'],
  [/\bl40\b/i, 'l40'],
  [/\bl20\b/i, 'l20'],
  [/a5000/i, 'a5000'],
  [/\ba30\b/i, 'a30'],
  [/5080/, 'rtx5080'],
  [/4080/, 'rtx4080'],
  [/4070[ _]?ti[ _]?super/i, 'rtx4070tisuper'],
  [/3060(?![ _]?(ti|laptop))/i, 'rtx3060-12g'],
  [/\bl4\b/i, 'l4'],
  [/\ba40\b/i, 'a40'],
  [/\ba10g?\b/i, 'a10'],
  [/\bt4\b/i, 't4'],
  [/v100.*32/i, 'v100-32g'],
  [/v100/i, 'v100-16g'],
];

/** The GPU of a record: its name's, with the memory that the log states; null = neither is known. */
export function recordGpu({
  gpu: name,
  gpu_mem_gib: stated,
}: CapacityRecord): Pick<Gpu, 'id' | 'computeCapability' | 'memoryGib' | 'link'> | null {
  const id = NAMES.find(([pattern]) => pattern.test(name ?? ''))?.[1];
  const gpu = id === undefined ? null : findGpu(id);
  if (gpu !== null) return { ...gpu, memoryGib: stated ?? gpu.memoryGib };
  // Another maker's GPU: its libraries take other amounts.
  if (stated === null || /mi\d{3}|amd|navi|radeon|gaudi|tpu/i.test(name ?? '')) return null;
  return { id: '', computeCapability: 8, memoryGib: stated, link: 'pcie4' };
}
