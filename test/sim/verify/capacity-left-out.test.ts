import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Prediction, predictCapacity } from '../../../sim/verify/capacity-prediction.ts';
import { type CapacityRecord, parseCapacityRecords } from '../../../sim/verify/capacity-record.ts';
import { recordRules } from '../../../sim/verify/capacity-release.ts';

/*
 * How the predictions fare where the constants were not fitted: each record is predicted with constants estimated
 * anew, without it, or without all records of its model. A constant shifts the predicted KV cache by what it stands
 * for, so that no start needs to be planned again.
 */

const text = readFileSync(new URL('../../capacity/records.jsonl', import.meta.url), 'utf8');
const records = parseCapacityRecords(text, 'records.jsonl');

interface Known {
  readonly record: CapacityRecord;
  readonly prediction: Prediction;
}

const known: Known[] = records.flatMap((record) => {
  const prediction = predictCapacity(record);
  return 'unsupported' in prediction ? [] : [{ record, prediction }];
});

/** A constant, as GiB of a record's memory: what it is now, and what the record's own log says it should be. */
interface Constant {
  readonly name: string;
  /** GiB that the constant accounts for in this prediction; 0 = it plays no part. */
  readonly share: (one: Known) => number;
  /** What the log says of that share, GiB; null = the log cannot tell. */
  readonly logged: (one: Known) => number | null;
}

const part = ({ prediction }: Known, name: string) => prediction.parts.find((one) => one.name === name);
const ranks = ({ record }: Known) => record.tensor_parallel_size ?? 1;
/**
 * What a log leaves for the memory outside of torch, GiB; null where it does not print its weights, or where the
 * release counts whatever other processes hold.
 */
function leftOutside(one: Known): number | null {
  const weights = part(one, 'weights');
  if (weights === undefined || weights.logged === null || recordRules(one.record).countsContext) return null;
  const { kvGib, loggedKvGib } = one.prediction;
  return (
    (part(one, 'outside torch')?.predicted ?? 0) + kvGib - loggedKvGib - (weights.logged - weights.predicted)
  );
}

const CONSTANTS: readonly Constant[] = [
  {
    name: 'libraries',
    share: (one) => (ranks(one) === 1 ? (part(one, 'outside torch')?.predicted ?? 0) : 0),
    logged: (one) => part(one, 'outside torch')?.logged ?? null,
  },
  {
    name: 'exchange',
    share: (one) => (ranks(one) > 1 ? (part(one, 'outside torch')?.predicted ?? 0) : 0),
    logged: (one) => part(one, 'outside torch')?.logged ?? leftOutside(one),
  },
  {
    name: 'CUDA graphs',
    share: (one) => part(one, 'CUDA graphs')?.predicted ?? 0,
    logged: (one) => part(one, 'CUDA graphs')?.logged ?? null,
  },
];

/** The error of a record once every constant is estimated from the others alone. */
function errorWithout(one: Known, others: readonly Known[]): number {
  let kvGib = one.prediction.kvGib;
  for (const { share, logged } of CONSTANTS) {
    const own = share(one);
    if (own === 0) continue;
    const factors = others.flatMap((other) => {
      const said = share(other) === 0 ? null : logged(other);
      return said === null ? [] : [said / share(other)];
    });
    if (factors.length > 0) kvGib -= own * (median(factors) - 1);
  }
  return Math.abs(kvGib / one.prediction.loggedKvGib - 1);
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  return sorted[below] + (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]) * (place - below);
}

const modelOf = ({ record }: Known) => (record.model ?? record.id).split('/').pop();

describe('constants estimated without the record that they predict', () => {
  const stated = known.filter(({ prediction }) => prediction.stated);

  // The errors that docs/accuracy.md states: median and p90, per cent.
  test.each([
    ['the record', 1.3, 7.3, (one: Known) => (other: Known) => other !== one],
    ['all of its model', 1.3, 7.3, (one: Known) => (other: Known) => modelOf(other) !== modelOf(one)],
    ['all on its GPU', 1.3, 5.6, (one: Known) => (other: Known) => other.record.gpu !== one.record.gpu],
  ])('without %s: median %f %, p90 %f %', (_, middle, high, keeps) => {
    const errors = stated.map((one) => 100 * errorWithout(one, known.filter(keeps(one))));
    expect(median(errors)).toBeCloseTo(middle, 1);
    expect(quantile(errors, 0.9)).toBeCloseTo(high, 1);
  });
});
