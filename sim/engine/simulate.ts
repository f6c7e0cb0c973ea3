import type { KvEventBatch } from '../recording/kv-event-log.ts';
import type { Recording } from '../recording/recording.ts';
import { Cluster } from './cluster.ts';
import { makeContiguous } from './make-contiguous.ts';
import { makeV0 } from './make-v0.ts';
import type { SimulationInput } from './simulation-input.ts';
import type { StepObserver } from './step-observer.ts';

export interface SimulationHooks {
  /** Called now and then with the share of requests that have ended; true cancels the run. */
  progress?(share: number, numSteps: number, simulatedNs: number): boolean;
  /** Takes vLLM's KV cache events, a batch for each step in which there are any. */
  kvEvents?(batch: KvEventBatch): void;
  /** Sees every step. */
  readonly observer?: StepObserver | null;
}

/**
 * Runs a workload against a scheduler and a step-time model. Deterministic: the same input gives the same
 * recording, byte for byte.
 */
export function simulate(input: SimulationInput, hooks: SimulationHooks = {}): Recording {
  return new Cluster(input, [hooks], { schedulers: { makeV0, makeContiguous } }).run().recordings[0];
}
