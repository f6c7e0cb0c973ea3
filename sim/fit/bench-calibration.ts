import { LINKS } from '../catalog/links.ts';
import { resolveHardware } from '../memory/resolve.ts';
import { type Calibration, onTopOf } from '../scenario/calibration.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { overheadOf } from '../scenario-time.ts';
import { benchError } from './bench-errors.ts';
import type { BenchResult, Figure } from './bench-result.ts';
import { type BenchCase, benchCase, simulatedFigures } from './bench-run.ts';
import { benchVariables, calibrationAt, type Machine, valuesAt } from './bench-variables.ts';
import { rounded } from './fit-constants.ts';
import { nameOf } from './kernel-calibration.ts';
import { minimize, type SearchOptions } from './minimize.ts';

/** What the model leaves where all was measured. */
const USUAL_ERROR = 0.03;
/** How many usual errors it must save to move all variables by one spread. */
const DRAW = 0.25;
const ROUNDS = 4;
const MOST_STEPS = 60;
/** The search ends when it gains less than a hundredth of a usual error. */
const TOLERANCE = 1e-3;

/** One figure of a run: seconds, or tokens per second. */
export interface FigureFit {
  readonly figure: Figure;
  readonly measured: number;
  readonly before: number;
  readonly after: number;
}

/** One thing that was fitted: a factor, or seconds. */
export interface VariableFit {
  readonly name: string;
  readonly what: string;
  readonly unit: 'times' | 'seconds';
  readonly before: number;
  readonly after: number;
  /** The runs ask for more than is plausible. */
  readonly isAtBound: boolean;
}

export interface BenchCalibration {
  readonly kind: 'bench';
  readonly runs: readonly {
    readonly file: string;
    readonly numRequests: number;
    readonly assumed: readonly string[];
    readonly figures: readonly FigureFit[];
  }[];
  readonly variables: readonly VariableFit[];
  /** Over all figures, weighted by what they say. */
  readonly error: { readonly before: number; readonly after: number };
  /** null if nothing could be made better. */
  readonly calibration: Calibration | null;
}

/**
 * Fits a few variables of the step-time model to measured serving runs, all of them together.
 * @throws InputError where a run cannot be simulated.
 */
export function calibrateBench(
  scenario: Scenario,
  results: readonly BenchResult[],
  readTrace?: (path: string) => string,
  progress?: (share: number) => void,
): BenchCalibration {
  const cases = results.map((result) => benchCase(scenario, result));
  const machine = machineOf(scenario);
  const known = scenario.hardware.calibration;
  const variables = benchVariables(machine);
  const simulate = (calibration: Calibration | null) =>
    cases.map((of) =>
      simulatedFigures({ ...of, scenario: withCalibration(scenario, calibration) }, readTrace),
    );
  const at = (x: readonly number[]): Calibration =>
    onTopOf(known, {
      gpu: scenario.hardware.gpu,
      source: sourceOf(scenario, results),
      ...calibrationAt(machine, valuesAt(machine, variables, x)),
      error: [0, 0],
    });
  const before = simulate(known);
  const best = searched(
    (x) => {
      const drawnBack = x.reduce((sum, share) => sum + share * share, 0) / x.length;
      return benchError(cases, simulate(at(x))) / USUAL_ERROR + DRAW * drawnBack;
    },
    variables.map(() => 0),
    variables.map(({ bounds }) => bounds),
    progress,
  );
  const fitted = at(best);
  const after = simulate(fitted);
  const error = { before: benchError(cases, before), after: benchError(cases, after) };
  return {
    kind: 'bench',
    runs: cases.map((of, i) => runFit(of, before[i], after[i])),
    variables: variableFits(machine, best),
    error,
    calibration:
      error.after < error.before
        ? { ...fitted, error: [rounded(error.after), rounded(2 * error.after)] }
        : null,
  };
}

/** A simplex that has shrunk onto a kink begins anew where it is, larger again, and half as large the next time. */
function searched(
  f: (x: readonly number[]) => number,
  start: readonly number[],
  bounds: NonNullable<SearchOptions['bounds']>,
  progress?: (share: number) => void,
): number[] {
  let best = [...start];
  for (let round = 0; round < ROUNDS; round++) {
    best = minimize(f, best, {
      bounds,
      size: round === 0 ? 1 : 1 / (2 * round),
      steps: MOST_STEPS,
      tolerance: TOLERANCE,
      progress: (share) => progress?.((round + share) / ROUNDS),
    });
  }
  return best;
}

function machineOf(scenario: Scenario): Machine {
  const { gpu, link, parallel } = resolveHardware(scenario);
  return {
    gpu,
    link: link ?? LINKS[gpu.link],
    overhead: overheadOf(scenario),
    isParallel: parallel.tensor > 1 || (parallel.experts && parallel.data > 1),
  };
}

function withCalibration(scenario: Scenario, calibration: Calibration | null): Scenario {
  return { ...scenario, stepTime: { kind: 'roofline' }, hardware: { ...scenario.hardware, calibration } };
}

function sourceOf({ model, hardware }: Scenario, results: readonly BenchResult[]): string {
  const files = [...new Set(results.map(({ file }) => nameOf(file)))].join(', ');
  return `${model.name} on ${hardware.count} × ${hardware.gpu}, ${files}`
    .replace(/\p{C}/gu, '?')
    .slice(0, 200);
}

function runFit(
  { result, assumed }: BenchCase,
  before: ReadonlyMap<Figure, number>,
  after: ReadonlyMap<Figure, number>,
): BenchCalibration['runs'][number] {
  return {
    file: result.file,
    numRequests: result.completed,
    assumed,
    figures: [...result.figures].flatMap(([figure, measured]) => {
      const simulated = { before: before.get(figure), after: after.get(figure) };
      if (simulated.before === undefined || simulated.after === undefined) return [];
      return [{ figure, measured, before: simulated.before, after: simulated.after }];
    }),
  };
}

function variableFits(machine: Machine, best: readonly number[]): VariableFit[] {
  const variables = benchVariables(machine);
  const was = valuesAt(
    machine,
    variables,
    best.map(() => 0),
  );
  const is = valuesAt(machine, variables, best);
  return variables.map(({ name, what, bounds: [least, most] }, i) => {
    const isTime = name === 'perStep' || name === 'perSequence';
    return {
      name,
      what,
      unit: isTime ? 'seconds' : 'times',
      before: was[name],
      after: is[name],
      // A CPU that takes no time at all is plausible: it is hidden behind the GPU.
      isAtBound: best[i] >= most || (!isTime && best[i] <= least),
    };
  });
}
