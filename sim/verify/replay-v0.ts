import { EngineCrash } from '../error.ts';
import { Queue } from '../recording/v0-listener.ts';
import { SequenceStatus } from '../scheduler/v0/groups.ts';
import { V0Scheduler } from '../scheduler/v0/v0.ts';
import { NS_PER_S } from '../units.ts';
import { WorkloadBuilder } from '../workload/builder.ts';
import type { Workload } from '../workload/workload.ts';
import type { V0Case, V0Step } from './conformance-case.ts';
import { V0StepLog } from './v0-step-log.ts';

export interface V0Replay {
  readonly steps: readonly V0Step[];
  /** As in V0Case. */
  readonly end: string;
}

/** Runs a V0 case as its recorder did. One step more than recorded is run where the case claims an end. */
export function replayV0Case(kase: V0Case, fast = true): V0Replay {
  return new Replay(kase, fast).run();
}

class Replay {
  private readonly kase: V0Case;
  private readonly workload: Workload;
  private readonly rowOf: ReadonlyMap<string, number>;
  private readonly scheduler: V0Scheduler;
  private readonly log = new V0StepLog();
  /** sequence → its table when it was last scheduled. */
  private readonly tables: number[][];

  constructor(kase: V0Case, fast: boolean) {
    this.kase = kase;
    this.workload = workloadOf(kase);
    this.rowOf = new Map(this.workload.ids.map((id, row) => [id, row]));
    this.tables = Array.from(this.workload.outputSegment, () => []);
    const requests: V0Case['requests'][number][] = [];
    for (const request of kase.requests) requests[this.rowOf.get(request.id)!] = request;
    const { config } = kase;
    this.scheduler = new V0Scheduler(
      this.workload,
      {
        blockSize: config.block_size,
        numGpuBlocks: config.num_gpu_blocks,
        numCpuBlocks: config.num_cpu_blocks,
        watermark: config.watermark,
        enablePrefixCaching: config.enable_prefix_caching,
        slidingWindow: config.sliding_window,
      },
      {
        maxNumSeqs: config.max_num_seqs,
        maxNumBatchedTokens: config.max_num_batched_tokens,
        maxModelLen: config.max_model_len,
        enableChunkedPrefill: config.enable_chunked_prefill,
        policy: config.policy,
        preemptionMode: config.preemption_mode,
        delayFactor: config.delay_factor,
        numLookaheadSlots: config.num_lookahead_slots,
        asyncOutputProc: config.async_output_proc,
      },
      {
        acceptance: (row, i) => {
          const { accept = [] } = requests[row];
          return accept.length === 0 ? 0 : accept[i % accept.length];
        },
        outputLimit: (row, i) => requests[row].lens?.[i] ?? requests[row].max_tokens,
        fast,
      },
    );
    this.scheduler.record(this.log);
  }

  run(): V0Replay {
    const { kase, scheduler } = this;
    const { dt, prefill_dt } = kase.config.clock;
    const steps: V0Step[] = [];
    const most = kase.end === 'max_steps' ? kase.steps.length : kase.steps.length + 1;
    const lastEvent = kase.requests.reduce(
      (last, { add_before_step, abort_before_step = 0 }) =>
        Math.max(last, add_before_step, abort_before_step),
      0,
    );
    let t = 0;
    for (let step = 0; step < most; step++) {
      const aborted: string[] = [];
      try {
        this.log.clear();
        this.deliver(step, aborted);
        if (!scheduler.hasUnfinished && step > lastEvent) return { steps, end: 'drained' };
        scheduler.schedule(t);
        const scheduled = this.describe(step, t, aborted);
        scheduler.updateFromOutput();
        steps.push({ ...scheduled, ...this.describeAfter() });
      } catch (error) {
        if (!(error instanceof EngineCrash)) throw error;
        steps.push({ step, t, aborted, error: error.message });
        return { steps, end: error.message };
      }
      t += scheduler.batch.numPrefillGroups > 0 ? prefill_dt : dt;
    }
    return { steps, end: 'max_steps' };
  }

  private deliver(step: number, aborted: string[]): void {
    const { kase, scheduler, rowOf } = this;
    for (const request of kase.requests) {
      if (request.add_before_step === step) scheduler.add(rowOf.get(request.id)!, request.arrival_time);
    }
    for (const { id, abort_before_step } of kase.requests) {
      if (abort_before_step === step && scheduler.abort(rowOf.get(id)!)) aborted.push(id);
    }
  }

  /** The step after schedule(). */
  private describe(step: number, t: number, aborted: string[]): V0Step {
    const { scheduler, log, kase } = this;
    const { batch, groups, blocks } = scheduler;
    const { ids } = this.workload;
    const caching = kase.config.enable_prefix_caching;
    for (const request of log.preempted) this.forgetTables(request);
    const scheduled: [string, number][] = [];
    const computed: Record<string, number> = {};
    const newBlocks: Record<string, number[][]> = {};
    const changed: Record<string, number[][]> = {};
    const cached: Record<string, number> = {};
    const computedBlocks: Record<string, number[]> = {};
    for (const { request, chunk, isPrefill, numComputed } of scheduler.scheduled()) {
      const id = ids[request];
      scheduled.push([id, chunk]);
      computed[id] = numComputed;
      const difference = this.compareTables(request);
      if (difference.appended.some((list) => list.length > 0)) newBlocks[id] = difference.appended;
      if (difference.changed.length > 0) changed[id] = difference.changed;
      if (!caching) continue;
      if (log.cached.has(request)) cached[id] = log.cached.get(request)!;
      if (isPrefill) {
        const first = groups.firstWith(request, SequenceStatus.Running);
        const { lists } = blocks.computedBlocks!;
        computedBlocks[id] = [...lists.table[first].subarray(0, lists.length[first])];
      }
    }
    const names = (rows: Iterable<number>) => Array.from(rows, (row) => ids[row]);
    return {
      step,
      t,
      aborted,
      scheduled,
      num_prefill_groups: batch.numPrefillGroups,
      num_batched_tokens: batch.numTokens,
      computed,
      new_blocks: newBlocks,
      changed,
      cached,
      computed_blocks: computedBlocks,
      preempted: names(log.preempted),
      preempt_modes: log.recomputed.map((recompute) => (recompute ? 'recompute' : 'swap')),
      forced: log.numForced,
      ignored: names([...log.ignoredWaiting, ...log.ignoredSwapped]),
      swap_in: [...log.swapIn],
      swap_out: [...log.swapOut],
      copy: [...log.copies],
      running: names(scheduler.queues.in(Queue.Running)),
      waiting: names(scheduler.queues.in(Queue.Waiting)),
      swapped: names(scheduler.queues.in(Queue.Swapped)),
      free_blocks: blocks.gpu.numFree,
      ...(kase.config.num_cpu_blocks > 0 && { free_cpu_blocks: blocks.cpu.numFree }),
    };
  }

  /** What is known only once the outputs have been applied. */
  private describeAfter(): Partial<V0Step> {
    const { scheduler, kase } = this;
    const { blocks } = scheduler;
    for (const [parent, child] of this.log.forks) this.tables[child] = this.tables[parent].slice();
    return {
      finished: scheduler.finished.map((row) => this.workload.ids[row]),
      free_blocks_after: blocks.gpu.numFree,
      ...(kase.config.num_cpu_blocks > 0 && { free_cpu_blocks_after: blocks.cpu.numFree }),
    };
  }

  private forgetTables(request: number): void {
    const { groups } = this.scheduler;
    for (let s = groups.start[request]; s < groups.end(request); s++) this.tables[s] = [];
  }

  private compareTables(request: number): { appended: number[][]; changed: number[][] } {
    const { groups, blocks } = this.scheduler;
    const appended: number[][] = [];
    const changed: number[][] = [];
    const start = groups.start[request];
    for (let s = start; s < groups.end(request); s++) {
      if (groups.status[s] !== SequenceStatus.Running) {
        appended.push([]);
        continue;
      }
      const before = this.tables[s];
      const now = [...blocks.tables.table[s].subarray(0, blocks.tables.length[s])];
      before.forEach((block, i) => {
        if (now[i] !== block) changed.push([s - start, i, now[i]]);
      });
      appended.push(now.slice(before.length));
      this.tables[s] = now;
    }
    return { appended, changed };
  }
}

function workloadOf(kase: V0Case): Workload {
  const builder = new WorkloadBuilder();
  for (const { id, n = 1, arrival_time, prompt, max_tokens, priority } of kase.requests) {
    builder.add({
      id,
      arrivalNs: Math.round(arrival_time * NS_PER_S),
      prompt: prompt.map(([segment, offset, length]) => [builder.segment(segment), offset, length]),
      maxTokens: max_tokens,
      priority,
      numSequences: n,
      outputSegment: builder.segment(`o:${id}`),
      forkSegments: Array.from({ length: n - 1 }, (_, i) => builder.segment(`o:${id}#${i + 1}`)),
    });
  }
  return builder.finish();
}
