import { findGpu, GPUS, type Gpu } from '../../sim/catalog/gpus.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';
import { gpuOfOption } from '../gpu-option.ts';
import { type Axis, climb, isBetter, type Scored } from './climb.ts';
import type { Evaluator, Settings, Trial } from './evaluator.ts';
import { highestLoad, type LoadLimit } from './load.ts';

export const GOALS = ['highest-load', 'highest-throughput', 'smallest-gpu', 'lowest-cost'] as const;
export type Goal = (typeof GOALS)[number];

/** A configuration, with what was found of it. */
export interface Candidate extends Scored {
  readonly trial: Trial;
  /** Where the load was searched. */
  readonly limit: LoadLimit | null;
  /** What the goal asks for, in the unit of the goal. */
  readonly value: number;
}

export interface Search {
  readonly scenario: Scenario;
  readonly evaluator: Evaluator;
  readonly axes: readonly Axis[];
  /** The field that is the load, and where the search begins and ends. */
  readonly load: { readonly key: string; readonly start: number; readonly most: number };
  /** GPU id → price of an hour. */
  readonly prices: Readonly<Record<string, number>>;
  /** Only these, by id; null = all of the catalogue. */
  readonly gpus: readonly string[] | null;
}

/** What came of a search. */
export interface Found {
  readonly best: Candidate;
  /** The scenario as it stands. */
  readonly own: Candidate;
  readonly tried: readonly Candidate[];
}

/** Looks for what reaches the goal best. */
export function search(goal: Goal, around: Search): Promise<Found> {
  switch (goal) {
    case 'highest-load':
      return searchFlags(around, loadCandidate);
    case 'highest-throughput':
      return searchFlags(around, throughputCandidate);
    case 'smallest-gpu':
      return searchHardware(around, ({ gpu, count }) => gpu.memoryGib * count);
    case 'lowest-cost':
      return searchHardware(around, ({ gpu, count }) => around.prices[gpu.id] * count);
  }
}

type Score = (around: Search, settings: Settings) => Promise<Candidate>;

async function searchFlags(around: Search, score: Score): Promise<Found> {
  const { best, tried } = await climb({}, around.axes, (settings) => score(around, settings));
  return { best, own: tried[0], tried };
}

async function loadCandidate({ evaluator, load }: Search, settings: Settings): Promise<Candidate> {
  const limit = await highestLoad(evaluator, settings, load);
  const trial = limit.holding ?? (limit.failing as Trial);
  return { settings, trial, limit, value: limit.load, rank: rankOf(trial, limit.load) };
}

async function throughputCandidate({ evaluator }: Search, settings: Settings): Promise<Candidate> {
  const trial = await evaluator.at(settings);
  const value = outputRate(trial);
  return { settings, trial, limit: null, value, rank: rankOf(trial, value) };
}

/** What holds before what does not, what starts before what does not, then what fails on less. */
function rankOf({ holds, failures, result }: Trial, value: number): number[] {
  const starts = result !== null && result.because === null;
  return [holds ? 1 : 0, starts ? 1 : 0, -failures.length, value];
}

function outputRate({ result }: Trial): number {
  return result?.seeds[0]?.summary?.throughput?.outputTokensPerSecond ?? 0;
}

interface Hardware {
  readonly gpu: Gpu;
  readonly count: number;
}

const COUNTS = [1, 2, 4, 8];

/** The first of the hardware, in the order of what it takes, on which some choice of flags holds. */
async function searchHardware(around: Search, take: (hardware: Hardware) => number): Promise<Found> {
  const { scenario, evaluator } = around;
  const ownGpu = findGpu(scenario.hardware.gpu);
  const isOwn = ({ gpu }: Hardware) => Number(gpu === ownGpu);
  const choices = hardwareOf(around)
    .map((hardware) => ({ hardware, value: take(hardware) }))
    .filter(({ value }) => !Number.isNaN(value))
    .sort((a, b) => a.value - b.value || isOwn(b.hardware) - isOwn(a.hardware));
  const candidateOf = async (settings: Settings, value: number): Promise<Candidate> => {
    const trial = await evaluator.at(settings);
    return { settings, trial, limit: null, value, rank: rankOf(trial, outputRate(trial)) };
  };
  const own = await candidateOf(
    {},
    ownGpu ? take({ gpu: ownGpu, count: scenario.hardware.count }) : Number.NaN,
  );
  // As it stands on each: what does not even start is left out at once, most of the search.
  const asItIs = await Promise.all(
    choices.map(({ hardware, value }) => candidateOf(settingsOf(hardware), value)),
  );
  const tried: Candidate[] = [];
  for (const [i, candidate] of asItIs.entries()) {
    const { value } = choices[i];
    const climbed = candidate.trial.holds
      ? { best: candidate, tried: [candidate] }
      : await climb(
          candidate.settings,
          around.axes,
          (settings) => candidateOf(settings, value),
          ({ trial }) => trial.holds,
        );
    tried.push(climbed.best);
    if (climbed.best.trial.holds) return { best: climbed.best, own, tried };
  }
  const best = tried.reduce((a, b) => (isBetter(b, a) ? b : a), own);
  return { best, own, tried };
}

function hardwareOf({ gpus, scenario }: Search): Hardware[] {
  const chosen = gpus === null ? GPUS : gpus.map((id) => gpuOfOption('--gpu', id));
  // A model that is split at all is split over GPUs of one machine.
  const most = Math.max(scenario.hardware.count, 8);
  return chosen.flatMap((gpu) => COUNTS.filter((count) => count <= most).map((count) => ({ gpu, count })));
}

function settingsOf({ gpu, count }: Hardware): Settings {
  return { 'hardware.gpu': gpu.id, 'hardware.count': count, 'engine.tensor-parallel-size': count };
}
