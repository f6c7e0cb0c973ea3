import { writeFileSync } from 'node:fs';
import { formatProblem, InputError } from '../sim/error.ts';
import { digestOf, encodeRecording } from '../sim/recording/codec.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { comparesWithBaseline } from '../sim/scenario/expectations.ts';
import type { Override } from '../sim/scenario/overrides.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import { readStepTable } from '../sim/scenario/step-table.ts';
import { parseStepTime, STEP_TIME, type StepTimeSpec } from '../sim/scenario/step-time.ts';
import type { TraceFormat } from '../sim/trace/trace.ts';
import { ExitCode } from './exit-code.ts';
import { readerBeside, readText, shownPath } from './files.ts';
import { checkGolden } from './golden.ts';
import { limitReached, timeLimit } from './limits.ts';
import { isCommand, type Loaded, loadBaseline, loadRevision, loadScenario, sourcesOf } from './load.ts';
import { chosenReplica } from './load-recording.ts';
import { printerOf } from './printer.ts';
import { codeOf, type FileResult } from './reporters/reporter.ts';
import { REPORTERS, type ReporterChoice } from './reporters/reporters.ts';
import { runScenario, type ScenarioRun } from './run-scenario.ts';
import { isInShard, shardOf } from './shard.ts';

export interface RunOptions {
  readonly trace?: string;
  readonly format?: TraceFormat;
  readonly timeScale?: number;
  readonly limit?: number;
  readonly seed?: number;
  readonly stepTime?: string;
  readonly set?: readonly Override[];
  /** A git revision, to compare the same file with. */
  readonly baseline?: string;
  readonly gpu?: string;
  readonly gpuCount?: number;
  readonly json?: boolean;
  /** Forms of the results, each with its file. */
  readonly reporter?: readonly ReporterChoice[];
  /** Where those without a file go. */
  readonly output?: string;
  readonly record?: string;
  /** Of several engines, the one whose recording and KV events are written. */
  readonly replica?: number;
  readonly kvEvents?: string;
  /** Write golden files instead of comparing with them. */
  readonly update?: boolean;
  /** Stop after the first file that fails. */
  readonly bail?: boolean;
  /** `i/n`: only this share of the files. */
  readonly shard?: string;
  /** Seconds for each file. */
  readonly timeout?: number;
}

/** `poolscope run`: simulate, report, check. Returns the exit code. */
export function run(inputs: readonly string[], options: RunOptions): number {
  const shard = options.shard === undefined ? null : shardOf(options.shard, process.env);
  const sources = sourcesOf(inputs).filter((_, i) => isInShard(i, shard));
  for (const [flag, out] of [
    ['--record', options.record],
    ['--kv-events', options.kvEvents],
  ] as const) {
    if (out !== undefined && sources.length !== 1) {
      throw new InputError([{ file: flag, message: `takes one scenario, got ${sources.length}` }]);
    }
  }
  const outlets = reportersOf(options).map(({ name, path }) => ({
    reporter: REPORTERS[name],
    print: printerOf(path ?? options.output),
  }));
  let code: number = ExitCode.Ok;
  const results: FileResult[] = [];
  for (const source of sources) {
    const result = resultOf(source, options);
    if ('problems' in result) {
      for (const problem of result.problems) console.error(formatProblem(problem));
    }
    code = Math.max(code, codeOf(result));
    results.push(result);
    for (const { reporter, print } of outlets) print(reporter.each?.(result));
    const left = sources.length - results.length;
    if (options.bail && code !== ExitCode.Ok && left > 0) {
      console.error(`stopped at the first failure: ${left} of ${sources.length} did not run`);
      break;
    }
  }
  for (const { reporter, print } of outlets) print(reporter.end?.(results, code));
  return code;
}

/** What is asked for; at most one of them without a file of its own. */
function reportersOf({ reporter = [], json, output }: RunOptions): readonly ReporterChoice[] {
  if (reporter.length === 0) return [{ name: json ? 'json' : 'default', path: null }];
  const paths = reporter.map(({ path }) => path ?? output ?? null);
  const twice = reporter.find((_, i) => paths.indexOf(paths[i]) !== i);
  if (twice === undefined) return reporter;
  const message = `${twice.name} would go where another does: give it a file of its own, like ${twice.name}=FILE`;
  throw new InputError([{ file: '--reporter', message }]);
}

/** What becomes of one file, or of a command line. */
export function resultOf(source: string, options: RunOptions): FileResult {
  const file = isCommand(source) ? 'command line' : shownPath(source);
  try {
    return { file, run: runOne(source, options) };
  } catch (error) {
    if (error instanceof InputError) return { file, problems: error.problems, code: ExitCode.BadInput };
    const limit = limitReached(error);
    if (limit === null) throw error;
    return { file, problems: [{ file, message: limit }], code: ExitCode.Limit };
  }
}

function runOne(source: string, options: RunOptions): ScenarioRun {
  const scenario = withOptions(loadScenario(source, options), options);
  const kvEvents: string[] = [];
  const result = runScenario(scenario, baselineOf(source, scenario, options), {
    readFile: options.trace === undefined ? readerBeside(source) : readText,
    explainWith: explainWith(options),
    tick: timeLimit(options.timeout),
    compareGolden: (path, runs) => checkGolden(source, path, runs, options.update === true),
    // The events of a long run take gigabytes, and most reports need none of them.
    events:
      options.record !== undefined || reportersOf(options).some(({ name }) => REPORTERS[name].needsEvents),
    ...(options.kvEvents !== undefined && {
      kvEvents: (batch, engine) => {
        if (engine === (options.replica ?? 0)) kvEvents.push(`${JSON.stringify(batch)}\n`);
      },
    }),
  });
  const [{ replicas }] = result.runs;
  if (replicas.length === 0) return result;
  if (options.replica !== undefined) chosenReplica(replicas.length, options.replica);
  const tell = (text: string) => {
    if (reportersOf(options).some(({ name, path }) => name === 'default' && path === null)) console.log(text);
  };
  if (options.record !== undefined) {
    for (const { path, recording } of recordingsToWrite(options.record, replicas, options.replica)) {
      written(path, encodeRecording(recording));
      tell(`recording: ${path} (digest ${digestOf(recording)}); drop it on the page of \`npm run dev\``);
    }
  }
  if (options.kvEvents !== undefined) {
    written(options.kvEvents, kvEvents.join(''));
    const ofEngine = replicas.length > 1 ? ` of engine ${options.replica ?? 0}` : '';
    tell(`KV events: ${options.kvEvents} (${kvEvents.length} batches${ofEngine})`);
  }
  return result;
}

function written(file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw new InputError([{ file, message: `cannot be written: ${(error as Error).message}` }]);
  }
}

/** Of several engines each goes to a file of its own, `out.r0.poolrec`, or the one that is named to the path. */
function recordingsToWrite(path: string, replicas: readonly Recording[], replica: number | undefined) {
  if (replicas.length === 1 || replica !== undefined) {
    return [{ path, recording: replicas[chosenReplica(replicas.length, replica)] }];
  }
  const stem = path.replace(/\.poolrec$/, '');
  return replicas.map((recording, i) => ({ path: `${stem}.r${i}.poolrec`, recording }));
}

/** Of what changes a run, `explain` takes fields, and the seed that the report adds. */
function explainWith({ trace, format, limit, timeScale, stepTime, set = [] }: RunOptions): string[] | null {
  if ([trace, format, limit, timeScale].some((option) => option !== undefined)) return null;
  if (stepTime?.startsWith('table:')) return null;
  const fields = [
    ...set.map(({ text }) => text),
    ...(stepTime === undefined ? [] : [`step-time=${stepTime}`]),
  ];
  return fields.flatMap((text) => ['--set', text]);
}

/** What the expectations compare with, if they do. */
function baselineOf(source: string, scenario: Scenario, { baseline }: RunOptions): Loaded | null {
  const place = comparesWithBaseline(scenario.expect);
  if (place === null) return null;
  if (baseline !== undefined) {
    if (!isCommand(source)) return loadRevision(source, baseline);
    throw new InputError([{ file: '--baseline', message: 'goes with a scenario file' }]);
  }
  if (scenario.baseline !== null) return loadBaseline(source, scenario.baseline);
  throw new InputError([
    {
      file: scenario.file,
      place: scenario.placeOf(place),
      field: place,
      message: 'compares with a baseline, but there is none: give baseline: FILE or --baseline REVISION',
    },
  ]);
}

function withOptions(scenario: Scenario, options: RunOptions): Scenario {
  const seeded = {
    ...scenario,
    ...(options.seed !== undefined && { seeds: [options.seed] }),
    ...(options.stepTime !== undefined && { stepTime: stepTimeOption(options.stepTime) }),
  };
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
  const { workload } = scenario;
  const { maxConcurrency, goodput } = workload;
  return {
    ...seeded,
    workload: {
      ...(maxConcurrency !== undefined && { maxConcurrency }),
      ...(goodput && { goodput }),
      kind: 'trace',
      path: trace,
      format: format ?? null,
      timeScale: timeScale ?? 1,
      limit: limit ?? null,
      // What the scenario's own requests do is what those of a file without times can do.
      pace: workload.kind === 'synthetic' ? { ...workload, always: false } : null,
    },
  };
}

/** `--step-time`: a table lies where the user says, as a trace does. */
function stepTimeOption(text: string): StepTimeSpec {
  const written = parseStepTime(text);
  if (written === null) {
    throw new InputError([{ file: '--step-time', message: `expected ${STEP_TIME}, got "${text}"` }]);
  }
  if (written.kind !== 'table') return written;
  return { kind: 'table', table: readStepTable(readText(written.path), written.path) };
}
