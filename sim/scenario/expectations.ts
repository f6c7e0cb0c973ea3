import type { Report } from './located-yaml.ts';
import type { BlockRange, Expectations } from './scenario.ts';
import type { ScenarioFile } from './schema.ts';

/** What a scenario expects, checked for sense. */
export function expectationsOf(expect: ScenarioFile['expect'], report: Report): Expectations {
  const starts = expect?.starts ?? null;
  for (const key of ['because', 'says'] as const) {
    if (expect?.[key] !== undefined && starts !== false) {
      report(['expect', key], 'goes with starts: false');
    }
  }
  for (const key of ['gpu-blocks', 'cpu-blocks'] as const) {
    if (expect?.[key] !== undefined && starts === false) {
      report(['expect', key], 'goes with starts: true');
    }
  }
  return {
    starts,
    because: expect?.because ?? null,
    says: expect?.says ?? null,
    gpuBlocks: rangeOf(expect?.['gpu-blocks']),
    cpuBlocks: rangeOf(expect?.['cpu-blocks']),
  };
}

function rangeOf(blocks: number | [number, number] | undefined): BlockRange | null {
  return typeof blocks === 'number' ? [blocks, blocks] : (blocks ?? null);
}
