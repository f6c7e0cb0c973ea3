import { percentile } from '../report/statistics.ts';
import { parseCsv } from './csv.ts';
import { checkKernel, KERNEL_COLUMNS, type KernelCheck } from './time-kernel.ts';
import { limitOf, PUBLISHED_KERNELS, PUBLISHED_RUNS } from './time-published.ts';
import { RUN_FIGURES, type RunCheck, type RunFigure } from './time-run.ts';

/** Absolute errors of the kernels of one GPU and operation. */
export interface KernelSummary {
  readonly gpu: string;
  readonly operation: string;
  /** fit: as vLLM runs them; check: other kernels or libraries, reported only. */
  readonly use: string;
  readonly count: number;
  readonly median: number;
  readonly p90: number;
  /** Signed, the median: above 0 = predicted too long. */
  readonly bias: number;
  readonly published: readonly [median: number, p90: number | null] | null;
  /** Both errors within the limits; null where nothing is published, or the rows are only reported. */
  readonly within: boolean | null;
}

export interface KernelReport {
  readonly summaries: readonly KernelSummary[];
  /** Why rows were left out → how many. */
  readonly skipped: Readonly<Record<string, number>>;
}

/** Compares a table of kernels, by GPU and operation. */
export function verifyKernels(text: string, file: string): KernelReport {
  const groups = new Map<string, KernelCheck[]>();
  const skipped: Record<string, number> = {};
  for (const row of parseCsv(text, file, KERNEL_COLUMNS)) {
    const check = checkKernel(row);
    if (typeof check === 'string') {
      skipped[check] = (skipped[check] ?? 0) + 1;
      continue;
    }
    const key = `${check.gpu} ${check.operation} ${check.use}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [check]);
    else group.push(check);
  }
  const summaries = [...groups.values()].map(summarizeKernels);
  summaries.sort(
    (a, b) =>
      compareTexts(a.use, b.use, true) ||
      compareTexts(a.gpu, b.gpu) ||
      compareTexts(a.operation, b.operation),
  );
  return { summaries, skipped };
}

function summarizeKernels(checks: readonly KernelCheck[]): KernelSummary {
  const [{ gpu, operation, use }] = checks;
  const signed = Float64Array.from(
    checks,
    ({ predictedMs, measuredMs }) => predictedMs / measuredMs - 1,
  ).sort();
  const absolute = signed.map(Math.abs).sort();
  const published = PUBLISHED_KERNELS[`${gpu} ${operation}`] ?? null;
  const median = percentile(absolute, 50);
  const p90 = percentile(absolute, 90);
  return {
    gpu,
    operation,
    use,
    count: checks.length,
    median,
    p90,
    bias: percentile(signed, 50),
    published,
    within:
      published === null || use !== 'fit'
        ? null
        : median <= limitOf(published[0]) && p90 <= limitOf(published[1] ?? Number.POSITIVE_INFINITY),
  };
}

function compareTexts(a: string, b: string, descending = false): number {
  const order = a < b ? -1 : a > b ? 1 : 0;
  return descending ? -order : order;
}

/** A figure of a run: its error, what was published, and whether it is within the limit. */
export interface FigureError {
  readonly figure: RunFigure;
  readonly measured: number;
  readonly simulated: number;
  readonly error: number;
  readonly published: number | null;
  readonly within: boolean | null;
}

/** Every figure of a run next to the published error. */
export function figureErrors(run: RunCheck): FigureError[] {
  const model = run.model.split('/').pop() ?? run.model;
  const published = PUBLISHED_RUNS[`${model} on ${run.gpu} ${run.layout}`.trim()] ?? {};
  return RUN_FIGURES.map((figure) => {
    const { measured, simulated } = run.figures[figure];
    const error = simulated / measured - 1;
    const known = published[figure] ?? null;
    return {
      figure,
      measured,
      simulated,
      error,
      published: known,
      within: known === null ? null : Math.abs(error) <= limitOf(known),
    };
  });
}
