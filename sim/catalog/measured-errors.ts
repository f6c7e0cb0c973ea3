import rows from './data/measured-errors.json' with { type: 'json' };

export const TIMED = ['throughput', 'TTFT', 'TPOT', 'E2E'] as const;
/** What a run is judged by; of latencies their mean. */
export type Timed = (typeof TIMED)[number];

/** own: fitted to this GPU, as far as there are; borrowed: another GPU's; generic: what measured GPUs have in common. */
export type ConstantsKind = 'own' | 'borrowed' | 'generic';

/** How far simulated figures were from measured ones: absolute shares over `count` runs or stages of load tests. */
export interface MeasuredError {
  readonly gpu: string;
  readonly constants: ConstantsKind;
  readonly figure: Timed;
  readonly of: 'serving runs' | 'load tests';
  readonly count: number;
  readonly median: number;
  readonly largest: number;
}

/** Written by `npm run -s fit -- --errors FOLDER`. */
export const MEASURED_ERRORS: readonly MeasuredError[] = rows as readonly MeasuredError[];
