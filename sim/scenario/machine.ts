import { givenGpu, givenLink } from './given-gpu.ts';
import type { Report } from './located-yaml.ts';
import type { HardwareFile, HostFile } from './machine-schema.ts';
import type { Scenario } from './scenario.ts';

/** One number of other-gib stands for every GPU. */
export function hardwareOf(hardware: HardwareFile, report: Report): Scenario['hardware'] {
  const { gpu, link, count = 1, 'other-gib': other, 'price-per-gpu-hour': pricePerGpuHour = null } = hardware;
  const otherGib = typeof other === 'number' ? Array.from({ length: count }, () => other) : (other ?? []);
  return {
    gpu: typeof gpu === 'string' ? gpu : gpu.name,
    given: typeof gpu === 'string' ? null : givenGpu(gpu, report),
    link: typeof link === 'object' ? givenLink(link, report) : (link ?? null),
    count,
    otherGib,
    pricePerGpuHour,
  };
}

/** The GPUs of a scenario, as reports and the page name them. */
export function describeGpus({ count, gpu, given }: Scenario['hardware']): string {
  return `${count} × ${gpu}${given === null ? '' : ' (user-given)'}`;
}

/** What the file says goes before what a `docker run` line does. */
export function hostOf(host: HostFile | undefined, containerGib: number | null): Scenario['host'] {
  return {
    memoryGib: host?.['memory-gib'] ?? null,
    containerLimitGib: host?.['container-limit-gib'] ?? containerGib,
  };
}
