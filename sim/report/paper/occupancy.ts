import { Queue } from '../../recording/v0-listener.ts';
import type { ContiguousConfig } from '../../scheduler/contiguous/config.ts';
import type { SlotWaste } from '../../scheduler/contiguous/slot-waste.ts';
import { ContiguousScheduler } from '../../scheduler/contiguous.ts';
import { V0Scheduler } from '../../scheduler/v0/v0.ts';
import type { Workload } from '../../workload/workload.ts';
import { DEFAULT_SCHEDULER, defaultPool } from './vllm-defaults.ts';

/** What a pool's slots were on average over the steps of a run, shares in [0, 1], and how many requests ran. */
export interface Occupancy {
  readonly tokens: number;
  readonly reserved: number;
  readonly internal: number;
  /** The rest, free slots included. */
  readonly external: number;
  readonly numRunning: number;
  /** Share of the free slots outside the largest free block; 0 for a paged pool, where it does not matter. */
  readonly externalFragmentation: number;
  readonly numSteps: number;
}

/** The requests of a burst start together; after so many steps they have got out of step. */
const WARM_UP_STEPS = 400;

/** Averages over the steps after the warm-up while somebody waits: the load is more than the pool can hold. */
class Average {
  private readonly numSlots: number;
  private numSteps = 0;
  private readonly sums = { tokens: 0, reserved: 0, internal: 0, numRunning: 0, fragmentation: 0 };

  constructor(numSlots: number) {
    this.numSlots = numSlots;
  }

  add(
    step: number,
    slots: Pick<SlotWaste, 'tokens' | 'internal'> & Partial<SlotWaste>,
    numRunning: number,
  ): void {
    if (step < WARM_UP_STEPS) return;
    const { sums } = this;
    this.numSteps++;
    sums.tokens += slots.tokens;
    sums.reserved += slots.reserved ?? 0;
    sums.internal += slots.internal;
    sums.fragmentation += slots.externalFragmentation ?? 0;
    sums.numRunning += numRunning;
  }

  finish(): Occupancy {
    const { numSteps, sums } = this;
    const share = (sum: number) => sum / numSteps / this.numSlots;
    const held = {
      tokens: share(sums.tokens),
      reserved: share(sums.reserved),
      internal: share(sums.internal),
    };
    return {
      ...held,
      external: 1 - held.tokens - held.reserved - held.internal,
      numRunning: sums.numRunning / numSteps,
      externalFragmentation: sums.fragmentation / numSteps,
      numSteps,
    };
  }
}

/** A contiguous baseline under more requests than it can hold. */
export function contiguousOccupancy(config: ContiguousConfig, workload: Workload): Occupancy {
  const scheduler = new ContiguousScheduler(workload, config);
  for (let request = 0; request < workload.numRequests; request++) scheduler.add(request, 0);
  const average = new Average(config.totalSlots);
  for (let step = 0; ; step++) {
    scheduler.schedule(step);
    if (scheduler.numWaiting === 0) return average.finish();
    average.add(step, scheduler.waste(), scheduler.numRunning);
    scheduler.updateFromOutput();
  }
}

/** vLLM 0.6.3 with its defaults, the same; preempted requests are recomputed. */
export function pagedOccupancy(numSlots: number, blockSize: number, workload: Workload): Occupancy {
  const numGpuBlocks = Math.floor(numSlots / blockSize);
  const scheduler = new V0Scheduler(workload, defaultPool(numGpuBlocks, blockSize), DEFAULT_SCHEDULER);
  const { queues, groups, blocks } = scheduler;
  for (let request = 0; request < workload.numRequests; request++) scheduler.add(request, 0);
  const average = new Average(numSlots);
  for (let step = 0; ; step++) {
    scheduler.schedule(step);
    if (queues.length[Queue.Waiting] === 0) return average.finish();
    let tokens = 0;
    for (const request of queues.in(Queue.Running)) {
      tokens += blocks.numFullSlots[groups.start[request]];
    }
    const used = (numGpuBlocks - blocks.gpu.numFree) * blockSize;
    average.add(step, { tokens, internal: used - tokens }, queues.length[Queue.Running]);
    scheduler.updateFromOutput();
  }
}
