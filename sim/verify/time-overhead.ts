import { percentile } from '../report/statistics.ts';
import { V0_OVERHEAD } from '../time/host.ts';
import { parseCsv } from './csv.ts';

/** Of a table of what a step of V0 cost the CPU, milliseconds; profiles write them in capitals or not. */
export const OVERHEAD_COLUMNS = [
  'batch_size',
  'tensor_parallel_degree',
  'schedule_median',
  'sampler_e2e_median',
  'prepare_inputs_e2e_median',
  'process_model_outputs_median',
] as const;

const PARTS = OVERHEAD_COLUMNS.slice(2);

/** Rows of one degree of tensor parallelism. */
export interface OverheadSummary {
  readonly tensorParallel: number;
  readonly count: number;
  /** Absolute errors. */
  readonly median: number;
  readonly p90: number;
  /** Signed, the median: above 0 = predicted too long. */
  readonly bias: number;
  /** The line through these rows, seconds: what a step takes, and each sequence in it. */
  readonly line: { readonly perStep: number; readonly perSequence: number };
}

/** Compares V0's CPU time (schedule, sample, prepare, process; medians of each) with `V0_OVERHEAD`. */
export function verifyOverhead(text: string, file: string): OverheadSummary[] {
  const [head = ''] = text.split('\n', 1);
  const rows = parseCsv(head.toLowerCase() + text.slice(head.length), file, OVERHEAD_COLUMNS);
  const byDegree = new Map<number, { batch: number; seconds: number }[]>();
  for (const row of rows) {
    const batch = Number(row.batch_size);
    const seconds = PARTS.reduce((sum, part) => sum + Number(row[part]) / 1e3, 0);
    if (!(batch > 0 && seconds > 0)) continue;
    const degree = Number(row.tensor_parallel_degree);
    byDegree.set(degree, [...(byDegree.get(degree) ?? []), { batch, seconds }]);
  }
  return [...byDegree]
    .sort(([a], [b]) => a - b)
    .map(([tensorParallel, points]) => {
      const { perStep, perSequence } = V0_OVERHEAD;
      const signed = Float64Array.from(
        points,
        ({ batch, seconds }) => (perStep + perSequence * batch) / seconds - 1,
      ).sort();
      const absolute = signed.map(Math.abs).sort();
      return {
        tensorParallel,
        count: points.length,
        median: percentile(absolute, 50),
        p90: percentile(absolute, 90),
        bias: percentile(signed, 50),
        line: lineThrough(points),
      };
    });
}

/** Least squares. */
function lineThrough(points: readonly { readonly batch: number; readonly seconds: number }[]) {
  const mean = (of: (point: (typeof points)[number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const batch = mean((point) => point.batch);
  const seconds = mean((point) => point.seconds);
  const spread = mean((point) => (point.batch - batch) * (point.batch - batch));
  const perSequence =
    spread === 0 ? 0 : mean((point) => (point.batch - batch) * (point.seconds - seconds)) / spread;
  return { perStep: seconds - perSequence * batch, perSequence };
}
