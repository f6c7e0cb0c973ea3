import { InputError } from '../sim/error.ts';
import { plan as planScenario } from '../sim/memory/planner.ts';
import { memoryStats } from '../sim/report/memory-stats.ts';
import { parseConfig } from '../sim/scenario/model.ts';
import type { Override } from '../sim/scenario/overrides.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import { ExitCode } from './exit-code.ts';
import { readText } from './files.ts';
import { isCommand, loadScenario, sourcesOf } from './load.ts';
import { planReport } from './plan-report.ts';
import { say, tellProblems } from './tell.ts';

export interface PlanOptions {
  readonly gpu?: string;
  readonly gpuCount?: number;
  readonly vllm?: string;
  /** A config.json instead of the catalogue's. */
  readonly config?: string;
  readonly set?: readonly Override[];
  readonly json?: boolean;
}

/** `poolscope plan`: what vLLM would make of it at start-up. Returns the exit code. */
export function plan(inputs: readonly string[], options: PlanOptions): number {
  let code: number = ExitCode.Ok;
  const results: object[] = [];
  const sources = sourcesOf(inputs);
  for (const source of sources) {
    try {
      const { scenario, assumed } = scenarioOf(source, options);
      const planned = planScenario(scenario);
      if (!planned.starts) code = Math.max(code, ExitCode.CheckFailed);
      results.push({
        file: scenario.file,
        name: scenario.name,
        hardware: scenario.hardware,
        assumed,
        plan: planned,
        memory_stats: planned.starts ? memoryStats(planned) : null,
      });
      if (!options.json) say(`${planReport(scenario, planned, assumed)}\n`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      tellProblems(error.problems);
      code = Math.max(code, ExitCode.BadInput);
    }
  }
  if (options.json) console.log(JSON.stringify({ results, exitCode: code }, null, 2));
  return code;
}

/** The scenario of a file or a command line, and what had to be assumed for it. */
function scenarioOf(source: string, options: PlanOptions): { scenario: Scenario; assumed: string[] } {
  const { gpu, gpuCount, config } = options;
  const assumed: string[] = [];
  const scenario = loadScenario(source, options);
  const { hardware, model } = scenario;
  if (isCommand(source) && (gpu === undefined || gpuCount === undefined)) {
    const because = gpuCount === undefined ? ' (as many as TP × PP × DP needs)' : '';
    assumed.push(`${hardware.count} × ${hardware.gpu}${because}: say --gpu and --gpu-count for others`);
  }
  if (config === undefined) return { scenario, assumed };
  return {
    scenario: { ...scenario, model: { ...model, config: parseConfig(readText(config), config) } },
    assumed,
  };
}
