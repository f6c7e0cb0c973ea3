import { readFileSync } from 'node:fs';
import { findGpu, type Gpu } from '../../sim/catalog/gpus.ts';
import type { ConstantGroup } from '../../sim/catalog/timing-bounds.ts';
import { fitConstants, heldOut, kernelErrors, withConstants } from '../../sim/fit/fit-constants.ts';
import { parseCsv } from '../../sim/verify/csv.ts';
import { KERNEL_COLUMNS, type Kernel, readKernel } from '../../sim/verify/time-kernel.ts';
import { measuredErrors } from './errors.ts';

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
  readonly group: ConstantGroup;
  readonly names: readonly string[];
  /** Where the search starts, if not at the catalogue's values. */
  readonly start?: readonly number[];
  readonly kernels: (kernel: Kernel) => boolean;
}

/** Constants that are fitted, by GPU and group, with the kernels that they are fitted to. */
const FITS: readonly Fit[] = [
  ...['A100-80G-SXM', 'A40', 'H100-SXM'].map((gpu) => ({
    gpu,
    group: 'elt' as const,
    names: ['t0', 'e', 'r'],
    kernels: ({ group }: Kernel) => group === 'elt',
  })),
  ...['RTX4090', 'RTXPRO6000'].map((gpu) => ({
    gpu,
    group: 'sampler' as const,
    names: ['t0', 'perSequence'],
    kernels: ({ group }: Kernel) => group === 'sampler',
  })),
  ...['A6000', 'H100-SXM'].map((gpu) => ({
    gpu,
    group: 'gemm' as const,
    names: ['t0', 'ec', 'w', 'kh'],
    kernels: ({ group }: Kernel) => group === 'gemm',
  })),
  {
    gpu: 'A6000',
    group: 'fa',
    names: ['t0', 'ef', 'lam', 'lone', 'p'],
    start: [5e-6, 0.9, 0.2, 2.5, 4],
    kernels: ({ op }) => op === 'attn_prefill',
  },
  { gpu: 'H100-SXM', group: 'dec', names: ['launch'], kernels: ({ op }) => op === 'attn_decode' },
];

function main(): void {
  const [option, folder] = process.argv.slice(2);
  if (option === '--errors') {
    console.log(JSON.stringify(measuredErrors(folder), null, 1));
    return;
  }
  const path = process.argv[2];
  const all = process.argv.includes('--all');
  const kernels = parseCsv(readFileSync(path, 'utf8'), path, KERNEL_COLUMNS)
    .map(readKernel)
    .filter((kernel) => typeof kernel !== 'string');
  for (const { gpu: name, group, names, start, kernels: wanted } of FITS) {
    const mine = kernels.filter((kernel) => kernel.gpu === name && kernel.use === 'fit' && wanted(kernel));
    const { fitted, held } = all ? { fitted: mine, held: heldOut(mine).held } : heldOut(mine);
    const gpu = findGpu(name);
    if (gpu === null) throw new Error(`${name} is not in the catalogue`);
    const constants = fitConstants(gpu, group, names, fitted, start);
    const after = withConstants(gpu, group, constants);
    console.log(
      `${name} ${group}\n  before ${describe(gpu, fitted)}, held ${describe(gpu, held)}\n  after  ${describe(after, fitted)}, held ${describe(after, held)}`,
    );
    console.log(`  ${JSON.stringify(constants).slice(1, -1)}`);
  }
}

function describe(gpu: Gpu, kernels: readonly Kernel[]): string {
  const errors = kernelErrors(gpu, kernels);
  if (errors === null) return 'no rows';
  return `${errors.count} rows ${(errors.median * 100).toFixed(1)}/${(errors.p90 * 100).toFixed(1)} %`;
}

main();
