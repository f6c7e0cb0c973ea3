import { type Calibration, isFor } from './calibration.ts';
import { readCalibration } from './calibration-file.ts';
import { givenGpu, givenLink } from './given-gpu.ts';
import type { Report } from './located-yaml.ts';
import type { HardwareFile, HostFile } from './machine-schema.ts';
import { type ReadFile, readBeside } from './named-file.ts';
import type { Scenario } from './scenario.ts';

/** One number of other-gib stands for every GPU. */
export function hardwareOf(
  hardware: HardwareFile,
  readFile: ReadFile | undefined,
  report: Report,
): Scenario['hardware'] {
  const { gpu, link, count = 1, 'other-gib': other, 'price-per-gpu-hour': pricePerGpuHour = null } = hardware;
  const otherGib = typeof other === 'number' ? Array.from({ length: count }, () => other) : (other ?? []);
  const name = typeof gpu === 'string' ? gpu : gpu.name;
  const calibration = calibrationOf(hardware, name, readFile, report);
  return {
    gpu: name,
    given: typeof gpu === 'string' ? null : givenGpu(gpu, report),
    calibration,
    link: typeof link === 'object' ? givenLink(link, report) : (link ?? null),
    count,
    otherGib,
    pricePerGpuHour,
  };
}

function calibrationOf(
  { calibration: path, link }: HardwareFile,
  gpu: string,
  readFile: ReadFile | undefined,
  report: Report,
): Calibration | null {
  if (path === undefined) return null;
  const field = ['hardware', 'calibration'];
  const calibration = readBeside(path, readFile, field, report, readCalibration);
  if (calibration !== null && !isFor(calibration, gpu)) {
    report(field, `${path} was made for ${calibration.gpu}, not for ${gpu}`);
  }
  if (calibration?.link && link !== undefined) {
    report(['hardware', 'link'], 'the calibration has a link of its own: leave one of them out', null, true);
  }
  return calibration;
}

/** What the file says goes before what a `docker run` line does. */
export function hostOf(host: HostFile | undefined, containerGib: number | null): Scenario['host'] {
  return {
    memoryGib: host?.['memory-gib'] ?? null,
    containerLimitGib: host?.['container-limit-gib'] ?? containerGib,
  };
}
