import type { KvEventBatch } from '../recording/kv-event-log.ts';
import type { StepObserver } from './step-observer.ts';

/** Who looks on while a run is simulated. */
export interface SimulationHooks {
  /** Called now and then with the share of requests that have ended; true cancels the run. */
  progress?(share: number, numSteps: number, simulatedNs: number): boolean;
  /** Takes vLLM's KV cache events, a batch for each step in which there are any. */
  kvEvents?(batch: KvEventBatch): void;
  /** Sees every step. */
  readonly observer?: StepObserver | null;
}
