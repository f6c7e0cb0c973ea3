import { existsSync } from 'node:fs';
import pc from 'picocolors';
import { InputError, type Problem } from '../sim/error.ts';
import { hasColumns } from '../sim/verify/csv.ts';
import { type FigureError, figureErrors, type KernelReport, verifyKernels } from '../sim/verify/time.ts';
import { KERNEL_COLUMNS } from '../sim/verify/time-kernel.ts';
import {
  LOAD_TEST_COLUMNS,
  type LoadTestReport,
  type LoadTestSummary,
  summarizeLoadTests,
  verifyLoadTests,
} from '../sim/verify/time-load-test.ts';
import { OVERHEAD_COLUMNS, type OverheadSummary, verifyOverhead } from '../sim/verify/time-overhead.ts';
import { checkRun, type RunCheck } from '../sim/verify/time-run.ts';
import { parseMeasuredRun } from '../sim/verify/time-run-file.ts';
import { ExitCode } from './exit-code.ts';
import { filesBelow, readText, shownPath } from './files.ts';
import { counted, inPercent, signedInPercent } from './text.ts';

interface Report {
  readonly kernels: Record<string, KernelReport>;
  readonly runs: (RunCheck & { readonly errors: readonly FigureError[] })[];
  readonly loadTests: Record<string, LoadTestReport>;
  /** Load tests of all files, by GPU. */
  loadTestSummaries: readonly LoadTestSummary[];
  /** What V0's steps cost the CPU. */
  readonly overheads: Record<string, readonly OverheadSummary[]>;
  /** Files that were not compared, and why. */
  readonly skipped: Record<string, string>;
}

/** `poolscope verify time`: compares measured kernels and serving runs. Returns the exit code. */
export function verifyTime(paths: readonly string[], options: { readonly json?: boolean }): number {
  const report: Report = {
    kernels: {},
    runs: [],
    loadTests: {},
    loadTestSummaries: [],
    overheads: {},
    skipped: {},
  };
  for (const file of filesBelow(paths, ['.csv', '.json', '.csv.gz', '.md'])) read(file, report);
  report.loadTestSummaries = summarizeLoadTests(Object.values(report.loadTests));
  if (!comparesAnything(report)) throw new InputError(whyNothing(paths, report));
  const above = numAbove(report);
  if (options.json) console.log(JSON.stringify({ ...report, above }, null, 2));
  else print(report, above);
  return above === 0 ? ExitCode.Ok : ExitCode.CheckFailed;
}

function comparesAnything({ kernels, runs, loadTestSummaries, overheads }: Report): boolean {
  const rows = [...Object.values(kernels).map(({ summaries }) => summaries), ...Object.values(overheads)];
  return runs.length + loadTestSummaries.length > 0 || rows.some(({ length }) => length > 0);
}

/** Each file that is no measurement; and tables all of whose rows were left out. */
function whyNothing(paths: readonly string[], { kernels, loadTests, skipped }: Report): Problem[] {
  const problems = Object.entries(skipped).map(([file, message]) => ({ file, message }));
  for (const [file, { skipped: rows }] of Object.entries({ ...kernels, ...loadTests })) {
    const reasons = Object.entries(rows).map(([reason, count]) => `${counted(count, 'row')} ${reason}`);
    problems.push({ file, message: `nothing to compare: ${reasons.join(', ') || 'it has no rows'}` });
  }
  return problems.length > 0
    ? problems
    : [{ file: paths.join(', '), message: 'holds no measured kernels and no serving run' }];
}

/** Tells a table by its columns, and a run by the table of requests beside it; docs/time.md describes such a folder. */
function read(file: string, report: Report): void {
  const shown = shownPath(file);
  if (file.endsWith('.json')) {
    readRun(file, report);
    return;
  }
  if (/\.(requests|timeseries)\.csv$/.test(file)) return;
  const text = /\.csv(\.gz)?$/.test(file) ? readText(file) : '';
  const has = (columns: readonly string[]) => hasColumns(text, columns);
  if (has(KERNEL_COLUMNS)) report.kernels[shown] = verifyKernels(text, shown);
  else if (LOAD_TEST_COLUMNS.some(has)) report.loadTests[shown] = verifyLoadTests(text, shown);
  else if (hasColumns(text.toLowerCase(), OVERHEAD_COLUMNS))
    report.overheads[shown] = verifyOverhead(text, shown);
  else report.skipped[shown] = 'no table of kernels, load tests or CPU times, and no serving run';
}

function readRun(file: string, report: Report): void {
  const shown = shownPath(file);
  const requests = file.replace(/\.json$/, '.requests.csv');
  if (!existsSync(requests)) {
    report.skipped[shown] = 'there is no .requests.csv beside it';
    return;
  }
  const run = parseMeasuredRun(readText(file), readText(requests), shown);
  // As it ran; and without the cache, since which prompts shared what is guessed.
  for (const prefixCaching of [true, false]) {
    const check = typeof run === 'string' ? run : checkRun(run, prefixCaching);
    if (typeof check === 'string') report.skipped[shown] = check;
    else report.runs.push({ ...check, errors: figureErrors(check) });
  }
}

/** Rows and figures that are further off than the published ones allow; without the cache they only inform. */
function numAbove({ kernels, runs, loadTestSummaries }: Report): number {
  const rows = Object.values(kernels).flatMap(({ summaries }) => summaries);
  const figures = runs.filter(({ prefixCaching }) => prefixCaching).flatMap(({ errors }) => errors);
  return [...rows, ...figures, ...loadTestSummaries].filter(({ within }) => within === false).length;
}

function print(report: Report, above: number): void {
  const { kernels, runs, loadTests, loadTestSummaries, overheads, skipped } = report;
  for (const [file, checked] of Object.entries(kernels)) printKernels(file, checked);
  for (const run of runs) printRun(run);
  for (const [file, checked] of Object.entries(loadTests)) printLoadTests(file, checked);
  printLoadTestSummaries(loadTestSummaries);
  for (const [file, summaries] of Object.entries(overheads)) printOverhead(file, summaries);
  const reasons = Object.entries(skipped);
  if (reasons.length > 0) console.log(pc.bold('\nNot compared'));
  for (const [file, reason] of reasons) console.log(pc.dim(`  ${file}: ${reason}`));
  const limit = '1.1 × the published error + 1 point';
  console.log(
    above === 0 ? pc.green(`\nagrees (${limit})`) : pc.red(`\n${above} above the limit (${limit})`),
  );
}

function printKernels(file: string, { summaries, skipped }: KernelReport): void {
  console.log(pc.bold(`Kernels of ${file}: absolute error, %`));
  console.log(pc.dim(`  ${columns('GPU', 'operation', 'rows', 'median', 'p90', 'bias', 'published')}`));
  for (const { gpu, operation, use, count, median, p90, bias, published, within } of summaries) {
    const line = columns(
      gpu,
      use === 'fit' ? operation : `${operation} (${use})`,
      String(count),
      inPercent(median),
      inPercent(p90),
      signedInPercent(bias),
      published === null
        ? '–'
        : published.map((share) => (share === null ? '–' : inPercent(share))).join(' / '),
    );
    console.log(`  ${verdict(within)(line)}`);
  }
  for (const [reason, count] of Object.entries(skipped))
    console.log(pc.dim(`  left out: ${counted(count, 'row')} ${reason}`));
}

function columns(gpu: string, operation: string, ...numbers: readonly string[]): string {
  const [count, median, p90, bias, published] = numbers;
  return `${gpu.padEnd(21)} ${operation.padEnd(20)} ${count.padStart(5)} ${median.padStart(7)} ${p90.padStart(7)} ${bias.padStart(7)}   ${published}`;
}

function printRun(run: Report['runs'][number]): void {
  const cache = run.prefixCaching ? 'prefix caching as it ran' : 'without prefix caching';
  console.log(pc.bold(`\n${run.name}: ${cache}, signed error, %`));
  console.log(
    pc.dim(
      `  ${counted(run.numRequests, 'request')}, ${counted(run.numBlocks, 'block')}, ${counted(run.preemptions, 'preemption')} simulated`,
    ),
  );
  for (const assumption of run.assumed) console.log(pc.dim(`  assumed: ${assumption}`));
  for (const { figure, measured, simulated, error, published, within } of run.errors) {
    const known = published === null ? '' : `published ${signedInPercent(published)}`;
    const line = `${figure.padEnd(11)} ${shown(measured).padStart(10)} → ${shown(simulated).padStart(10)} ${signedInPercent(error).padStart(7)}   ${known}`;
    console.log(`  ${verdict(run.prefixCaching ? within : null)(line)}`);
  }
}

function printLoadTests(file: string, { checks, skipped }: LoadTestReport): void {
  console.log(pc.bold(`\nLoad tests of ${file}: mean TPOT, signed error, %`));
  console.log(pc.dim('  assumed: even arrivals, few different prompts, KV blocks from the start-up model'));
  for (const { name, stage, measured, simulated, error } of checks) {
    const times = `${shown(measured).padStart(10)} → ${shown(simulated).padStart(10)}`;
    console.log(`  ${`${name}, stage ${stage}`.padEnd(52)} ${times} ${signedInPercent(error).padStart(7)}`);
  }
  for (const [reason, count] of Object.entries(skipped))
    console.log(pc.dim(`  left out: ${counted(count, 'row')} ${reason}`));
}

function printLoadTestSummaries(summaries: readonly LoadTestSummary[]): void {
  if (summaries.length === 0) return;
  console.log(pc.bold('\nLoad tests by GPU: absolute error of the mean TPOT, %'));
  console.log(pc.dim('  GPU             stages  median largest    bias   published'));
  for (const { gpu, count, median, largest, bias, published, within } of summaries) {
    const known = published === null ? '–' : published.map(inPercent).join(' / ');
    const numbers = [inPercent(median), inPercent(largest), signedInPercent(bias)].map((cell) =>
      cell.padStart(7),
    );
    console.log(
      `  ${verdict(within)(`${gpu.padEnd(15)} ${String(count).padStart(6)} ${numbers.join(' ')}   ${known}`)}`,
    );
  }
}

function printOverhead(file: string, summaries: readonly OverheadSummary[]): void {
  console.log(pc.bold(`\nCPU time of V0's steps in ${file}: absolute error, %`));
  console.log(pc.dim('  TP    rows  median     p90    bias   line through the rows'));
  for (const { tensorParallel, count, median, p90, bias, line } of summaries) {
    const numbers = [inPercent(median), inPercent(p90), signedInPercent(bias)].map((cell) =>
      cell.padStart(7),
    );
    const { perStep, perSequence } = line;
    console.log(
      `  ${String(tensorParallel).padEnd(3)} ${String(count).padStart(6)} ${numbers.join(' ')}   ${(perStep * 1e3).toFixed(2)} ms + ${(perSequence * 1e6).toFixed(0)} µs per sequence`,
    );
  }
}

/** Colours, and says in words what is above its limit. */
function verdict(within: boolean | null): (text: string) => string {
  return within === false ? (text) => pc.red(`${text}  above`) : within === true ? pc.green : (text) => text;
}

function shown(value: number): string {
  return value.toPrecision(5);
}
