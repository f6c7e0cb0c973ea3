import { writeFileSync } from 'node:fs';
import { formatProblem, InputError } from '../sim/error.ts';
import type { Plan } from '../sim/memory/plan.ts';
import { digestOf, encodeRecording } from '../sim/recording/codec.ts';
import type { KvEventBatch } from '../sim/recording/kv-event-log.ts';
import { failedExpectations } from '../sim/report/expectations.ts';
import { type MoeSummary, summarizeMoe } from '../sim/report/moe-summary.ts';
import { type Summary, summarize } from '../sim/report/summary.ts';
import { parseScenario, scenarioOfCommand } from '../sim/scenario/parse.ts';
import type { Scenario, TraceFormat } from '../sim/scenario/scenario.ts';
import { simulateScenario } from '../sim/simulate-scenario.ts';
import { ExitCode } from './exit-code.ts';
import { filesBelow, readerBeside, readText, shownPath } from './files.ts';
import { ProgressBar } from './progress.ts';
import { failureReport, runReport } from './report.ts';

export interface RunOptions {
  readonly trace?: string;
  readonly format?: TraceFormat;
  readonly timeScale?: number;
  readonly limit?: number;
  readonly seed?: number;
  readonly gpu: string;
  readonly gpuCount: number;
  readonly json?: boolean;
  readonly record?: string;
  readonly kvEvents?: string;
}

/** One scenario's line in --json. */
interface Result {
  readonly file: string;
  readonly name: string;
  readonly passed: boolean;
  readonly failures: readonly string[];
  readonly plan: Plan;
  readonly summary: Summary | null;
  /** Of models with experts. */
  readonly moe: MoeSummary | null;
  readonly digest: string | null;
}

export const SCENARIO_ENDINGS = ['.pool.yaml', '.pool.yml', '.pool.json'];

/** `poolscope run`: simulate, report, check. Returns the exit code. */
export function run(inputs: readonly string[], options: RunOptions): number {
  let code: number = ExitCode.Ok;
  const results: Result[] = [];
  const sources = inputs.flatMap((input) =>
    isCommand(input) ? [input] : filesBelow([input], SCENARIO_ENDINGS),
  );
  for (const [flag, out] of [
    ['--record', options.record],
    ['--kv-events', options.kvEvents],
  ] as const) {
    if (out !== undefined && sources.length !== 1) {
      throw new InputError([{ file: flag, message: `takes one scenario, got ${sources.length}` }]);
    }
  }
  for (const source of sources) {
    try {
      const result = runOne(source, options);
      if (!result.passed) code = Math.max(code, ExitCode.CheckFailed);
      results.push(result);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      for (const problem of error.problems) console.error(formatProblem(problem));
      code = Math.max(code, ExitCode.BadInput);
    }
  }
  if (options.json) console.log(JSON.stringify({ results, exitCode: code }, null, 2));
  return code;
}

/** Whether an argument is a command line instead of a file. */
export function isCommand(input: string): boolean {
  return /^\s*(\S+=\S+\s+)*(vllm\s+serve|python3?\s+-m\s+vllm|docker\s+run)\s/.test(input);
}

/** A scenario file, or a command line to be run with the default workload. */
export function loadScenario(source: string, options: Pick<RunOptions, 'gpu' | 'gpuCount'>): Scenario {
  if (isCommand(source)) return scenarioOfCommand(source, { gpu: options.gpu, count: options.gpuCount });
  return parseScenario(readText(source), shownPath(source), { readFile: readerBeside(source) });
}

function runOne(source: string, options: RunOptions): Result {
  const scenario = withOptions(loadScenario(source, options), options);
  const bar = new ProgressBar(scenario.name);
  // The events of a long run take gigabytes, and a report needs none of them.
  const events = options.json === true || options.record !== undefined;
  const kvEvents: string[] = [];
  const { plan, recording, moe } = simulateScenario(scenario, {
    events,
    ...(options.kvEvents !== undefined && {
      kvEvents: (batch: KvEventBatch) => kvEvents.push(`${JSON.stringify(batch)}\n`),
    }),
    readTrace: options.trace === undefined ? readerBeside(source) : readText,
    progress: (share, numSteps) => {
      bar.update(share, `${numSteps.toLocaleString('en-US')} steps`);
      return false;
    },
  });
  bar.end();
  const summary = recording === null ? null : summarize(recording);
  const experts = moe === null ? null : summarizeMoe(moe);
  const failures = failedExpectations(scenario, plan, summary);
  if (recording !== null && options.record !== undefined) {
    writeFileSync(options.record, encodeRecording(recording));
  }
  if (recording !== null && options.kvEvents !== undefined) {
    writeFileSync(options.kvEvents, kvEvents.join(''));
  }
  if (!options.json) {
    console.log(
      plan.starts && recording !== null && summary !== null
        ? runReport(scenario, plan, recording, summary, experts)
        : failureReport(scenario, plan as Extract<Plan, { starts: false }>),
    );
    if (recording !== null && options.record !== undefined) {
      console.log(
        `  recording  ${options.record} (digest ${digestOf(recording)}); drop it on the page of \`npm run dev\``,
      );
    }
    if (recording !== null && options.kvEvents !== undefined) {
      console.log(`  KV events  ${options.kvEvents} (${kvEvents.length} batches)`);
    }
    for (const failure of failures) console.log(`  FAILED     ${failure}`);
    if (failures.length === 0 && scenario.expect.starts === false) console.log('  as expected');
    console.log('');
  }
  return {
    file: scenario.file,
    name: scenario.name,
    passed: failures.length === 0,
    failures,
    plan,
    summary,
    moe: experts,
    digest: recording === null || !events ? null : digestOf(recording),
  };
}

function withOptions(scenario: Scenario, options: RunOptions): Scenario {
  const seeded = options.seed === undefined ? scenario : { ...scenario, seed: options.seed };
  const { trace, format, timeScale, limit } = options;
  if (trace === undefined) {
    if (scenario.workload.kind === 'synthetic') {
      const stray = Object.entries({ format, 'time-scale': timeScale, limit }).find(
        ([, value]) => value !== undefined,
      );
      if (stray) throw new InputError([{ file: `--${stray[0]}`, message: 'goes with a trace' }]);
      return seeded;
    }
    const workload = { ...scenario.workload };
    return {
      ...seeded,
      workload: {
        ...workload,
        format: format ?? workload.format,
        timeScale: timeScale ?? workload.timeScale,
        limit: limit ?? workload.limit,
      },
    };
  }
  return {
    ...seeded,
    workload: {
      kind: 'trace',
      path: trace,
      format: format ?? null,
      timeScale: timeScale ?? 1,
      limit: limit ?? null,
    },
  };
}
