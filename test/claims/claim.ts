import type { Evidence } from './evidence.ts';

/** Looks at a scenario's run. What a claim looks at is told with it. */
export type See = (scenario: string) => Evidence;

/** What follows from a claim, if it is true, and can be seen in runs. */
export interface Prediction {
  readonly says: string;
  readonly holds: (see: See) => boolean;
}

/** A claim of one of the five guides. */
export interface Claim {
  /** Number of the guide's seed, and of the claim in it. */
  readonly id: string;
  readonly says: string;
  /** What must follow from it; or why nothing here can tell. */
  readonly predicts: readonly Prediction[] | { readonly untested: string };
  /** What the runs show, with their numbers. */
  readonly found?: (see: See) => string;
}

export type Verdict = 'supported' | 'not supported' | 'depends' | 'not tested';

/** All predictions hold, none, or some of them. */
export function verdictOf({ predicts }: Claim, see: See): Verdict {
  if (!Array.isArray(predicts)) return 'not tested';
  const held = (predicts as readonly Prediction[]).filter(({ holds }) => holds(see)).length;
  if (held === 0) return 'not supported';
  return held === predicts.length ? 'supported' : 'depends';
}

export const int = (value: number) => Math.round(value).toLocaleString('en-US');
export const dec = (value: number, digits = 2) => value.toFixed(digits);
export const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
export const near = (value: number, wanted: number, share: number) =>
  Math.abs(value - wanted) <= share * Math.abs(wanted);
