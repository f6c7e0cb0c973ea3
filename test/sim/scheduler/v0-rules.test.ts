import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { EngineCrash } from '../../../sim/error.ts';
import { Queue } from '../../../sim/recording/v0-listener.ts';
import { type V0Scenario, v0Scenario } from './v0-random.ts';
import { V0Rules } from './v0-rules.ts';

/* V0's scheduler against a second one that was made from the rules alone. */

const NUM_RUNS = Number(process.env.POOLSCOPE_FUZZ ?? 300);
const MOST_STEPS = 150;

const plain = v0Scenario.filter(({ hasBeams }) => !hasBeams);

function compare(scenario: V0Scenario): void {
  const { workload, pool, config, makeHooks, addBeforeStep, abortBeforeStep } = scenario;
  const scheduler = scenario.makeScheduler();
  const rules = new V0Rules(workload, pool, config, makeHooks());
  const { queues, groups, blocks } = scheduler;
  for (let step = 0; step < MOST_STEPS; step++) {
    try {
      addBeforeStep.forEach((at, row) => {
        if (at === step) scheduler.add(row, step);
      });
      abortBeforeStep.forEach((at, row) => {
        if (at === step) scheduler.abort(row);
      });
      scheduler.schedule(step);
    } catch (error) {
      if (error instanceof EngineCrash) return;
      throw error;
    }
    addBeforeStep.forEach((at, row) => {
      if (at === step) rules.add(row, step);
    });
    abortBeforeStep.forEach((at, row) => {
      if (at === step) rules.abort(row);
    });
    rules.schedule(step);
    const tables = (row: number) =>
      Array.from({ length: groups.numSeqs[row] }, (_, i) => {
        const s = groups.start[row] + i;
        return [...blocks.tables.table[s].subarray(0, blocks.tables.length[s])];
      });
    const runningRows = [...queues.in(Queue.Running)];
    assert.deepEqual(
      {
        batch: [...scheduler.scheduled()].map(({ request, chunk }) => [request, chunk]),
        waiting: [...queues.in(Queue.Waiting)],
        running: runningRows,
        swapped: [...queues.in(Queue.Swapped)],
        tables: runningRows.map(tables),
        numFree: [blocks.gpu.numFree, blocks.cpu.numFree],
      },
      {
        batch: rules.batch.map(({ group, chunk }) => [group.row, chunk]),
        waiting: rules.waiting.map(({ row }) => row),
        running: rules.running.map(({ row }) => row),
        swapped: rules.swapped.map(({ row }) => row),
        tables: rules.running.map(({ seqs }) => seqs.map(({ table }) => table)),
        numFree: [rules.blocks.gpu.numFree, rules.blocks.cpu.numFree],
      },
      `step ${step}`,
    );
    try {
      scheduler.updateFromOutput();
    } catch (error) {
      if (error instanceof EngineCrash) return;
      throw error;
    }
    rules.update();
  }
}

test('in every step the same batch, queues, tables and free blocks', () => {
  fc.assert(fc.property(plain, compare), { numRuns: NUM_RUNS, seed: 93 });
});
