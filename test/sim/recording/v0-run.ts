import assert from 'node:assert/strict';
import { EngineCrash } from '../../../sim/error.ts';
import { makeColumns } from '../../../sim/recording/column.ts';
import { emptyRow, Recorder } from '../../../sim/recording/recorder.ts';
import type { Recording } from '../../../sim/recording/recording.ts';
import { REQUEST_COLUMNS } from '../../../sim/recording/tables.ts';
import { Queue } from '../../../sim/recording/v0-listener.ts';
import { SequenceStatus } from '../../../sim/scheduler/v0/groups.ts';
import { RecordedV0 } from '../../../sim/scheduler/v0/recorded.ts';
import type { BatchShape } from '../../../sim/time/step-time.ts';
import type { V0Scenario } from '../scheduler/v0-random.ts';

const MOST_STEPS = 300;
const ignore = () => {};

/** What the scheduler itself says, in the words of the cursor. */
function liveState({ scheduler }: RecordedV0, { workload, pool }: V0Scenario) {
  const { queues, groups, blocks } = scheduler;
  const tableOf = (s: number) =>
    [...blocks.tables.table[s].subarray(0, blocks.tables.length[s])].map((block) =>
      blocks.onCpu[s] === 1 ? block + pool.numGpuBlocks : block,
    );
  const running = [...queues.in(Queue.Running)];
  return {
    running,
    waiting: [...queues.in(Queue.Waiting)],
    swapped: [...queues.in(Queue.Swapped)],
    numFree: blocks.gpu.numFree,
    refCount: [...blocks.gpu.refCount, ...blocks.cpu.refCount],
    tables: Array.from({ length: workload.numRequests }, (_, request) =>
      Array.from({ length: workload.numSequences[request] }, (__, i) => tableOf(groups.start[request] + i)),
    ),
    computed: running.map((request) => {
      const first = groups.firstWith(request, SequenceStatus.Running);
      return groups.numComputed[Math.max(first, groups.start[request])];
    }),
    scheduled: running.map((request) => {
      const at = scheduler.batch.request.subarray(0, scheduler.batch.size).indexOf(request);
      return at < 0 ? 0 : scheduler.batch.chunk[at];
    }),
  };
}

/** Runs a scenario; returns the recording, and of each step behind schedule() the live state and the batch's shape. */
export function runV0(scenario: V0Scenario, fast = false) {
  const { workload, pool, config } = scenario;
  const recorder = new Recorder(workload.numRequests);
  const listener = { admitted: ignore, preempted: ignore, firstToken: ignore, finished: ignore };
  const outlets = { listener, log: recorder, spans: recorder };
  const scheduler = new RecordedV0(workload, pool, config, scenario.makeHooks(fast), outlets);
  const states: ReturnType<typeof liveState>[] = [];
  const shapes: BatchShape[] = [];
  try {
    for (let step = 0; step < MOST_STEPS; step++) {
      scenario.addBeforeStep.forEach((at, request) => {
        if (at === step) scheduler.add(request, step);
      });
      scenario.abortBeforeStep.forEach((at, request) => {
        if (at === step) scheduler.abort(request);
      });
      scheduler.schedule(step);
      const row = { ...emptyRow(), startNs: step, endNs: step + 1, scheduleEnd: recorder.numEvents };
      row.numScheduledTokens = scheduler.shape.numTokens;
      scheduler.describe(row);
      shapes.push(structuredClone(scheduler.shape));
      if (!fast) {
        states.push(liveState(scheduler, scenario));
        assert.equal(row.internalWasteSlots + row.reservedSlots, wasteOf(scheduler, scenario));
      }
      scheduler.updateFromOutput();
      recorder.step(row);
    }
  } catch (error) {
    if (!(error instanceof EngineCrash)) throw error;
    // The step that died has no row; what it did stands behind the last one.
    states.length = Math.min(states.length, recorder.numSteps);
    shapes.length = recorder.numSteps;
  }
  const requests = makeColumns(REQUEST_COLUMNS, workload.numRequests);
  requests.numSequences.set(workload.numSequences);
  const recording = recorder.finish(headerOf(scenario), workload.ids, requests);
  return { recording, states, shapes };
}

/** Empty slots in the tables on the GPU, counted. */
function wasteOf({ scheduler }: RecordedV0, { pool }: V0Scenario): number {
  const { tables, onCpu, numFullSlots } = scheduler.blocks;
  return tables.length.reduce(
    (empty, length, s) =>
      length === 0 || onCpu[s] === 1 ? empty : empty + length * pool.blockSize - numFullSlots[s],
    0,
  );
}

function headerOf({ pool, config }: V0Scenario): Recording['header'] {
  return {
    name: 'random',
    seed: 0,
    vllm: '0.6.3',
    pool: {
      numGpuBlocks: pool.numGpuBlocks,
      enablePrefixCaching: pool.enablePrefixCaching,
      hashBlockSize: pool.blockSize,
      groups: [{ kind: 'full', blockSize: pool.blockSize, window: 0 }],
    },
    scheduler: {
      maxNumSeqs: config.maxNumSeqs,
      maxNumBatchedTokens: config.maxNumBatchedTokens,
      maxNumScheduledTokens: null,
      maxModelLen: config.maxModelLen,
      enableChunkedPrefill: config.enableChunkedPrefill,
      longPrefillTokenThreshold: 0,
      schedulerReserveFullIsl: false,
      policy: config.policy,
      asyncScheduling: false,
      numSpeculativeTokens: 0,
      numLookaheadTokens: config.numLookaheadSlots,
      useEagle: false,
    },
    v0: {
      numCpuBlocks: pool.numCpuBlocks,
      watermark: pool.watermark,
      preemptionMode: config.preemptionMode,
      delayFactor: config.delayFactor,
      asyncOutputProc: config.asyncOutputProc,
    },
    end: 'drained',
    about: {},
    prefixCacheQueries: 0,
    prefixCacheHits: 0,
  };
}
