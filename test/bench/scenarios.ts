import { filesBelow } from '../../cli/files.ts';
import { SCENARIO_ENDINGS } from '../../cli/load.ts';
import { resultOf } from '../../cli/run-file.ts';

/** The shipped scenarios that do not say with `slow` why they may take more than a second, and what they took. */
export function quickScenarios(): { path: string; seconds: number }[] {
  return filesBelow(['scenarios'], SCENARIO_ENDINGS).flatMap((path) => {
    const { seconds, slow } = timed(path);
    return slow === null ? [{ path, seconds }] : [];
  });
}

/** Processor time of a run and its statistics: what other processes do meanwhile does not count. */
export function secondsOf(path: string): number {
  return timed(path).seconds;
}

function timed(path: string): { seconds: number; slow: string | null } {
  const start = process.cpuUsage();
  const result = resultOf(path, {});
  if ('problems' in result) throw new Error(`${path} does not run`);
  return { seconds: process.cpuUsage(start).user / 1e6, slow: result.run.scenario.slow };
}
