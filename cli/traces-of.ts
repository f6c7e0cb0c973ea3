import { atField } from '../sim/scenario/named-file.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import { pathBeside } from './files.ts';

/** The files that a scenario names and that only its run reads, with the fields that name them. */
export function tracesOf({ workload, moe }: Scenario): { field: string; path: string }[] {
  return [
    ...(workload.kind === 'trace' ? [{ field: 'workload.trace', path: workload.path }] : []),
    ...(moe.routing.kind === 'trace' ? [{ field: 'moe.routing.trace', path: moe.routing.path }] : []),
  ];
}

/** @throws InputError where one is not there. */
export function findTraces(source: string, scenario: Scenario): void {
  for (const { field, path } of tracesOf(scenario)) atField(scenario, field, () => pathBeside(source, path));
}

/** Reads the files of a scenario; what cannot be read is told of the field that names it. */
export function traceReader(scenario: Scenario, readFile: (path: string) => string) {
  return (path: string): string => {
    const field = tracesOf(scenario).find((trace) => trace.path === path)?.field;
    return field === undefined ? readFile(path) : atField(scenario, field, () => readFile(path));
  };
}
