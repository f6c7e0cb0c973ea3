import type { V0PoolConfig, V0SchedulerConfig } from '../../scheduler/v0/config.ts';

/** vLLM 0.6.3 as it starts without flags for a model of 2048 tokens, on a pool of so many blocks. */
export function defaultPool(numGpuBlocks: number, blockSize: number): V0PoolConfig {
  return {
    blockSize,
    numGpuBlocks,
    numCpuBlocks: 0,
    watermark: 0.01,
    enablePrefixCaching: false,
    slidingWindow: null,
  };
}

export const DEFAULT_SCHEDULER: V0SchedulerConfig = {
  maxNumSeqs: 256,
  maxNumBatchedTokens: 2048,
  maxModelLen: 2048,
  enableChunkedPrefill: false,
  policy: 'fcfs',
  preemptionMode: null,
  delayFactor: 0,
  numLookaheadSlots: 0,
  asyncOutputProc: false,
};
