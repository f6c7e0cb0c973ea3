import type { Recording } from '../recording/recording.ts';
import { Cluster } from './cluster.ts';
import { makeContiguous } from './make-contiguous.ts';
import { makeV0 } from './make-v0.ts';
import type { SimulationHooks } from './simulation-hooks.ts';
import type { SimulationInput } from './simulation-input.ts';

/**
 * Runs a workload against a scheduler and a step-time model. Deterministic: the same input gives the same
 * recording, byte for byte.
 */
export function simulate(input: SimulationInput, hooks: SimulationHooks = {}): Recording {
  return new Cluster(input, [hooks], { schedulers: { makeV0, makeContiguous } }).run().recordings[0];
}
