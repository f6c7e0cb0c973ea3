import { makeColumns } from '../recording/column.ts';
import { emptyRow, Recorder } from '../recording/recorder.ts';
import type { Recording } from '../recording/recording.ts';
import { REQUEST_COLUMNS } from '../recording/tables.ts';
import type { PoolConfig, SchedulerConfig } from '../scheduler/config.ts';
import { V1Scheduler } from '../scheduler/v1.ts';
import { NS_PER_S } from '../units.ts';
import { WorkloadBuilder } from '../workload/builder.ts';
import type { Workload } from '../workload/workload.ts';
import type { ConformanceCase, ConformanceConfig } from './conformance-case.ts';

/** What a case is run with. */
export interface ReplayInput {
  readonly workload: Workload;
  readonly pool: PoolConfig;
  readonly scheduler: SchedulerConfig;
  /** Request id → row of the workload. */
  readonly rowOf: ReadonlyMap<string, number>;
}

/** A case in Poolscope's terms. */
export function replayInput(kase: ConformanceCase): ReplayInput {
  return {
    ...workloadOf(kase),
    pool: poolConfigOf(kase.config),
    scheduler: schedulerConfigOf(kase.config),
  };
}

/** Runs a case as its recorder did: additions and aborts by step, outputs supplied, no clock. */
export function replayCase(kase: ConformanceCase, fast = true): Recording {
  const { workload, pool, scheduler: scheduling, rowOf } = replayInput(kase);
  const acceptOf: (readonly number[] | undefined)[] = new Array(workload.numRequests);
  for (const request of kase.requests) acceptOf[rowOf.get(request.id)!] = request.accept;
  const scheduler = new V1Scheduler(workload, pool, scheduling, {
    fast,
    acceptance: (row, verification) => {
      const accept = acceptOf[row];
      return accept === undefined || accept.length === 0 ? 0 : accept[verification % accept.length];
    },
  });

  const recorder = new Recorder(workload.numRequests);
  scheduler.record(recorder, recorder);
  const lag = kase.config.async_scheduling ? 1 : 0;
  const numSteps = kase.steps?.length ?? Number.POSITIVE_INFINITY;
  const lastAddition = kase.requests.reduce((last, request) => Math.max(last, request.add_before_step), 0);
  const additions = bySteps(kase, (request) => request.add_before_step);
  const aborts = bySteps(kase, (request) => request.abort_before_step);

  for (let step = 0; step < numSteps; step++) {
    if (kase.steps === undefined && step > lastAddition && !scheduler.hasUnfinished) break;
    for (const id of additions.get(step) ?? []) {
      const row = rowOf.get(id)!;
      scheduler.add(row, workload.arrivalNs[row]);
    }
    for (const id of aborts.get(step) ?? []) scheduler.abort(rowOf.get(id)!);
    scheduler.makeBatch();
    const { shape } = scheduler;
    const row = {
      ...emptyRow(),
      startNs: step,
      endNs: step + 1,
      scheduleEnd: recorder.numEvents,
      numScheduledTokens: shape.numTokens,
      numScheduledRequests: shape.numRequests,
    };
    scheduler.describe(row);
    if (scheduler.numInFlight > lag) scheduler.updateFromOutput();
    recorder.step(row);
  }
  return recorder.finish(
    {
      name: kase.case,
      seed: 0,
      vllm: '2026-05',
      pool,
      scheduler: scheduling,
      end: scheduler.hasUnfinished ? 'step-limit' : 'drained',
      about: {},
      prefixCacheQueries: scheduler.prefixCacheQueries,
      prefixCacheHits: scheduler.prefixCacheHits,
    },
    workload.ids,
    requestColumnsOf(workload),
  );
}

function workloadOf(kase: ConformanceCase): { workload: Workload; rowOf: Map<string, number> } {
  const builder = new WorkloadBuilder();
  for (const request of kase.requests) {
    builder.add({
      id: request.id,
      arrivalNs: Math.round(request.arrival_time * NS_PER_S),
      prompt: request.prompt.map(([segment, offset, length]) => [builder.segment(segment), offset, length]),
      maxTokens: request.max_tokens,
      priority: request.priority,
      outputSegment: builder.segment(`o:${request.id}`),
    });
  }
  const workload = builder.finish();
  return { workload, rowOf: new Map(workload.ids.map((id, row) => [id, row])) };
}

function bySteps(
  kase: ConformanceCase,
  stepOf: (request: ConformanceCase['requests'][number]) => number | undefined,
): Map<number, string[]> {
  const ids = new Map<number, string[]>();
  for (const request of kase.requests) {
    const step = stepOf(request);
    if (step === undefined) continue;
    const same = ids.get(step);
    if (same) same.push(request.id);
    else ids.set(step, [request.id]);
  }
  return ids;
}

function requestColumnsOf(workload: Workload) {
  const requests = makeColumns(REQUEST_COLUMNS, workload.numRequests);
  requests.arrivalNs.set(workload.arrivalNs);
  requests.numPromptTokens.set(workload.numPromptTokens);
  requests.maxTokens.set(workload.maxTokens);
  requests.priority.set(workload.priority);
  return requests;
}

function poolConfigOf(config: ConformanceConfig): PoolConfig {
  return {
    numGpuBlocks: config.num_gpu_blocks,
    enablePrefixCaching: config.enable_prefix_caching,
    hashBlockSize: config.hash_block_size,
    groups: config.kv_cache_groups.map(({ kind, block_size, window }) => ({
      kind,
      blockSize: block_size,
      window: window ?? 0,
    })),
  };
}

function schedulerConfigOf(config: ConformanceConfig): SchedulerConfig {
  return {
    maxNumSeqs: config.max_num_seqs,
    maxNumBatchedTokens: config.max_num_batched_tokens,
    maxNumScheduledTokens: config.max_num_scheduled_tokens,
    maxModelLen: config.max_model_len,
    enableChunkedPrefill: config.enable_chunked_prefill,
    longPrefillTokenThreshold: config.long_prefill_token_threshold,
    schedulerReserveFullIsl: config.scheduler_reserve_full_isl,
    policy: config.policy,
    asyncScheduling: config.async_scheduling,
    numSpeculativeTokens: config.num_speculative_tokens,
    numLookaheadTokens: config.num_lookahead_tokens,
    useEagle: config.use_eagle,
  };
}
