import { checkBlocks, type FigureCheck, knowsLayers, recordLayout } from './capacity-blocks.ts';
import { recordKvBytes, recordModel } from './capacity-model.ts';
import { type Prediction, predictCapacity } from './capacity-prediction.ts';
import type { CapacityRecord } from './capacity-record.ts';

/** A record against Poolscope's formulas. */
export interface CapacityResult {
  readonly id: string;
  readonly model: string | null;
  /** From the logged KV bytes; null with the reason why there is nothing to compare. */
  readonly figures: readonly FigureCheck[] | null;
  readonly notCompared: string | null;
  /** From the configuration alone. */
  readonly prediction: Prediction | null;
  readonly unsupported: string | null;
}

/** Errors of predictions, as shares. */
export interface ErrorSummary {
  readonly count: number;
  readonly median: number | null;
  readonly p90: number | null;
}

export interface CapacitySummary {
  readonly records: number;
  readonly figures: {
    readonly inside: number;
    readonly unequalRanks: number;
    readonly otherSwap: number;
    readonly outside: number;
  };
  /** Records all of whose figures are inside the log's rounding, of those that have any. */
  readonly recordsInside: number;
  readonly recordsCompared: number;
  /** Logs that state all that decides; and those where vLLM's defaults stand in. */
  readonly stated: ErrorSummary;
  readonly all: ErrorSummary;
}

/** The largest errors that count as agreement, from the configuration alone. */
export const MEDIAN_LIMIT = 0.03;
export const P90_LIMIT = 0.1;

/** A logged start-up against the formulas: from the bytes that it logs, and from its configuration alone. */
export function compareCapacity(record: CapacityRecord): CapacityResult {
  const notCompared = reasonNotToCompare(record);
  const layout = notCompared === null ? recordLayout(record) : null;
  const figures = layout === null ? [] : checkBlocks(record, layout);
  const predicted = predictCapacity(record);
  const isPrediction = !('unsupported' in predicted);
  return {
    id: record.id,
    model: record.model,
    figures: figures.length > 0 ? figures : null,
    notCompared: notCompared ?? (figures.length > 0 ? null : 'too few figures'),
    prediction: isPrediction ? predicted : null,
    unsupported: isPrediction ? null : predicted.unsupported,
  };
}

function reasonNotToCompare(record: CapacityRecord): string | null {
  const model = recordModel(record);
  if (record.hybrid && (model === null || !knowsLayers(model))) {
    return 'attention of several kinds: the layers are not in the record';
  }
  if (model === null) return 'its architecture is not known';
  if (recordKvBytes(record) === null) return `a KV cache of ${record.kv_cache_dtype}`;
  if (record.consistent === false) return 'its own figures do not fit together';
  return null;
}

/** How many figures are inside the log's rounding, and how far off the predictions are. */
export function summarizeCapacity(results: readonly CapacityResult[]): CapacitySummary {
  const compared = results.filter((result) => result.figures !== null);
  const figures = compared.flatMap((result) => result.figures ?? []);
  const count = (verdict: FigureCheck['verdict']) => figures.filter((one) => one.verdict === verdict).length;
  const predictions = results.flatMap((result) => result.prediction ?? []);
  return {
    records: results.length,
    figures: {
      inside: count('inside'),
      unequalRanks: count('unequal ranks'),
      otherSwap: count('another swap space'),
      outside: count('outside'),
    },
    recordsInside: compared.filter(({ figures }) => figures?.every(({ verdict }) => verdict === 'inside'))
      .length,
    recordsCompared: compared.length,
    stated: errorsOf(predictions.filter((prediction) => prediction.stated)),
    all: errorsOf(predictions),
  };
}

/** Whether Poolscope agrees with the records: no figure outside, errors below the limits, and anything compared at all. */
export function agrees({ figures, stated, all, recordsCompared }: CapacitySummary): boolean {
  if (figures.outside > 0 || recordsCompared + all.count === 0) return false;
  return stated.median === null || (stated.median <= MEDIAN_LIMIT && (stated.p90 ?? 0) <= P90_LIMIT);
}

function errorsOf(predictions: readonly Prediction[]): ErrorSummary {
  const errors = predictions.map(({ error }) => Math.abs(error)).sort((a, b) => a - b);
  return { count: errors.length, median: quantile(errors, 0.5), p90: quantile(errors, 0.9) };
}

/** Linear between neighbours, as numpy does by default. */
function quantile(sorted: readonly number[], share: number): number | null {
  if (sorted.length === 0) return null;
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}
