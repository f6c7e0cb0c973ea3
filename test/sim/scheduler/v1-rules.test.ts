import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import type { SimulationInput } from '../../../sim/engine/simulation-input.ts';
import { V1Scheduler } from '../../../sim/scheduler/v1.ts';
import { randomRun } from '../random-run.ts';
import { V1Rules } from './v1-rules.ts';

/* The scheduler against a second one that was made from the rules alone. */

const NUM_RUNS = Number(process.env.POOLSCOPE_FUZZ ?? 300);
const MOST_STEPS = 150;

/** Layouts beside those of randomRun: blocks of which sizes and windows (0: full attention) the groups have. */
const LAYOUTS: readonly (readonly (readonly [blockSize: number, window: number])[])[] = [
  [
    [2, 0],
    [2, 9],
    [2, 5],
  ],
  [
    [2, 9],
    [2, 5],
  ],
  [
    [4, 0],
    [2, 7],
    [2, 7],
  ],
  [
    [2, 0],
    [4, 11],
  ],
  [
    [6, 0],
    [4, 9],
    [2, 3],
  ],
  [
    [4, 0],
    [2, 0],
  ],
  [
    [4, 0],
    [2, 0],
    [2, 5],
  ],
  [[3, 1]],
];

const plain = fc
  .tuple(
    randomRun.filter(
      ({ pool, scheduler }) =>
        scheduler.encoder === undefined && pool.groups.every(({ kind }) => kind !== 'chunked_local'),
    ),
    fc.constantFrom(null, null, 5, 12),
    fc.constantFrom(null, ...LAYOUTS),
    fc.constantFrom(0, 0, 0, 1, 2),
  )
  .map(([input, maxNumScheduledTokens, layout, tightness]): SimulationInput => {
    const { pool, scheduler } = input;
    const groups = layout?.map(([blockSize, window]) => ({
      kind: window === 0 ? ('full' as const) : ('sliding_window' as const),
      blockSize,
      window,
    }));
    return {
      ...input,
      scheduler: { ...scheduler, maxNumScheduledTokens },
      pool: {
        ...pool,
        ...(groups && {
          groups,
          hashBlockSize: groups.map(({ blockSize }) => blockSize).reduce(greatestCommonDivisor),
        }),
        // As in a pool in which not even one request fits.
        numGpuBlocks: Math.max(3, pool.numGpuBlocks >> tightness),
      },
    };
  });

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function compare({ workload, pool, scheduler: config, acceptance = () => 0 }: SimulationInput): void {
  const scheduler = new V1Scheduler(workload, pool, config, { acceptance });
  const rules = new V1Rules(workload, pool, config, acceptance);
  const lag = config.asyncScheduling ? 1 : 0;
  const stepOf = (ns: number) => Math.floor(ns / 8);
  for (let step = 0; step < MOST_STEPS; step++) {
    for (let row = 0; row < workload.numRequests; row++) {
      if (stepOf(workload.arrivalNs[row]) !== step || workload.numPromptTokens[row] >= config.maxModelLen)
        continue;
      scheduler.add(row, workload.arrivalNs[row]);
      rules.add(row, workload.arrivalNs[row]);
    }
    for (let row = 0; row < workload.numRequests; row++) {
      if (stepOf(workload.arrivalNs[row] + workload.abortAfterNs[row]) !== step) continue;
      scheduler.abort(row);
      rules.abort(row);
    }
    scheduler.makeBatch();
    rules.schedule();
    const { batch, running, kv } = scheduler;
    const rows = Array.from({ length: batch.size }, (_, i) => [batch.request[i], batch.numTokens[i]]);
    const runningRows = [...running.subarray(0, scheduler.numRunning)];
    assert.deepEqual(
      {
        batch: rows,
        running: runningRows,
        numWaiting: scheduler.numWaiting,
        head: scheduler.numWaiting > 0 ? scheduler.waiting.head : null,
        free: [...kv.pool.freeQueue],
        tables: runningRows.map((row) =>
          kv.tables.map(({ table, length }) => [...table[row].subarray(0, length[row])]),
        ),
        computed: runningRows.map((row) => scheduler.numComputed[row]),
      },
      {
        batch: rules.batch.map(({ request, tokens }) => [request.row, tokens]),
        running: rules.running.map(({ row }) => row),
        numWaiting: rules.waiting.length,
        head: rules.queue()[0]?.row ?? null,
        free: rules.free,
        tables: rules.running.map(({ tables }) => tables),
        computed: rules.running.map(({ computed }) => computed),
      },
      `step ${step}`,
    );
    if (scheduler.numInFlight <= lag) continue;
    scheduler.updateFromOutput();
    rules.update();
  }
}

test('in every step the same batch, queues, tables and free blocks', () => {
  fc.assert(fc.property(plain, compare), { numRuns: NUM_RUNS, seed: 91 });
});
