import { Queue } from '../../../sim/recording/v0-listener.ts';
import type { BeamSurvival } from '../../../sim/scheduler/v0/beam-search.ts';
import type { V0PoolConfig, V0SchedulerConfig } from '../../../sim/scheduler/v0/config.ts';
import { V0Scheduler } from '../../../sim/scheduler/v0/v0.ts';
import { WorkloadBuilder } from '../../../sim/workload/builder.ts';

export interface V0Request {
  readonly id: string;
  /** Tokens of its own, or runs of named segments. */
  readonly prompt: number | readonly (readonly [segment: string, offset: number, length: number])[];
  readonly outputs?: number;
  readonly n?: number;
  readonly beamSearch?: boolean;
  /** Where a stop token ends each sequence. */
  readonly lens?: readonly number[];
  readonly priority?: number;
  readonly arrival?: number;
}

export interface V0Setup extends Partial<V0SchedulerConfig>, Partial<V0PoolConfig> {
  readonly requests: readonly V0Request[];
  readonly accept?: number;
  readonly survival?: BeamSurvival;
}

/** V0's scheduler on a small pool of 4-token blocks without watermark, in terms of request ids. */
export class V0Drive {
  readonly scheduler: V0Scheduler;
  private readonly setup: V0Setup;
  private readonly ids: readonly string[];
  private now = 0;

  constructor(setup: V0Setup) {
    this.setup = setup;
    const { requests, accept = 0 } = setup;
    const builder = new WorkloadBuilder();
    requests.forEach(({ id, prompt, outputs = 10, n = 1, priority = 0 }, i) => {
      builder.add({
        id,
        arrivalNs: i,
        prompt:
          typeof prompt === 'number'
            ? [[builder.newSegment(), 0, prompt]]
            : prompt.map(([segment, offset, length]) => [builder.segment(segment), offset, length]),
        maxTokens: outputs,
        numSequences: n,
        priority,
        outputSegment: builder.segment(`o:${id}`),
      });
    });
    const workload = builder.finish();
    this.ids = workload.ids;
    const pool = {
      blockSize: 4,
      numGpuBlocks: 100,
      numCpuBlocks: 0,
      watermark: 0,
      enablePrefixCaching: false,
      slidingWindow: null,
      ...setup,
    };
    const config: V0SchedulerConfig = {
      maxNumSeqs: 8,
      maxNumBatchedTokens: 200,
      maxModelLen: 200,
      enableChunkedPrefill: false,
      policy: 'fcfs',
      preemptionMode: null,
      delayFactor: 0,
      numLookaheadSlots: 0,
      asyncOutputProc: false,
      ...setup,
    };
    this.scheduler = new V0Scheduler(workload, pool, config, {
      acceptance: () => accept,
      outputLimit: (row, i) => requests[row].lens?.[i] ?? requests[row].outputs ?? 10,
      usesBeamSearch: (row) => requests[row].beamSearch ?? false,
      beamSurvival: setup.survival,
    });
  }

  add(...ids: string[]): this {
    for (const id of ids) {
      const row = this.ids.indexOf(id);
      this.scheduler.add(row, this.setup.requests[row].arrival ?? row);
    }
    return this;
  }

  abort(id: string): void {
    this.scheduler.abort(this.ids.indexOf(id));
  }

  /** schedule() alone, a second later: who computes how many tokens. */
  schedule(): [string, number][] {
    this.scheduler.schedule(this.now++);
    const { size, request, chunk } = this.scheduler.batch;
    return Array.from({ length: size }, (_, i) => [this.ids[request[i]], chunk[i]]);
  }

  update(): string[] {
    this.scheduler.updateFromOutput();
    return this.scheduler.finished.map((row) => this.ids[row]);
  }

  step(): [string, number][] {
    const batch = this.schedule();
    this.update();
    return batch;
  }

  steps(count: number): void {
    for (let i = 0; i < count; i++) this.step();
  }

  table(id: string, sequence = 0): number[] {
    const { groups, blocks } = this.scheduler;
    const row = groups.start[this.ids.indexOf(id)] + sequence;
    return [...blocks.tables.table[row].subarray(0, blocks.tables.length[row])];
  }

  /** What the worker is told to skip. */
  computedBlocks(id: string): number[] {
    const { groups, blocks } = this.scheduler;
    const { lists } = blocks.computedBlocks!;
    const row = groups.start[this.ids.indexOf(id)];
    return [...lists.table[row].subarray(0, lists.length[row])];
  }

  get numFree(): number {
    return this.scheduler.blocks.gpu.numFree;
  }

  get running(): string[] {
    return this.queue(Queue.Running);
  }

  get waiting(): string[] {
    return this.queue(Queue.Waiting);
  }

  get swapped(): string[] {
    return this.queue(Queue.Swapped);
  }

  private queue(queue: Queue): string[] {
    return Array.from(this.scheduler.queues.in(queue), (row) => this.ids[row]);
  }
}
