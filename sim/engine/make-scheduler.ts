import { type KvEventBatch, KvEventLog } from '../recording/kv-event-log.ts';
import type { Recorder } from '../recording/recorder.ts';
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
}

/** The scheduler that an input asks for, connected. */
export function makeScheduler(
  input: SimulationInput,
  outlets: Outlets,
): { scheduler: EngineScheduler; kvEventLog: KvEventLog | null } {
  if (input.v0 === undefined) return makeV1(input, outlets);
  const { listener, recorder } = outlets;
  const { pool, scheduler: config, workload, v0, acceptance } = input;
  const [group] = pool.groups;
  const scheduler = new RecordedV0(
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
    { acceptance },
    { listener, log: recorder, spans: recorder },
  );
  return { scheduler, kvEventLog: null };
}

function makeV1(
  { workload, pool, scheduler: config, acceptance, plain }: SimulationInput,
  { listener, recorder, kvEvents }: Outlets,
): { scheduler: EngineScheduler; kvEventLog: KvEventLog | null } {
  const scheduler = new V1Scheduler(workload, pool, config, { acceptance, fast: plain !== true, listener });
  const kvEventLog =
    kvEvents === null ? null : new KvEventLog(scheduler.kv.pool.prefixIndex, pool.groups, recorder, kvEvents);
  const log = kvEventLog ?? recorder;
  if (log !== null) scheduler.record(log, recorder);
  return { scheduler, kvEventLog };
}
