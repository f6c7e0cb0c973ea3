import { writeFileSync } from 'node:fs';
import { InputError, problemAt } from '../sim/error.ts';
import { digestOf, encodeRecording } from '../sim/recording/codec.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { comparesWithBaseline } from '../sim/scenario/expectations.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import { readStepTable } from '../sim/scenario/step-table.ts';
import { parseStepTime, STEP_TIME, type StepTimeSpec } from '../sim/scenario/step-time.ts';
import type { TraceFormat } from '../sim/trace/trace.ts';
import { ExitCode } from './exit-code.ts';
import { readerBeside, readText, shownPath, writing } from './files.ts';
import { checkGolden } from './golden.ts';
import { limitReached, timeLimit } from './limits.ts';
import {
  isCommand,
  isDeployment,
  type Loaded,
  type LoadOptions,
  loadBaseline,
  loadRevision,
  loadScenario,
  optionWords,
} from './load.ts';
import { chosenReplica } from './load-recording.ts';
import type { FailedResult, FileResult, RunResult } from './reporters/reporter.ts';
import { chosenReporters, REPORTERS, type ReporterOptions } from './reporters/reporters.ts';
import { type RunHooks, runScenario } from './run-scenario.ts';
import { counted } from './text.ts';
import { traceReader } from './traces-of.ts';

/** What changes the run of a file. */
export interface RunFileOptions extends ReporterOptions, LoadOptions {
  readonly trace?: string;
  readonly format?: TraceFormat;
  readonly timeScale?: number;
  readonly limit?: number;
  readonly seed?: number;
  readonly stepTime?: string;
  /** A git revision, to compare the same file with. */
  readonly baseline?: string;
  readonly record?: string;
  /** Of several engines, the one whose recording and KV events are written. */
  readonly replica?: number;
  readonly kvEvents?: string;
  /** Write golden files instead of comparing with them. */
  readonly update?: boolean;
  /** Seconds for each file. */
  readonly timeout?: number;
}

/**
 * What becomes of one file, or of a command line.
 * @param progress told now and then the share of requests that have ended, and how many steps there were.
 */
export function resultOf(
  source: string,
  options: RunFileOptions,
  progress?: (share: number, numSteps: number) => void,
): FileResult {
  const file = nameOf(source);
  let reached: Reached = [0, 0];
  const watch: RunHooks['progress'] = (share, numSteps) => {
    reached = [share, numSteps];
    progress?.(share, numSteps);
  };
  try {
    return { file, ...runOne(source, options, watch) };
  } catch (error) {
    if (error instanceof InputError) return { file, problems: error.problems, code: ExitCode.BadInput };
    const limit = limitReached(error);
    if (limit !== null) return limited(source, limit, reached);
    const { message, stack } = error as Error;
    const told = `a fault in Poolscope: ${message}; please report it with this file`;
    return { file, problems: [{ file, message: told }], code: ExitCode.Fault, stack };
  }
}

/** How far a run came: the share of its requests that have ended, and its steps. */
type Reached = readonly [share: number, numSteps: number];

/** A file whose run reached a limit of time or memory. */
export function limited(source: string, limit: string, [share, numSteps]: Reached): FailedResult {
  const file = nameOf(source);
  const far = `; ${Math.floor(share * 100)} % of its requests had ended, in ${counted(numSteps, 'step')}`;
  const message = numSteps === 0 ? limit : limit + far;
  return { file, problems: [{ file, message }], code: ExitCode.Limit };
}

function nameOf(source: string): string {
  return isCommand(source) ? 'command line' : shownPath(source);
}

function runOne(
  source: string,
  options: RunFileOptions,
  progress: RunHooks['progress'],
): Pick<RunResult, 'run' | 'written'> {
  const scenario = withExampleNote(source, withOptions(loadScenario(source, options), options));
  const kvEvents: string[] = [];
  const run = runScenario(scenario, baselineOf(source, scenario, options), {
    readFile: options.trace === undefined ? traceReader(scenario, readerBeside(source)) : readText,
    explainWith: explainWith(options),
    progress,
    tick: timeLimit(options.timeout),
    compareGolden: (path, runs) => checkGolden(source, path, runs, options.update === true),
    // The events of a long run take gigabytes, and most reports need none of them.
    events:
      options.record !== undefined ||
      chosenReporters(options).some(({ name }) => REPORTERS[name].needsEvents),
    ...(options.kvEvents !== undefined && {
      kvEvents: (batch, engine) => {
        if (engine === (options.replica ?? 0)) kvEvents.push(`${JSON.stringify(batch)}\n`);
      },
    }),
  });
  return { run, written: writtenFiles(run.runs[0].replicas, kvEvents, options) };
}

/** Writes the recordings and KV events that are asked for; says what it wrote, one a line. */
function writtenFiles(
  replicas: readonly Recording[],
  batches: readonly string[],
  { record, replica, kvEvents }: RunFileOptions,
): string[] {
  if (replicas.length === 0) return [];
  if (replica !== undefined) chosenReplica(replicas.length, replica);
  const lines: string[] = [];
  if (record !== undefined) {
    for (const { path, recording } of recordingsToWrite(record, replicas, replica)) {
      const bytes = encodeRecording(recording);
      writing(path, () => writeFileSync(path, bytes));
      lines.push(
        `recording: ${path} (digest ${digestOf(recording)}); drop it on the page of \`npm run dev\``,
      );
    }
  }
  if (kvEvents !== undefined) {
    const text = batches.join('');
    writing(kvEvents, () => writeFileSync(kvEvents, text));
    const ofEngine = replicas.length > 1 ? ` of engine ${replica ?? 0}` : '';
    lines.push(`KV events: ${kvEvents} (${batches.length} batches${ofEngine})`);
  }
  return lines;
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
function explainWith(options: RunFileOptions): string[] | null {
  const { trace, format, limit, timeScale, stepTime } = options;
  if ([trace, format, limit, timeScale].some((option) => option !== undefined)) return null;
  if (stepTime?.startsWith('table:')) return null;
  const timed = stepTime === undefined ? [] : ['--set', `step-time=${stepTime}`];
  return [...optionWords(options), ...timed];
}

/** What the expectations compare with, if they do. */
function baselineOf(source: string, scenario: Scenario, { baseline }: RunFileOptions): Loaded | null {
  const field = comparesWithBaseline(scenario.expect);
  if (field === null) return null;
  if (baseline !== undefined) {
    if (!isCommand(source)) return loadRevision(source, baseline);
    throw new InputError([{ file: '--baseline', message: 'goes with a scenario file' }]);
  }
  if (scenario.baseline !== null) return loadBaseline(source, scenario, scenario.baseline);
  throw problemAt(
    scenario,
    field,
    'compares with a baseline, but there is none: give baseline: FILE or --baseline REVISION',
  );
}

/** Whoever pastes a deployment reads figures of a load that it does not state. */
function withExampleNote(source: string, scenario: Scenario): Scenario {
  const { workload, notes } = scenario;
  if (workload.kind === 'trace' || !(isCommand(source) || isDeployment(source))) return scenario;
  const note =
    'the load is an example: state yours in a scenario (poolscope import writes one), or with --trace';
  return { ...scenario, notes: [...notes, note] };
}

function withOptions(scenario: Scenario, options: RunFileOptions): Scenario {
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
