import type { ScenarioSource } from '../../../sim/share/fragment.ts';
import type { Facts } from '../outcome.ts';

/** What a counter-example shows. */
export interface MythOutcome {
  /** What the claim predicts has come out. */
  readonly holds: boolean;
  readonly facts: Facts;
  /** The run, for the playground; null where none of the scenarios is one. */
  readonly scenario: ScenarioSource | null;
}
