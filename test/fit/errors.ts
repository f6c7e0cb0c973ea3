import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GENERIC_TIMING } from '../../sim/catalog/generic-timing.ts';
import { findGpu, GPUS, type Gpu, type TimingParameters } from '../../sim/catalog/gpus.ts';
import type { ConstantsKind, MeasuredError, Timed } from '../../sim/catalog/measured-errors.ts';
import { percentile } from '../../sim/report/statistics.ts';
import { hasColumns } from '../../sim/verify/csv.ts';
import { LOAD_TEST_COLUMNS, verifyLoadTests } from '../../sim/verify/time-load-test.ts';
import { PUBLISHED_LOAD_TESTS } from '../../sim/verify/time-published.ts';
import { checkRun, type RunFigure } from '../../sim/verify/time-run.ts';
import { parseMeasuredRun } from '../../sim/verify/time-run-file.ts';

/*
 * How far the step-time model is from measured runs, as rows of sim/catalog/data/measured-errors.json: with the
 * constants of the GPU, with generic ones, and with those of every other GPU whose kernels were measured. The latter
 * two say what to expect of a GPU that nobody measured.
 */

const FIGURES: Readonly<Record<Timed, RunFigure>> = {
  throughput: 'throughput',
  TTFT: 'TTFT mean',
  TPOT: 'TPOT mean',
  E2E: 'E2E mean',
};

/** Stages that only the specification's author could measure: their errors, by the constants that the GPU has. */
const KNOWN_STAGES: Readonly<Record<string, number>> = { 'a100-80g-sxm': 8, l40s: 4 };

const isMeasured = ({ timingSource }: Gpu) => /^fitted: [^(]*gemm[^(]*attention/.test(timingSource);

/** The constants to try on a GPU. */
function candidates(gpu: Gpu): [ConstantsKind, TimingParameters][] {
  const others = GPUS.filter((other) => isMeasured(other) && other.id !== gpu.id);
  return [
    ['own', gpu.par],
    ['generic', GENERIC_TIMING],
    ...others.map(({ par }): [ConstantsKind, TimingParameters] => ['borrowed', par]),
  ];
}

export function measuredErrors(folder: string): MeasuredError[] {
  const samples = new Map<string, number[]>();
  const add = (row: Omit<MeasuredError, 'count' | 'median' | 'largest'>, error: number) => {
    const key = JSON.stringify(row);
    samples.set(key, [...(samples.get(key) ?? []), Math.abs(error)]);
  };
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  for (const name of files) {
    const file = join(folder, name);
    if (name.endsWith('.json') && files.includes(name.replace(/\.json$/, '.requests.csv'))) {
      const requests = readFileSync(file.replace(/\.json$/, '.requests.csv'), 'utf8');
      const run = parseMeasuredRun(readFileSync(file, 'utf8'), requests, file);
      const gpu = typeof run === 'string' ? null : findGpu(run.gpu);
      if (typeof run === 'string' || gpu === null) continue;
      for (const [constants, par] of candidates(gpu)) {
        const check = checkRun(run, true, par);
        if (typeof check === 'string') continue;
        for (const [figure, of] of Object.entries(FIGURES)) {
          const { measured, simulated } = check.figures[of];
          add(
            { gpu: gpu.id, constants, figure: figure as Timed, of: 'serving runs' },
            simulated / measured - 1,
          );
        }
      }
    } else if (name.endsWith('.csv')) {
      const text = readFileSync(file, 'utf8');
      if (!LOAD_TEST_COLUMNS.some((columns) => hasColumns(text, columns))) continue;
      for (let candidate = 0; candidate < candidates(GPUS[0]).length + 1; candidate++) {
        let constants: ConstantsKind | null = null;
        const { checks } = verifyLoadTests(text, file, (gpu) => {
          const [kind, par] = candidates(gpu)[candidate] ?? [null, gpu.par];
          constants = kind;
          return par;
        });
        if (constants === null) continue;
        for (const { gpu, error } of checks) add({ gpu, constants, figure: 'TPOT', of: 'load tests' }, error);
      }
    }
  }
  const rows = [...samples].map(([key, errors]) => {
    const sorted = Float64Array.from(errors).sort();
    const rounded = (share: number) => Math.round(share * 1e4) / 1e4;
    const median = rounded(percentile(sorted, 50));
    return { ...JSON.parse(key), count: sorted.length, median, largest: rounded(sorted[sorted.length - 1]) };
  }) as MeasuredError[];
  return [...rows, ...knownErrors(new Set(rows.map(({ gpu }) => gpu)))];
}

/** Those of load tests that are not in the folder. */
function knownErrors(measured: ReadonlySet<string>): MeasuredError[] {
  return Object.entries(KNOWN_STAGES)
    .filter(([gpu]) => !measured.has(gpu))
    .map(([gpu, count]) => {
      const [median, largest] = PUBLISHED_LOAD_TESTS[gpu];
      return { gpu, constants: 'own', figure: 'TPOT', of: 'load tests', count, median, largest };
    });
}
