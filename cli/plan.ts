import { InputError } from '../sim/error.ts';
import { plan as planScenario } from '../sim/memory/planner.ts';
import { memoryStats } from '../sim/report/memory-stats.ts';
import { ExitCode } from './exit-code.ts';
import { type LoadOptions, loadScenario, sourcesOf } from './load.ts';
import { planReport } from './plan-report.ts';
import { say, tellProblems } from './tell.ts';

export interface PlanOptions extends LoadOptions {
  readonly json?: boolean;
}

/** `poolscope plan`: what vLLM would make of it at start-up. Returns the exit code. */
export function plan(inputs: readonly string[], options: PlanOptions): number {
  let code: number = ExitCode.Ok;
  const results: object[] = [];
  const sources = sourcesOf(inputs);
  for (const source of sources) {
    try {
      const scenario = loadScenario(source, options);
      const planned = planScenario(scenario);
      if (!planned.starts) code = Math.max(code, ExitCode.CheckFailed);
      results.push({
        file: scenario.file,
        name: scenario.name,
        hardware: scenario.hardware,
        plan: planned,
        memory_stats: planned.starts ? memoryStats(planned) : null,
      });
      if (!options.json) say(`${planReport(scenario, planned)}\n`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      tellProblems(error.problems);
      code = Math.max(code, ExitCode.BadInput);
    }
  }
  if (options.json) console.log(JSON.stringify({ results, exitCode: code }, null, 2));
  return code;
}
