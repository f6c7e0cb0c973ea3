import type { HardwareFile, HostFile } from './machine-schema.ts';
import type { Scenario } from './scenario.ts';

/** One number of other-gib stands for every GPU. */
export function hardwareOf(hardware: HardwareFile): Scenario['hardware'] {
  const { gpu, count = 1, 'other-gib': other, 'price-per-gpu-hour': pricePerGpuHour = null } = hardware;
  const otherGib = typeof other === 'number' ? Array.from({ length: count }, () => other) : (other ?? []);
  return { gpu, count, otherGib, pricePerGpuHour };
}

/** What the file says goes before what a `docker run` line does. */
export function hostOf(host: HostFile | undefined, containerGib: number | null): Scenario['host'] {
  return {
    memoryGib: host?.['memory-gib'] ?? null,
    containerLimitGib: host?.['container-limit-gib'] ?? containerGib,
  };
}
