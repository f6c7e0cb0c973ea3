import type { Gpu, TimingParameters } from '../catalog/gpus.ts';
import { boundsOf, type ConstantGroup } from '../catalog/timing-bounds.ts';
import { InputError } from '../error.ts';
import type { Calibration } from '../scenario/calibration.ts';
import { parseCsv } from '../verify/csv.ts';
import { KERNEL_COLUMNS, type Kernel, readKernel } from '../verify/time-kernel.ts';
import {
  badness,
  type Constants,
  fitConstants,
  heldOut,
  type KernelErrors,
  kernelErrors,
  rounded,
  withConstants,
} from './fit-constants.ts';

/** What a table can say of each group; the other constants stay as they are. */
const FITTED: readonly (readonly [ConstantGroup, what: string, names: readonly string[]])[] = [
  ['gemm', 'matrix products', ['t0', 'ec', 'em']],
  ['elt', 'element-wise', ['t0', 'e', 'r']],
  ['sampler', 'sampler', ['t0', 'perSequence']],
  ['dec', 'attention of decodes', ['t0', 'ea']],
  ['fa', 'attention with prefill', ['t0', 'ef', 'lam']],
  ['moe', 'experts', ['t0', 'ec', 'em']],
];
/** Fewer rows for each constant would fit their noise. */
const ROWS_PER_CONSTANT = 4;

/** One group of constants, before and after. */
export interface GroupFit {
  readonly group: ConstantGroup;
  readonly what: string;
  /** Rows of the table; the errors are of all of them. */
  readonly count: number;
  readonly before: KernelErrors;
  /** null: left as it was, and why. */
  readonly fitted: {
    readonly constants: Constants;
    readonly after: KernelErrors;
    /** On every third row, with constants fitted to the others. */
    readonly held: { readonly before: KernelErrors; readonly after: KernelErrors };
    /** Constants that would be outside of what is plausible. */
    readonly atBounds: readonly string[];
  } | null;
  readonly because: string | null;
}

export interface KernelCalibration {
  readonly kind: 'kernels';
  readonly groups: readonly GroupFit[];
  /** Why rows were left out → how many. */
  readonly skipped: Readonly<Record<string, number>>;
  /** null if nothing could be made better. */
  readonly calibration: Calibration | null;
}

/**
 * Fits the constants of a GPU to a table of its kernels, group by group.
 * @param isItsName whether the table calls the GPU so
 * @throws InputError if the table holds nothing that can be compared.
 */
export function calibrateKernels(
  text: string,
  file: string,
  gpu: Gpu,
  isItsName: (name: string) => boolean,
): KernelCalibration {
  const skipped: Record<string, number> = {};
  const skip = (reason: string) => {
    skipped[reason] = (skipped[reason] ?? 0) + 1;
  };
  const kernels: Kernel[] = [];
  for (const row of parseCsv(text, file, KERNEL_COLUMNS)) {
    const kernel = readKernel(row);
    if (typeof kernel === 'string') skip(kernel);
    else if (kernel.group === null) skip('exchanges: give hardware.link instead');
    else if (!isItsName(kernel.gpu)) skip('of another GPU');
    else if (kernel.use !== '' && kernel.use !== 'fit') skip(`marked ${kernel.use}`);
    else kernels.push(kernel);
  }
  if (kernels.length === 0) {
    const reasons = Object.entries(skipped).map(([reason, count]) => `${count} ${reason}`);
    const why = reasons.length > 0 ? `: ${reasons.join(', ')}` : '';
    throw new InputError([{ file, message: `holds no kernel of ${gpu.id} that can be fitted to${why}` }]);
  }
  const groups = FITTED.flatMap(([group, what, names]) => {
    const mine = kernels.filter((kernel) => kernel.group === group);
    return mine.length === 0 ? [] : [fitGroup(gpu, group, what, names, mine)];
  });
  return { kind: 'kernels', groups, skipped, calibration: calibrationOf(gpu, groups, file) };
}

function fitGroup(
  gpu: Gpu,
  group: ConstantGroup,
  what: string,
  names: readonly string[],
  kernels: readonly Kernel[],
): GroupFit {
  const errors = (of: Gpu, rows: readonly Kernel[]) => kernelErrors(of, rows) as KernelErrors;
  const before = errors(gpu, kernels);
  const left = (because: string) => ({ group, what, count: kernels.length, before, fitted: null, because });
  const least = ROWS_PER_CONSTANT * names.length;
  if (kernels.length < least) return left(`${names.length} constants need ${least} rows`);
  const { fitted, held } = heldOut(kernels);
  const blind = withConstants(gpu, group, fitConstants(gpu, group, names, fitted));
  const heldErrors = { before: errors(gpu, held), after: errors(blind, held) };
  if (badness(heldErrors.after) >= badness(heldErrors.before)) {
    return left('rows that were held back would be predicted no better');
  }
  const constants = fitConstants(gpu, group, names, kernels);
  const after = errors(withConstants(gpu, group, constants), kernels);
  const atBounds = names.filter((name) =>
    boundsOf(group, name).some((edge) => rounded(edge) === constants[name]),
  );
  return { ...left(''), fitted: { constants, after, held: heldErrors, atBounds }, because: null };
}

function calibrationOf(gpu: Gpu, groups: readonly GroupFit[], file: string): Calibration | null {
  const fitted = groups.flatMap(({ group, what, count, fitted }) =>
    fitted === null ? [] : [{ group, what, count, ...fitted }],
  );
  if (fitted.length === 0) return null;
  const rows = fitted.reduce((sum, { count }) => sum + count, 0);
  const worst = (of: (errors: KernelErrors) => number) =>
    Math.max(...fitted.map(({ held }) => of(held.after)));
  return {
    gpu: gpu.id,
    source: `${rows} kernels of ${nameOf(file)}: ${fitted.map(({ what }) => what).join(', ')}`,
    parts: fitted.map(({ group }) => group),
    constants: Object.fromEntries(fitted.map(({ group, constants }) => [group, constants])) as Partial<
      Record<keyof TimingParameters, Constants>
    >,
    overhead: null,
    link: null,
    // Errors of kernels cancel in part when they are summed to a step.
    error: [rounded(worst(({ median }) => median) / 2), rounded(worst(({ median }) => median))],
  };
}

/** The last part of a path, without what no line can show. */
export function nameOf(file: string): string {
  return (file.split(/[\\/]/).pop() ?? file).replace(/\p{C}/gu, '?').slice(0, 100);
}
