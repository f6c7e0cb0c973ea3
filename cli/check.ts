import { InputError } from '../sim/error.ts';
import { plan } from '../sim/memory/planner.ts';
import type { Override } from '../sim/scenario/overrides.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import { ExitCode } from './exit-code.ts';
import { shownPath } from './files.ts';
import { loadBaseline, loadScenario, scenariosBelow } from './load.ts';
import { bundleFor, variantsOf } from './sweep/bundle.ts';
import { say, tellProblems } from './tell.ts';
import { findTraces } from './traces-of.ts';

export interface CheckOptions {
  readonly set?: readonly Override[];
}

/** `poolscope check`: validates scenario files without running them. Returns the exit code. */
export function check(paths: readonly string[], { set }: CheckOptions): number {
  let code: number = ExitCode.Ok;
  for (const file of paths.flatMap(scenariosBelow)) {
    try {
      const scenario = loadScenario(file, { set });
      plan(scenario);
      checkPoints(file, scenario, set ?? []);
      findTraces(file, scenario);
      if (scenario.baseline !== null) loadBaseline(file, scenario, scenario.baseline);
      say(`${shownPath(file)}: valid`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      tellProblems(error.problems);
      code = ExitCode.BadInput;
    }
  }
  return code;
}

/** Every point of a sweep is a scenario too. */
function checkPoints(file: string, { sweep }: Scenario, set: readonly Override[]): void {
  if (sweep === null) return;
  for (const { scenario } of bundleFor(file, variantsOf(file, sweep, set)).scenarios) plan(scenario);
}
