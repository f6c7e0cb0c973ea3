import type { KvCacheGroup, PoolConfig, SchedulerConfig } from '../../../sim/scheduler/config.ts';
import { V1Scheduler } from '../../../sim/scheduler/v1.ts';
import { WorkloadBuilder } from '../../../sim/workload/builder.ts';

export interface Request {
  readonly id: string;
  /** Tokens of its own, or runs of named segments. */
  readonly prompt: number | readonly (readonly [segment: string, offset: number, length: number])[];
  readonly outputs?: number;
  readonly priority?: number;
  readonly arrival?: number;
  readonly images?: readonly (readonly [segment: string, offset: number, length: number])[];
}

export interface Setup extends Partial<Omit<SchedulerConfig, 'policy'>> {
  readonly requests: readonly Request[];
  /** Blocks, the null block included. */
  readonly blocks?: number;
  readonly blockSize?: number;
  readonly groups?: readonly KvCacheGroup[];
  readonly caching?: boolean;
  readonly policy?: SchedulerConfig['policy'];
  readonly accept?: number;
}

/** V1's scheduler on a small pool of 4-token blocks, one step at a time, in terms of request ids. */
export class Drive {
  readonly scheduler: V1Scheduler;
  private readonly ids: readonly string[];
  private readonly row: ReadonlyMap<string, number>;

  constructor(setup: Setup) {
    const { requests, blocks = 100, blockSize = 4, caching = true, accept = 0, groups, ...config } = setup;
    const builder = new WorkloadBuilder();
    requests.forEach(({ id, prompt, outputs = 10, priority = 0, images = [] }, i) => {
      builder.add({
        id,
        arrivalNs: i,
        prompt:
          typeof prompt === 'number'
            ? [[builder.newSegment(), 0, prompt]]
            : prompt.map(([segment, offset, length]) => [builder.segment(segment), offset, length]),
        maxTokens: outputs,
        priority,
        outputSegment: builder.segment(`o:${id}`),
        images: images.map(([segment, offset, length]) => ({
          segment: builder.segment(segment),
          offset,
          length,
        })),
      });
    });
    const workload = builder.finish();
    const pool: PoolConfig = {
      numGpuBlocks: blocks,
      enablePrefixCaching: caching,
      hashBlockSize: groups ? Math.min(...groups.map((group) => group.blockSize)) : blockSize,
      groups: groups ?? [{ kind: 'full', blockSize, window: 0 }],
    };
    this.ids = workload.ids;
    this.row = new Map(workload.ids.map((id, row) => [id, row]));
    this.scheduler = new V1Scheduler(
      workload,
      pool,
      {
        maxNumSeqs: 8,
        maxNumBatchedTokens: 64,
        maxNumScheduledTokens: null,
        maxModelLen: 200,
        enableChunkedPrefill: true,
        longPrefillTokenThreshold: 0,
        schedulerReserveFullIsl: true,
        policy: 'fcfs',
        asyncScheduling: false,
        numSpeculativeTokens: 0,
        numLookaheadTokens: 0,
        useEagle: false,
        ...config,
      },
      { acceptance: () => accept },
    );
    this.contents = new Map(
      requests
        .flatMap(({ images = [] }) => images)
        .map(([segment], item) => [segment, workload.itemContent[item]]),
    );
    this.arrivals = new Map(requests.map(({ id, arrival = 0 }) => [id, arrival]));
  }
  private readonly arrivals: ReadonlyMap<string, number>;
  private readonly contents: ReadonlyMap<string, number>;

  /** The encoder cache's number of an image. */
  content(segment: string): number {
    return this.contents.get(segment)!;
  }

  add(...ids: string[]): this {
    for (const id of ids) this.scheduler.add(this.row.get(id)!, this.arrivals.get(id)!);
    return this;
  }

  /** schedule() alone: who computes how many tokens. */
  schedule(): [string, number][] {
    this.scheduler.makeBatch();
    const { size, request, numTokens } = this.scheduler.batch;
    return Array.from({ length: size }, (_, i) => [this.ids[request[i]], numTokens[i]]);
  }

  update(): void {
    this.scheduler.updateFromOutput();
  }

  step(): [string, number][] {
    const batch = this.schedule();
    this.update();
    return batch;
  }

  steps(count: number): void {
    for (let i = 0; i < count; i++) this.step();
  }

  table(id: string, group = 0): number[] {
    const { table, length } = this.scheduler.kv.tables[group];
    const row = this.row.get(id)!;
    return [...table[row].subarray(0, length[row])];
  }

  get free(): number[] {
    return [...this.scheduler.kv.pool.freeQueue];
  }

  get running(): string[] {
    return [...this.scheduler.running.subarray(0, this.scheduler.numRunning)].map((row) => this.ids[row]);
  }

  computed(id: string): number {
    return this.scheduler.numComputed[this.row.get(id)!];
  }

  /** The prefix cache's content of a block: 0 = none. */
  chain(block: number): number {
    return this.scheduler.kv.pool.prefixIndex.chainOf[block];
  }
}
