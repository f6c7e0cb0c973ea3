import type { Architecture } from '../catalog/architecture.ts';
import type { Gpu } from '../catalog/gpus.ts';
import type { StartFailure } from '../scenario/expectations.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { BatchLimits } from './batch-limits.ts';
import type { Parallel } from './parallel.ts';
import type { WeightFormat } from './weight-format.ts';

/** Why vLLM refuses its arguments. */
export interface Refusal {
  readonly because: StartFailure;
  /** vLLM's own words. */
  readonly message: string;
  readonly advice: string;
}

export interface Arguments {
  readonly scenario: Scenario;
  readonly architecture: Architecture;
  readonly gpu: Pick<Gpu, 'id' | 'computeCapability'>;
  readonly parallel: Parallel;
  readonly weightFormat: WeightFormat;
  readonly kvElementBytes: number;
  readonly limits: BatchLimits;
  /** Tokens per block. */
  readonly blockSize: number;
}

/** One of vLLM's checks; null if it holds. */
export type Check = (args: Arguments) => Refusal | null;

/** Bad arguments: vLLM's words, and what would be right. */
export const refuse = (message: string, advice: string): Refusal => ({
  because: 'invalid-argument',
  message,
  advice,
});
