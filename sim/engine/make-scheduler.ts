import { invariant } from '../error.ts';
import { ContiguousRecorder } from '../recording/contiguous-recorder.ts';
import { type KvEventBatch, KvEventLog } from '../recording/kv-event-log.ts';
import type { Recorder } from '../recording/recorder.ts';
import type { V0Settings } from '../recording/recording.ts';
import { ContiguousScheduler } from '../scheduler/contiguous.ts';
import type { EngineScheduler, RequestListener } from '../scheduler/engine-scheduler.ts';
import { RecordedV0 } from '../scheduler/v0/recorded.ts';
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

/** The scheduler that an input asks for, connected. */
export function makeScheduler(
  input: SimulationInput,
  outlets: Outlets,
): { scheduler: EngineScheduler; kvEventLog: KvEventLog | null } {
  if (input.contiguous !== undefined) return { scheduler: makeContiguous(input, outlets), kvEventLog: null };
  if (input.v0 === undefined) return makeV1(input, outlets);
  return { scheduler: makeV0(input, input.v0, outlets), kvEventLog: null };
}

function makeV0(
  input: SimulationInput,
  v0: V0Settings,
  { listener, recorder, plain }: Outlets,
): EngineScheduler {
  const { pool, scheduler: config, workload, acceptance } = input;
  const [group] = pool.groups;
  return new RecordedV0(
    workload,
    {
      blockSize: group.blockSize,
      numGpuBlocks: pool.numGpuBlocks,
      numCpuBlocks: v0.numCpuBlocks,
      watermark: v0.watermark,
      enablePrefixCaching: pool.enablePrefixCaching,
      slidingWindow: group.kind === 'sliding_window' ? group.window : null,
    },
    {
      maxNumSeqs: config.maxNumSeqs,
      maxNumBatchedTokens: config.maxNumBatchedTokens,
      maxModelLen: config.maxModelLen,
      enableChunkedPrefill: config.enableChunkedPrefill,
      policy: config.policy,
      preemptionMode: v0.preemptionMode,
      delayFactor: v0.delayFactor,
      numLookaheadSlots: config.numLookaheadTokens,
      asyncOutputProc: v0.asyncOutputProc,
    },
    { acceptance, usesBeamSearch: () => input.beamSearch === true, fast: !plain },
    { listener, log: recorder, spans: recorder },
  );
}

function makeContiguous(
  { pool, scheduler: config, workload, contiguous }: SimulationInput,
  { listener, recorder }: Outlets,
): EngineScheduler {
  invariant(contiguous !== undefined, 'a contiguous baseline is asked for');
  const scheduler = new ContiguousScheduler(
    workload,
    {
      ...contiguous,
      // Slots are numbered from 1, like the blocks of V1.
      totalSlots: pool.numGpuBlocks - 1,
      maxModelLen: config.maxModelLen,
      maxNumSeqs: config.maxNumSeqs,
      maxNumBatchedTokens: config.maxNumBatchedTokens,
    },
    { listener },
  );
  if (recorder !== null)
    scheduler.record(new ContiguousRecorder(recorder, workload.numPromptTokens, scheduler.numReserved));
  return scheduler;
}

function makeV1(
  { workload, pool, scheduler: config, acceptance }: SimulationInput,
  { listener, recorder, kvEvents, plain }: Outlets,
): { scheduler: EngineScheduler; kvEventLog: KvEventLog | null } {
  const scheduler = new V1Scheduler(workload, pool, config, { acceptance, fast: !plain, listener });
  const kvEventLog =
    kvEvents === null ? null : new KvEventLog(scheduler.kv.pool.prefixIndex, pool.groups, recorder, kvEvents);
  const log = kvEventLog ?? recorder;
  if (log !== null) scheduler.record(log, recorder);
  return { scheduler, kvEventLog };
}
