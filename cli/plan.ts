import type { ModelConfig } from '../sim/catalog/model-config.ts';
import { formatProblem, InputError } from '../sim/error.ts';
import { plan as planScenario } from '../sim/memory/planner.ts';
import { gpusNeeded } from '../sim/memory/resolve.ts';
import { memoryStats } from '../sim/report/memory-stats.ts';
import type { Override } from '../sim/scenario/overrides.ts';
import { scenarioOfCommand } from '../sim/scenario/parse.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import { ExitCode } from './exit-code.ts';
import { readText } from './files.ts';
import { isCommand, loadScenario, sourcesOf } from './load.ts';
import { planReport } from './plan-report.ts';

export interface PlanOptions {
  readonly gpu?: string;
  readonly gpuCount?: number;
  /** Of a command line; a scenario file says it itself. */
  readonly vllm?: string;
  /** A config.json instead of the catalogue's. */
  readonly config?: string;
  readonly set?: readonly Override[];
  readonly json?: boolean;
}

const DEFAULT_GPU = 'a100-80g-sxm';
/** As many as a scenario may have. */
const MOST_GPUS = 1024;

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
      if (!options.json) console.log(`${planReport(scenario, planned, assumed)}\n`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      for (const problem of error.problems) console.error(formatProblem(problem));
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
  const given = isCommand(source)
    ? scenarioOfCommand(source, { gpu: gpu ?? DEFAULT_GPU, count: gpuCount ?? 1 }, options.vllm, options.set)
    : loadScenario(source, { gpu, gpuCount, set: options.set });
  const count =
    gpuCount ?? (isCommand(source) ? Math.min(MOST_GPUS, gpusNeeded(given)) : given.hardware.count);
  if (isCommand(source) && (gpu === undefined || gpuCount === undefined)) {
    const because = gpuCount === undefined ? ' (as many as TP × PP × DP needs)' : '';
    assumed.push(`${count} × ${given.hardware.gpu}${because}: say --gpu and --gpu-count for others`);
  }
  const scenario = {
    ...given,
    hardware: { ...given.hardware, ...(gpu !== undefined && { gpu, given: null, calibration: null }), count },
    model: config === undefined ? given.model : { ...given.model, config: readConfig(config) },
  };
  return { scenario, assumed };
}

function readConfig(path: string): ModelConfig {
  let value: unknown;
  try {
    value = JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError([{ file: path, message: `is no JSON: ${(error as Error).message}` }]);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as ModelConfig;
  throw new InputError([{ file: path, message: 'holds no JSON object' }]);
}
