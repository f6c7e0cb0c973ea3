import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EngineCrash } from '../../../sim/error.ts';
import { decodeRecording, digestOf, encodeRecording } from '../../../sim/recording/codec.ts';
import { makeColumns } from '../../../sim/recording/column.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { emptyRow, Recorder } from '../../../sim/recording/recorder.ts';
import { REQUEST_COLUMNS, type Recording } from '../../../sim/recording/recording.ts';
import { Queue } from '../../../sim/recording/v0-listener.ts';
import { SequenceStatus } from '../../../sim/scheduler/v0/groups.ts';
import { RecordedV0 } from '../../../sim/scheduler/v0/recorded.ts';
import { decodeHeavyV0Scenario, type V0Scenario, v0Scenario } from '../scheduler/v0-random.ts';

const NUM_RUNS = Number(process.env.POOLSCOPE_FUZZ ?? 600);
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

function cursorState(cursor: Cursor) {
  const { recording } = cursor;
  const running = [...cursor.running()];
  return {
    running,
    waiting: [...cursor.waiting()],
    swapped: [...cursor.swapped()],
    numFree: cursor.numFree,
    refCount: [...cursor.refCount],
    tables: recording.requestIds.map((_, request) =>
      Array.from({ length: cursor.numTables(request) }, (__, which) => [...cursor.table(request, which)]),
    ),
    computed: running.map((request) => cursor.numComputedTokens(request)),
    scheduled: running.map((request) => cursor.numScheduledTokens(request)),
  };
}

/** Runs a scenario; returns the recording and the live state in each step, behind schedule(). */
function run(scenario: V0Scenario, fast = false) {
  const { workload, pool, config } = scenario;
  const recorder = new Recorder(workload.numRequests);
  const listener = { admitted: ignore, preempted: ignore, firstToken: ignore, finished: ignore };
  const outlets = { listener, log: recorder, spans: recorder };
  const scheduler = new RecordedV0(workload, pool, config, scenario.makeHooks(fast), outlets);
  const states: ReturnType<typeof liveState>[] = [];
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
  }
  const requests = makeColumns(REQUEST_COLUMNS, workload.numRequests);
  requests.numSequences.set(workload.numSequences);
  const recording = recorder.finish(headerOf(scenario), workload.ids, requests);
  return { recording, states };
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

test('in any step of any run the cursor shows what the scheduler had: forwards, backwards, by jumps, from a file', () => {
  fc.assert(
    fc.property(v0Scenario, fc.array(fc.nat(120), { minLength: 1, maxLength: 6 }), (scenario, seeks) => {
      const { recording: made, states } = run(scenario);
      const recording = decodeRecording(encodeRecording(made));
      const cursor = new Cursor(recording);
      const check = (step: number) => {
        cursor.seek(step);
        // Node's: expect() takes longer than what it checks.
        assert.deepEqual(cursorState(cursor), states[step]);
      };
      for (let step = 0; step < recording.numSteps; step++) check(step);
      cursor.seek(recording.numSteps);
      for (let step = recording.numSteps - 1; step >= 0; step--) check(step);
      cursor.seek(-1);
      expect(cursor.numFree).toBe(scenario.pool.numGpuBlocks);
      expect([...cursor.running(), ...cursor.waiting(), ...cursor.swapped()]).toEqual([]);
      expect([...cursor.state]).toEqual([...cursor.state].map(() => 0));
      for (const seek of seeks) if (recording.numSteps > 0) check(seek % recording.numSteps);
    }),
    { numRuns: NUM_RUNS, seed: 31 },
  );
});

test('the fast path gives the recording of the plain one, byte for byte', () => {
  fc.assert(
    fc.property(fc.oneof(v0Scenario, decodeHeavyV0Scenario), (scenario) => {
      expect(digestOf(run(scenario, true).recording)).toBe(digestOf(run(scenario).recording));
    }),
    { numRuns: NUM_RUNS, seed: 32 },
  );
});
