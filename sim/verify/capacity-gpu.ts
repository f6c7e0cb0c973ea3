import { gpuNamed } from '../catalog/gpu-names.ts';
import { findGpu, type Gpu } from '../catalog/gpus.ts';
import type { CapacityRecord } from './capacity-record.ts';

/** The GPU of a record: its name's, with the memory that the log states; null = neither is known. */
export function recordGpu({
  gpu: name,
  gpu_mem_gib: stated,
}: CapacityRecord): Pick<Gpu, 'id' | 'computeCapability' | 'memoryGib' | 'link'> | null {
  const id = gpuNamed(name ?? '');
  const gpu = id === null ? null : findGpu(id);
  if (gpu !== null) return { ...gpu, memoryGib: stated ?? gpu.memoryGib };
  // Another maker's GPU: its libraries take other amounts.
  if (stated === null || /mi\d{3}|amd|navi|radeon|gaudi|tpu/i.test(name ?? '')) return null;
  return { id: '', computeCapability: 8, memoryGib: stated, link: 'pcie4' };
}
