import { invariant } from '../error.ts';
import { type KvEventBatch, KvEventLog } from '../recording/kv-event-log.ts';
import type { Recorder } from '../recording/recorder.ts';
import type { V0Settings } from '../recording/recording.ts';
import type { EngineScheduler, RequestListener } from '../scheduler/engine-scheduler.ts';
import { V1Scheduler } from '../scheduler/v1.ts';
import type { SimulationInput } from './simulation-input.ts';

/** Where a scheduler tells what it does. */
export interface Outlets {
  readonly listener: RequestListener;
  /** null: events are not kept. */
  readonly recorder: Recorder | null;
  /** Takes vLLM's KV cache events, which only V1 publishes. */
  readonly kvEvents: ((batch: KvEventBatch) => void) | null;
  /** Without the fast path. */
  readonly plain: boolean;
}

/** Schedulers beside V1's: only some runs need them, and the page loads them when one does. */
export interface OtherSchedulers {
  makeV0(input: SimulationInput, v0: V0Settings, outlets: Outlets): EngineScheduler;
  makeContiguous(
    input: SimulationInput,
    contiguous: NonNullable<SimulationInput['contiguous']>,
    outlets: Outlets,
  ): EngineScheduler;
}

/** The scheduler that an input asks for, connected; it must be V1's or among the others. */
export function makeScheduler(
  input: SimulationInput,
  outlets: Outlets,
  { makeV0, makeContiguous }: Partial<OtherSchedulers>,
): { scheduler: EngineScheduler; kvEventLog: KvEventLog | null } {
  const { contiguous, v0 } = input;
  if (contiguous !== undefined) {
    invariant(makeContiguous !== undefined, 'the contiguous scheduler is loaded');
    return { scheduler: makeContiguous(input, contiguous, outlets), kvEventLog: null };
  }
  if (v0 === undefined) return makeV1(input, outlets);
  invariant(makeV0 !== undefined, "V0's scheduler is loaded");
  return { scheduler: makeV0(input, v0, outlets), kvEventLog: null };
}

function makeV1(
  { workload, pool, scheduler: config, acceptance, switch: later }: SimulationInput,
  { listener, recorder, kvEvents, plain }: Outlets,
): { scheduler: EngineScheduler; kvEventLog: KvEventLog | null } {
  const scheduler = new V1Scheduler(workload, pool, config, {
    acceptance,
    fast: !plain,
    listener,
    mostSeqs: later?.to.maxNumSeqs,
  });
  const kvEventLog =
    kvEvents === null ? null : new KvEventLog(scheduler.kv.pool.prefixIndex, pool.groups, recorder, kvEvents);
  const log = kvEventLog ?? recorder;
  if (log !== null) scheduler.record(log, recorder);
  return { scheduler, kvEventLog };
}
