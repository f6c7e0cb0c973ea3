import type { Columns, TableTypes } from '../recording/column.ts';
import type { ExpertMemory } from './expert-memory.ts';
import type { Rearrangement } from './load-balancer.ts';
import type { LoadOverTime } from './load-history.ts';
import type { RoutingReuse } from './routing-reuse.ts';
import type { MoeShape } from './shape.ts';
import type { StepBuffers } from './step-buffers.ts';

/** One row a step, in the steps of the recording. */
export const MOE_STEP_COLUMNS = {
  /** Tokens of all replicas that met the experts. */
  tokens: 'u32',
  /** Most / mean of the ranks' token-expert pairs: mean of the layers, and the worst of them; 0 in an empty step. */
  imbalance: 'f64',
  worstImbalance: 'f64',
  /** Accesses to offloaded experts, once for ranks that do the same. */
  hits: 'u32',
  misses: 'u32',
  /** Over PCIe, all ranks, bytes. */
  loadedBytes: 'f64',
  /** What the step waited for them, nanoseconds. */
  stallNs: 'f64',
} as const satisfies TableTypes;

/** What the experts did in a run. */
export interface MoeReport {
  readonly shape: MoeShape;
  readonly numSteps: number;
  /** By pipeline stage, then rank. */
  readonly memory: readonly ExpertMemory[];
  /** Buffers of the largest batch, which start-up profiles; V1 keeps the workspace at that size. */
  readonly profiled: StepBuffers;
  readonly steps: Columns<typeof MOE_STEP_COLUMNS>;
  /** Rank → step → bytes of its buffers; ranks whose bytes are the same share one array. */
  readonly bufferBytes: readonly Float64Array[];
  /** Layer × expert → tokens, for a heat map. */
  readonly load: Float64Array;
  /** The same over time. */
  readonly history: LoadOverTime;
  readonly rearrangements: readonly Rearrangement[];
  readonly cache: CacheReport | null;
  readonly routingReuse: RoutingReuse | null;
  /** What is an experiment, or not modelled. */
  readonly notes: readonly string[];
}

/** Offloaded experts; `slots` 0 = vLLM's own offloading, which keeps none on the GPU. */
export interface CacheReport {
  readonly slots: number;
  readonly policy: string;
  readonly prefetch: number;
  /** Ranks that differ: 1 if all hold slices of the same experts. */
  readonly ranks: number;
  /** Layer × rank → accesses. */
  readonly hits: Float64Array;
  readonly misses: Float64Array;
}
