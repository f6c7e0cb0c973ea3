import { describe, expect, test } from 'vitest';
import { GENERIC_TIMING } from '../../../sim/catalog/generic-timing.ts';
import { findGpu, type Gpu } from '../../../sim/catalog/gpus.ts';
import { InputError } from '../../../sim/error.ts';
import { calibrateKernels } from '../../../sim/fit/kernel-calibration.ts';
import { KERNEL_COLUMNS, readKernel } from '../../../sim/verify/time-kernel.ts';

const KNOWN = findGpu('rtx4090') as Gpu;
const REAL: Gpu = { ...KNOWN, par: { ...KNOWN.par, dec: { ...GENERIC_TIMING.dec, t0: 20e-6, ea: 0.7 } } };
const GENERIC: Gpu = { ...REAL, id: 'mine', par: GENERIC_TIMING };
const COLUMNS = [...KERNEL_COLUMNS, 'batch', 'ctx', 'chunk', 'ndec', 'ctxdec', 'hq', 'hkv', 'hd'];

/** A table of what the formulas say of a GPU. */
function tableOf(
  gpu: Gpu,
  rows: readonly Readonly<Record<string, string | number>>[],
  name = 'mine',
): string {
  const lines = rows.map((given) => {
    const row = { gpu: name, model: 'm', tp: 1, ms: 1, use: 'fit', ...given };
    const texts = Object.fromEntries(
      COLUMNS.map((column) => [column, String((row as Record<string, unknown>)[column] ?? '')]),
    );
    const kernel = readKernel(texts);
    if (typeof kernel === 'string') throw new Error(kernel);
    return COLUMNS.map((column) => (column === 'ms' ? kernel.seconds(gpu) * 1e3 : texts[column])).join(',');
  });
  return [COLUMNS.join(','), ...lines].join('\n');
}

const GEMMS = [1, 16, 64, 256, 512, 1024, 2048, 4096].flatMap((m) =>
  [
    [4096, 6144],
    [4096, 28672],
    [14336, 4096],
  ].map(([k, n]) => ({ op: 'gemm', kind: 'gemm', m, k, n })),
);
const DECODES = [1, 8, 32, 64].flatMap((batch) =>
  [128, 512, 2048].map((ctx) => ({ op: 'attn_decode', kind: 'attn', batch, ctx, hq: 32, hkv: 8, hd: 128 })),
);
const isMine = (name: string) => name === 'mine';

describe('a table of kernels', () => {
  const { groups, calibration } = calibrateKernels(
    tableOf(REAL, [...GEMMS, ...DECODES]),
    'k.csv',
    GENERIC,
    isMine,
  );

  test('makes the constants of its groups better, on rows that were held back too', () => {
    expect(groups.map(({ group }) => group)).toEqual(['gemm', 'dec']);
    const [gemm, dec] = groups;
    expect(gemm.before.mean).toBeGreaterThan(0.1);
    expect(gemm.fitted?.after.mean).toBeLessThan(0.05);
    expect(gemm.fitted?.held.after.mean).toBeLessThan(0.06);
    // The other constants stay generic.
    expect(gemm.fitted?.constants.ec).toBeGreaterThan(0.95);
    expect(dec.fitted?.after.mean).toBeLessThan(dec.before.mean);
  });

  test('gives what a scenario can use', () => {
    expect(calibration).toMatchObject({
      gpu: 'mine',
      source: '36 kernels of k.csv: matrix products, attention of decodes',
      parts: ['gemm', 'dec'],
      overhead: null,
      link: null,
    });
    expect(Object.keys(calibration?.constants ?? {})).toEqual(['gemm', 'dec']);
  });

  test('the same table, the same constants', () => {
    const again = calibrateKernels(tableOf(REAL, [...GEMMS, ...DECODES]), 'k.csv', GENERIC, isMine);
    expect(again.calibration).toEqual(calibration);
  });
});

test('what agrees already is left as it is', () => {
  const { groups, calibration } = calibrateKernels(
    tableOf(REAL, GEMMS),
    'k.csv',
    { ...REAL, id: 'mine' },
    isMine,
  );
  expect(groups[0].fitted).toBeNull();
  expect(groups[0].because).toContain('no better');
  expect(calibration).toBeNull();
});

test('a few rows are not fitted to', () => {
  const { groups } = calibrateKernels(tableOf(REAL, GEMMS.slice(0, 11)), 'k.csv', GENERIC, isMine);
  expect(groups[0]).toMatchObject({ count: 11, fitted: null, because: '3 constants need 12 rows' });
});

test('nonsense ends at the bounds, and is marked', () => {
  const table = tableOf(REAL, GEMMS).replace(/[\d.e-]+(?=,fit)/g, (ms) => String(Number(ms) / 10));
  const { groups } = calibrateKernels(table, 'k.csv', GENERIC, isMine);
  expect(groups[0].fitted?.atBounds).toContain('ec');
  expect(groups[0].fitted?.constants.ec).toBeLessThanOrEqual(1.2);
});

test('a table of other GPUs is refused', () => {
  expect(() => calibrateKernels(tableOf(REAL, GEMMS, 'x'), 'k.csv', GENERIC, isMine)).toThrow(
    new InputError([
      { file: 'k.csv', message: 'holds no kernel of mine that can be fitted to: 24 of another GPU' },
    ]),
  );
});
