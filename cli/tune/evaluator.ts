import { formatProblem } from '../../sim/error.ts';
import type { Override } from '../../sim/scenario/overrides.ts';
import type { Executor } from '../sweep/local-executor.ts';
import { failuresOf } from '../sweep/report.ts';
import type { PointOutcome, PointResult } from '../sweep/run-point.ts';

/** Dotted path of a field → the value that it is given. */
export type Settings = Readonly<Record<string, unknown>>;

/** How a configuration does at a load. */
export interface Trial {
  readonly holds: boolean;
  /** What it fails on, in words; empty if it holds. */
  readonly failures: readonly string[];
  /** null if it could not be simulated. */
  readonly result: PointResult | null;
}

/** Simulates configurations, each once. */
export class Evaluator {
  private readonly executor: Executor;
  private readonly always: readonly Override[];
  private readonly trials = new Map<string, Promise<Trial>>();
  private readonly told: (numTrials: number) => void;

  /** `always` is set before what a trial sets; `told` hears how many have ended. */
  constructor(executor: Executor, always: readonly Override[], told: (numTrials: number) => void) {
    this.executor = executor;
    this.always = always;
    this.told = told;
  }

  get numTrials(): number {
    return this.trials.size;
  }

  at(settings: Settings): Promise<Trial> {
    const key = keyOf(settings);
    const known = this.trials.get(key);
    if (known !== undefined) return known;
    const trial = this.run(settings, key);
    this.trials.set(key, trial);
    return trial;
  }

  private async run(settings: Settings, key: string): Promise<Trial> {
    const outcome = await this.executor.run(
      [...this.always, ...Object.entries(settings).map(overrideOf)],
      key,
    );
    this.told(this.numTrials);
    return trialOf(outcome);
  }
}

/** The same for the same settings, in whatever order. */
export function keyOf(settings: Settings): string {
  return JSON.stringify(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A setting of a trial as `--set` would make it. */
export function overrideOf([key, value]: readonly [string, unknown]): Override {
  const text = `${key}=${JSON.stringify(value)}`;
  return { text, path: key.split('.'), value, origin: `tune ${text}` };
}

function trialOf(outcome: PointOutcome): Trial {
  switch (outcome.kind) {
    case 'done': {
      const result: PointResult = JSON.parse(outcome.result);
      return { holds: result.passed && result.because === null, failures: failuresOf(result), result };
    }
    case 'invalid':
      return { holds: false, failures: outcome.problems.map(formatProblem), result: null };
    case 'limit':
      return { holds: false, failures: [outcome.message], result: null };
    case 'fault':
      throw new Error(outcome.message);
  }
}
