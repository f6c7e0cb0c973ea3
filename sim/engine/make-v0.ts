import type { V0Settings } from '../recording/recording.ts';
import type { EngineScheduler } from '../scheduler/engine-scheduler.ts';
import { RecordedV0 } from '../scheduler/v0/recorded.ts';
import type { Outlets } from './make-scheduler.ts';
import type { SimulationInput } from './simulation-input.ts';

/** The scheduler of vLLM 0.6.3. */
export function makeV0(
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
