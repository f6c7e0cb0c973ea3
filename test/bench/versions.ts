import type { PoolConfig, SchedulerConfig } from '../../sim/scheduler/config.ts';
import { V0Scheduler } from '../../sim/scheduler/v0/v0.ts';
import { V1Scheduler } from '../../sim/scheduler/v1.ts';
import type { Workload } from '../../sim/workload/workload.ts';

/* Both schedulers on the same load, where all requests wait at the start. */

/** V1, or V0 with one of its policies. */
export type Version = 'V1' | 'V0' | 'V0, chunked prefill';
export const V0_VERSIONS = ['V0', 'V0, chunked prefill'] as const;

type Scheduler = V0Scheduler | V1Scheduler;

export function start(
  version: Version,
  load: Workload,
  pool: PoolConfig,
  config: SchedulerConfig,
  fast = true,
): Scheduler {
  const made =
    version === 'V1'
      ? new V1Scheduler(load, pool, config, { fast })
      : makeV0(load, pool, config, version !== 'V0', fast);
  for (let r = 0; r < load.numRequests; r++) made.add(r, load.arrivalNs[r]);
  return made;
}

/** Runs it to its end; returns the steps. */
export function drain(made: Scheduler): number {
  let steps = 0;
  for (; made.hasUnfinished; steps++) {
    made.schedule(steps);
    made.updateFromOutput();
  }
  return steps;
}

/** The same pool but for V1's null block; without chunks the budget holds the longest prompt. */
function makeV0(
  load: Workload,
  pool: PoolConfig,
  config: SchedulerConfig,
  enableChunkedPrefill: boolean,
  fast: boolean,
): V0Scheduler {
  const { maxNumSeqs, maxNumBatchedTokens, maxModelLen } = config;
  return new V0Scheduler(
    load,
    {
      blockSize: pool.groups[0].blockSize,
      numGpuBlocks: pool.numGpuBlocks,
      numCpuBlocks: 0,
      watermark: 0.01,
      enablePrefixCaching: pool.enablePrefixCaching,
      slidingWindow: null,
    },
    {
      maxNumSeqs,
      maxNumBatchedTokens: enableChunkedPrefill
        ? maxNumBatchedTokens
        : Math.max(maxNumBatchedTokens, maxModelLen),
      maxModelLen,
      enableChunkedPrefill,
      policy: 'fcfs',
      preemptionMode: null,
      delayFactor: 0,
      numLookaheadSlots: 0,
      asyncOutputProc: false,
    },
    { fast },
  );
}
