import { readFileSync } from 'node:fs';
import { findGpu } from '../../sim/catalog/gpus.ts';
import { exp, ln } from '../../sim/math/portable.ts';
import { percentile } from '../../sim/report/statistics.ts';
import { type CsvRow, parseCsv } from '../../sim/verify/csv.ts';
import { checkKernel, KERNEL_COLUMNS } from '../../sim/verify/time-kernel.ts';
import { measuredErrors } from './errors.ts';
import { minimize } from './nelder-mead.ts';

/*
 * Fits constants of the step-time formulas to a table of kernels, and shows what they are worth on rows that were
 * not fitted to (every third). Prints; what goes into the catalogue is copied by hand.
 *
 *   npm run fit -- ../shared/timing/kernels.csv [--all]
 *   npm run -s fit -- --errors ../shared/timing > sim/catalog/data/measured-errors.json
 *
 * --all fits to every row, for the catalogue, once the held rows have shown that the form is right.
 */

interface Fit {
  readonly gpu: string;
  readonly group: string;
  readonly names: readonly string[];
  /** Where the search starts, if not at the catalogue's values. */
  readonly start?: readonly number[];
  readonly rows: (row: CsvRow) => boolean;
}

/** Constants that are fitted, by GPU and group, with the rows that they are fitted to. */
const FITS: readonly Fit[] = [
  ...['A100-80G-SXM', 'A40', 'H100-SXM'].map((gpu) => ({
    gpu,
    group: 'elt',
    names: ['t0', 'e', 'r'],
    rows: (row: CsvRow) => row.kind === 'elt' && row.op !== 'sampler',
  })),
  ...['RTX4090', 'RTXPRO6000'].map((gpu) => ({
    gpu,
    group: 'sampler',
    names: ['t0', 'perSequence'],
    rows: (row: CsvRow) => row.op === 'sampler',
  })),
  ...['A6000', 'H100-SXM'].map((gpu) => ({
    gpu,
    group: 'gemm',
    names: ['t0', 'ec', 'w', 'kh'],
    rows: (row: CsvRow) => row.kind === 'gemm',
  })),
  {
    gpu: 'A6000',
    group: 'fa',
    names: ['t0', 'ef', 'lam', 'lone', 'p'],
    start: [5e-6, 0.9, 0.2, 2.5, 4],
    rows: (row) => row.op === 'attn_prefill',
  },
  { gpu: 'H100-SXM', group: 'dec', names: ['launch'], rows: (row) => row.op === 'attn_decode' },
];

function main(): void {
  const [option, folder] = process.argv.slice(2);
  if (option === '--errors') {
    console.log(JSON.stringify(measuredErrors(folder), null, 1));
    return;
  }
  const path = process.argv[2];
  const all = process.argv.includes('--all');
  const rows = parseCsv(readFileSync(path, 'utf8'), path, KERNEL_COLUMNS);
  for (const { gpu: gpuName, group, names, start, rows: wanted } of FITS) {
    const mine = rows.filter((row) => row.gpu === gpuName && row.use === 'fit' && wanted(row));
    const fitted = mine.filter((_, i) => all || i % 3 !== 2);
    const held = mine.filter((_, i) => i % 3 === 2);
    const gpu = findGpu(gpuName);
    if (gpu === null) throw new Error(`${gpuName} is not in the catalogue`);
    const parameters = (gpu.par as unknown as Record<string, Record<string, number>>)[group];
    const set = (x: readonly number[]) => {
      names.forEach((name, i) => {
        parameters[name] = exp(x[i]);
      });
    };
    const before = `${describe(fitted)}, held ${describe(held)}`;
    const best = minimize(
      (x) => {
        set(x);
        const [median, p90, mean] = errors(fitted);
        return Number.isFinite(mean) ? median + 0.85 * p90 + 0.1 * mean : 1e9;
      },
      names.map((name, i) => ln(start?.[i] ?? parameters[name])),
    );
    set(best);
    const values = names.map((name) => `"${name}":${Number(parameters[name].toPrecision(6))}`);
    console.log(
      `${gpuName} ${group}\n  before ${before}\n  after  ${describe(fitted)}, held ${describe(held)}`,
    );
    console.log(`  ${values.join(',')}`);
  }
}

/** Median, p90 and mean of the absolute errors. */
function errors(rows: readonly CsvRow[]): [median: number, p90: number, mean: number] {
  const absolute = rows.flatMap((row) => {
    const check = checkKernel(row);
    return typeof check === 'string' ? [] : [Math.abs(check.predictedMs / check.measuredMs - 1)];
  });
  const sorted = Float64Array.from(absolute).sort();
  const mean = absolute.reduce((sum, error) => sum + error, 0) / absolute.length;
  return [percentile(sorted, 50), percentile(sorted, 90), mean];
}

function describe(rows: readonly CsvRow[]): string {
  const [median, p90] = errors(rows);
  return `${rows.length} rows ${(median * 100).toFixed(1)}/${(p90 * 100).toFixed(1)} %`;
}

main();
