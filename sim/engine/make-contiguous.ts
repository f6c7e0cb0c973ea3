import { ContiguousRecorder } from '../recording/contiguous-recorder.ts';
import { ContiguousScheduler } from '../scheduler/contiguous.ts';
import type { EngineScheduler } from '../scheduler/engine-scheduler.ts';
import type { Outlets } from './make-scheduler.ts';
import type { SimulationInput } from './simulation-input.ts';

/** What served before paging. */
export function makeContiguous(
  { pool, scheduler: config, workload }: SimulationInput,
  contiguous: NonNullable<SimulationInput['contiguous']>,
  { listener, recorder }: Outlets,
): EngineScheduler {
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
