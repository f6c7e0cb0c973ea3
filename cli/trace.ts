import pc from 'picocolors';
import { Document, isMap } from 'yaml';
import { InputError } from '../sim/error.ts';
import { oneLine } from '../sim/one-line.ts';
import type { Override } from '../sim/scenario/overrides.ts';
import { scenarioWorkload, simulateScenario } from '../sim/simulate-scenario.ts';
import { type FittedWorkload, fitTrace, type LengthFit } from '../sim/trace/fit-trace.ts';
import { openTrace } from '../sim/trace/open-trace.ts';
import type { TraceFormat, TraceRow } from '../sim/trace/trace.ts';
import { summarizeTrace, type TraceStatistics } from '../sim/trace/trace-statistics.ts';
import { workloadRows } from '../sim/trace/workload-rows.ts';
import { keepsPrefixes, rowsByArrival, type WritableFormat, writeTrace } from '../sim/trace/write-trace.ts';
import { childRequests } from '../sim/workload/child-requests.ts';
import type { Workload } from '../sim/workload/workload.ts';
import { ExitCode } from './exit-code.ts';
import { readChunks, readerBeside, shownPath } from './files.ts';
import { loadScenario } from './load.ts';
import { columns, number, percent, row, seconds } from './text.ts';
import { writeChunks } from './write-chunks.ts';

interface TraceOptions {
  readonly format?: TraceFormat;
  readonly limit?: number;
}

/** Tokens per hash id of generated traces: the finest that any format has. */
const GENERATED_BLOCK = 16;

/** `poolscope trace stats`: what a trace holds. Exit code. */
export function traceStats(path: string, options: TraceOptions & { readonly json?: boolean }): number {
  const { statistics } = summaryOf(path, options);
  console.log(
    options.json ? JSON.stringify(statistics, null, 2) : statisticsReport(shownPath(path), statistics),
  );
  return ExitCode.Ok;
}

/** `poolscope trace fit`: a workload like the trace, to be pasted into a scenario. Exit code. */
export function traceFit(
  path: string,
  options: TraceOptions & { readonly lengths: LengthFit; readonly json?: boolean },
): number {
  const summary = summaryOf(path, options);
  const workload = fitTrace(summary, options.lengths);
  if (options.json) {
    console.log(JSON.stringify({ workload, statistics: summary.statistics }, null, 2));
    return ExitCode.Ok;
  }
  for (const comment of fitComments(shownPath(path), summary.statistics)) console.log(`# ${comment}`);
  console.log(yamlOf(workload));
  return ExitCode.Ok;
}

/** `poolscope trace convert`: the same requests in another format. Exit code. */
export function traceConvert(
  path: string,
  options: TraceOptions & { readonly to: WritableFormat; readonly output?: string },
): number {
  const file = shownPath(path);
  const trace = openTrace(readChunks(path), { file, format: options.format ?? null });
  const rows = rowsByArrival(atMost(trace.rows, options.limit));
  if (rows.length === 0) throw new InputError([{ file, message: 'holds no requests' }]);
  if (trace.blockTokens > 0 && !keepsPrefixes(options.to)) {
    tell(`${options.to} files do not say which prompts begin alike: that is lost`);
  }
  for (const note of trace.notes()) tell(note);
  writeChunks(options.output, writeTrace(rows, trace.blockTokens, options.to));
  return ExitCode.Ok;
}

/** `poolscope trace generate`: the requests of a scenario as a trace. Exit code. */
export function traceGenerate(
  source: string,
  options: {
    readonly to: WritableFormat;
    readonly output?: string;
    readonly seed?: number;
    readonly set?: readonly Override[];
  },
): number {
  const loaded = loadScenario(source, { set: options.set });
  const scenario = { ...loaded, seed: options.seed ?? loaded.seed };
  const hooks = { readTrace: readerBeside(source), events: false };
  const workload = childRequests(scenarioWorkload(scenario, hooks).workload);
  let { arrivalNs } = workload;
  if (dependsOnRun(workload)) {
    const { recording } = simulateScenario(scenario, hooks);
    if (recording === null || recording.requestIds.length !== workload.numRequests) {
      const message = 'some requests arrive when others have ended, and the scenario does not run';
      throw new InputError([{ file: shownPath(source), message }]);
    }
    tell('some requests arrive when others have ended: these times are those of a run');
    arrivalNs = recording.requests.arrivalNs;
  }
  const blockTokens = keepsPrefixes(options.to) ? GENERATED_BLOCK : 0;
  const rows = rowsByArrival(workloadRows(workload, arrivalNs, blockTokens));
  writeChunks(options.output, writeTrace(rows, blockTokens, options.to));
  return ExitCode.Ok;
}

function dependsOnRun({ dependsOn, maxConcurrency }: Workload): boolean {
  return maxConcurrency !== undefined || dependsOn.some((before) => before >= 0);
}

/** Block style, but for what lengths are made of. */
function yamlOf(workload: FittedWorkload): string {
  const document = new Document({ workload });
  for (const key of ['input-len', 'output-len']) {
    const length = document.getIn(['workload', key]);
    if (!isMap(length)) continue;
    for (const { value } of length.items) if (isMap(value)) value.flow = true;
  }
  return document.toString({ lineWidth: 0 }).trimEnd();
}

function summaryOf(path: string, { format, limit }: TraceOptions) {
  const file = shownPath(path);
  return summarizeTrace(openTrace(readChunks(path), { file, format: format ?? null }), file, limit);
}

function* atMost(rows: Iterable<TraceRow>, limit = Number.POSITIVE_INFINITY): Generator<TraceRow> {
  let n = 0;
  for (const each of rows) {
    yield each;
    if (++n >= limit) return;
  }
}

/** To stderr: stdout is the trace. */
function tell(text: string): void {
  console.error(`note: ${text}`);
}

function statisticsReport(file: string, statistics: TraceStatistics): string {
  const { format, requests, arrivals, promptTokens, outputTokens, prefixes, notes } = statistics;
  const lengths = (of: typeof promptTokens) =>
    columns([of.mean, of.min, of.p50, of.p90, of.p99, of.max].map(number));
  return [
    `${pc.bold(oneLine(file))}  ${pc.dim(format)}`,
    row('requests', [number(requests), ...arrivalTexts(arrivals)].join(' · ')),
    pc.dim(row('', columns(['mean', 'min', 'p50', 'p90', 'p99', 'max']))),
    row('prompts', `${lengths(promptTokens)}   ${number(promptTokens.total)} tokens in all`),
    row('outputs', `${lengths(outputTokens)}   ${number(outputTokens.total)} tokens in all`),
    ...(prefixes === null
      ? []
      : [
          row(
            'prefixes',
            `${percent(prefixes.sharedTokens / promptTokens.total)} of the prompt tokens begin an earlier prompt too · ${number(prefixes.blocks)} different blocks of ${prefixes.blockTokens} tokens`,
          ),
        ]),
    ...notes.map((note) => pc.dim(row('note', note))),
  ].join('\n');
}

function arrivalTexts(arrivals: TraceStatistics['arrivals']): string[] {
  if (arrivals === null) return ['the file does not say when they arrive'];
  const { perSecond, variation, burstiness } = arrivals;
  return [
    `${seconds(arrivals.seconds)}`,
    `${perSecond.toPrecision(3)} per second`,
    ...(variation === null || burstiness === null
      ? []
      : [`intervals vary by ${variation.toFixed(2)} of their mean: burstiness ${burstiness.toPrecision(3)}`]),
  ];
}

function fitComments(
  file: string,
  { correlation, prefixes, promptTokens, notes }: TraceStatistics,
): string[] {
  return [
    `fitted to ${oneLine(file)} by poolscope trace fit`,
    ...(correlation !== null && Math.abs(correlation) >= 0.1
      ? [`not kept: prompt and output lengths correlate by ${correlation.toFixed(2)}`]
      : []),
    ...(prefixes === null
      ? []
      : [
          `not kept: ${percent(prefixes.sharedTokens / promptTokens.total)} of the prompt tokens are shared prefixes`,
        ]),
    ...notes,
  ];
}
