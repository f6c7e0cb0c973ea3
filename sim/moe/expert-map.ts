import { isAmount, isCount, isList, isObject, isText } from '../plain-values.ts';
import type { MoeReport } from './moe-report.ts';
import { Placement } from './placement.ts';

/** What a picture of a run's experts needs: plain numbers, small, that go into the recording's header. */
export interface ExpertMap {
  /** Layers that have experts, and experts in each. */
  readonly numLayers: number;
  readonly numExperts: number;
  /** Ranks that share a layer's experts, and pipeline stages of so many ranks. */
  readonly numRanks: number;
  readonly numStages: number;
  /** Layer × expert → its tokens in hundredths of the layer's mean; whole numbers. */
  readonly load: readonly number[];
  /** The same by stretches of the run; absent in recordings of older versions. */
  readonly history?: ExpertHistory;
  /** Expert → the rank that holds it when the run starts; empty if each rank holds a slice of every expert. */
  readonly rankOf: readonly number[];
  /** Times that the load balancer moved experts since. */
  readonly numRearrangements: number;
  /** Most / mean of the ranks' tokens, mean of the layers: mean and largest of the steps; null unless spread. */
  readonly imbalance: { readonly mean: number; readonly worst: number } | null;
  /** Rank → buffers of its largest step, bytes. */
  readonly bufferBytes: readonly number[];
  /** Offloaded experts; 0 slots = no cache; `hitRate` null = never used. */
  readonly cache: { readonly slots: number; readonly policy: string; readonly hitRate: number | null } | null;
  /** What is an experiment, or not modelled. */
  readonly notes: readonly string[];
}

/** Stretches of equally many steps; the last may be shorter. */
export interface ExpertHistory {
  readonly stepsPerStretch: number;
  /** Stretch → its cells as in `load`, each as two digits to the base of 36; what is more than they hold is the most. */
  readonly load: readonly string[];
  /** Stretch → most / mean of the ranks' tokens, mean of layers and steps; 0 where there are none. */
  readonly imbalance: readonly number[];
}

const LOAD_UNIT = 100;
const BASE = 36;
const DIGITS = 2;
const MOST_IN_DIGITS = BASE * BASE - 1;
/** Cells of all stretches together: 128 KiB. */
const MAX_HISTORY_CELLS = 1 << 16;
const MAX_STRETCHES = 32;

/** As many stretches as a recording has room for; an even number, two at least. */
export function mostStretches(numCells: number): number {
  return Math.max(2, Math.min(MAX_STRETCHES, 2 * Math.floor(MAX_HISTORY_CELLS / (2 * numCells))));
}

/** The extract of a run's report that its recording keeps. */
export function expertMap(report: MoeReport): ExpertMap {
  const { shape, steps, load, bufferBytes, cache, rearrangements, notes } = report;
  const { layers, numExperts, ranks, spread, stageLayers } = shape;
  const placement = spread ? new Placement(shape) : null;
  const busy = steps.imbalance.filter((ratio) => ratio > 0);
  const hits = sum(steps.hits);
  const accesses = hits + sum(steps.misses);
  return {
    numLayers: layers,
    numExperts,
    numRanks: ranks,
    numStages: stageLayers.length,
    load: relativeLoad(load, layers, numExperts),
    history: historyOf(report),
    rankOf:
      placement === null
        ? []
        : Array.from({ length: numExperts }, (_, expert) => placement.rankOf(0, expert)),
    numRearrangements: rearrangements.length,
    imbalance: !spread || busy.length === 0 ? null : { mean: sum(busy) / busy.length, worst: largest(busy) },
    bufferBytes: bufferBytes.map(largest),
    cache:
      cache === null
        ? null
        : { slots: cache.slots, policy: cache.policy, hitRate: accesses === 0 ? null : hits / accesses },
    notes,
  };
}

function historyOf({ history, steps, shape }: MoeReport): ExpertHistory {
  const { stepsPerStretch, stretches } = history;
  return {
    stepsPerStretch,
    load: stretches.map((load) =>
      relativeLoad(load, shape.layers, shape.numExperts)
        .map((cell) => Math.min(cell, MOST_IN_DIGITS).toString(BASE).padStart(DIGITS, '0'))
        .join(''),
    ),
    imbalance: stretches.map((_, i) => {
      const first = i * stepsPerStretch;
      const ratios = steps.imbalance.subarray(first, first + stepsPerStretch).filter((ratio) => ratio > 0);
      return shape.spread && ratios.length > 0 ? sum(ratios) / ratios.length : 0;
    }),
  };
}

/** The stretch of a step; null if the map has no history. */
export function stretchAt({ history }: ExpertMap, step: number): number | null {
  if (history === undefined) return null;
  return Math.min(history.load.length - 1, Math.floor(step / history.stepsPerStretch));
}

function relativeLoad(load: Float64Array, layers: number, numExperts: number): number[] {
  const cells: number[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const row = load.subarray(layer * numExperts, (layer + 1) * numExperts);
    const total = sum(row);
    for (const tokens of row) {
      cells.push(total === 0 ? 0 : Math.round((tokens * numExperts * LOAD_UNIT) / total));
    }
  }
  return cells;
}

/** How often the mean of its layer an expert is visited: in a stretch, or (null) in the whole run. */
export function timesTheMean(
  map: ExpertMap,
  layer: number,
  expert: number,
  stretch: number | null = null,
): number {
  const cell = layer * map.numExperts + expert;
  if (stretch === null || map.history === undefined) return map.load[cell] / LOAD_UNIT;
  return (
    Number.parseInt(map.history.load[stretch].slice(cell * DIGITS, (cell + 1) * DIGITS), BASE) / LOAD_UNIT
  );
}

const MAX_CELLS = 1 << 18;
/** A row of the picture each, which no canvas has room for without end. */
const MAX_LAYERS = 1 << 10;
const MAX_RANKS = 1 << 16;
const MAX_NOTES = 32;

/** Whether a value, such as one from a file of anybody's, can be drawn. */
export function isExpertMap(value: unknown): value is ExpertMap {
  if (!isObject(value)) return false;
  const { numLayers, numExperts, numRanks, numStages, numRearrangements, cache, imbalance } = value;
  const { load, history, rankOf, bufferBytes, notes } = value;
  return (
    isCount(numLayers, MAX_LAYERS) &&
    isCount(numExperts, MAX_CELLS) &&
    numLayers * numExperts <= MAX_CELLS &&
    numLayers * numExperts > 0 &&
    isCount(numRanks, MAX_RANKS) &&
    isCount(numStages, MAX_RANKS) &&
    isCount(numRearrangements) &&
    isList(load, numLayers * numExperts, (cell) => isCount(cell, numExperts * LOAD_UNIT)) &&
    (history === undefined || isHistory(history, numLayers * numExperts)) &&
    Array.isArray(rankOf) &&
    isList(rankOf, rankOf.length === 0 ? 0 : numExperts, (rank) => isCount(rank, numRanks - 1)) &&
    isList(bufferBytes, numRanks, isAmount) &&
    (imbalance === null || (isObject(imbalance) && isAmount(imbalance.mean) && isAmount(imbalance.worst))) &&
    (cache === null ||
      (isObject(cache) &&
        isCount(cache.slots) &&
        isText(cache.policy) &&
        (cache.hitRate === null || (isAmount(cache.hitRate) && cache.hitRate <= 1)))) &&
    Array.isArray(notes) &&
    notes.length <= MAX_NOTES &&
    notes.every(isText)
  );
}

function isHistory(value: unknown, numCells: number): value is ExpertHistory {
  if (!isObject(value)) return false;
  const { stepsPerStretch, load, imbalance } = value;
  if (!Array.isArray(load) || load.length === 0 || load.length > MAX_STRETCHES) return false;
  return (
    isCount(stepsPerStretch) &&
    stepsPerStretch > 0 &&
    load.every(
      (cells) => typeof cells === 'string' && cells.length === numCells * DIGITS && /^[0-9a-z]*$/.test(cells),
    ) &&
    isList(imbalance, load.length, (ratio) => isAmount(ratio))
  );
}

// Loops: a long run has more steps than a call can have arguments.
function sum(column: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < column.length; i++) total += column[i];
  return total;
}

function largest(column: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < column.length; i++) if (column[i] > most) most = column[i];
  return most;
}
