import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EngineCrash } from '../../../sim/error.ts';
import { Queue, type V0Listener } from '../../../sim/recording/v0-listener.ts';
import type { V0Scheduler } from '../../../sim/scheduler/v0/v0.ts';
import { decodeHeavyV0Scenario, type V0Scenario, v0Scenario } from './v0-random.ts';

/* V0's fast path does and says what its plain path does and says, in the same order. */

const NUM_RUNS = Number(process.env.POOLSCOPE_FUZZ ?? 1500);

/** Everything that a scheduler does in a scenario, and where its columns are looked at, what is in them. */
function storyOf(scenario: V0Scenario, fast: boolean, maxSteps: number, settleEvery: number): unknown[] {
  const scheduler = scenario.makeScheduler(fast);
  const story: unknown[] = [];
  const tell =
    (what: keyof V0Listener) =>
    (...values: number[]) =>
      story.push([what, ...values]);
  scheduler.record({
    move: tell('move'),
    take: tell('take'),
    hit: tell('hit'),
    replace: tell('replace'),
    release: tell('release'),
    fork: tell('fork'),
    cache: tell('cache'),
    evict: tell('evict'),
  });
  try {
    for (let step = 0; step < maxSteps; step++) {
      const isDelivered = scenario.addBeforeStep.every((at) => at < step);
      if (isDelivered && !scheduler.hasUnfinished) break;
      scenario.addBeforeStep.forEach((at, request) => {
        if (at === step) scheduler.add(request, at);
      });
      scenario.abortBeforeStep.forEach((at, request) => {
        if (at === step) scheduler.abort(request);
      });
      scheduler.schedule(3 * step);
      story.push(describe(scheduler));
      scheduler.updateFromOutput();
      story.push([...scheduler.finished], freeOf(scheduler));
      if (step % settleEvery === settleEvery - 1) {
        scheduler.settle();
        story.push(columnsOf(scheduler));
      }
    }
  } catch (error) {
    if (!(error instanceof EngineCrash)) throw error;
    story.push(error.message);
    return story;
  }
  scheduler.settle();
  story.push(columnsOf(scheduler));
  return story;
}

function describe(scheduler: V0Scheduler): unknown {
  const { batch, shape, queues } = scheduler;
  return {
    scheduled: [...scheduler.scheduled()].map((entry) => Object.values(entry)),
    batch: [batch.size + batch.numSteady, batch.numPrefillGroups, batch.numTokens],
    shape: {
      ...shape,
      prefillTokens: [...shape.prefillTokens.subarray(0, shape.numPrefills)],
      prefillComputed: [...shape.prefillComputed.subarray(0, shape.numPrefills)],
    },
    queues: [Queue.Waiting, Queue.Running, Queue.Swapped].map((queue) => [...queues.in(queue)]),
    free: freeOf(scheduler),
  };
}

function freeOf({ blocks: { gpu, cpu } }: V0Scheduler): number[] {
  return [gpu.numFree, gpu.numHashless, cpu.numFree, cpu.numHashless];
}

function columnsOf({ groups, blocks }: V0Scheduler): unknown {
  const { table, length } = blocks.tables;
  const lists = blocks.computedBlocks?.lists;
  const held = [...length.keys()].filter((s) => length[s] > 0);
  return {
    status: [...groups.status],
    numTokens: [...groups.numTokens],
    numComputed: [...groups.numComputed],
    isDecode: [...groups.isDecode],
    numFullSlots: held.map((s) => blocks.numFullSlots[s]),
    lastAccess: held.map((s) => blocks.lastAccess[s]),
    tables: held.map((s) => [...table[s].subarray(0, length[s])]),
    computed: held.map((s) => lists && [...lists.table[s].subarray(0, lists.length[s])]),
  };
}

const settleEvery = fc.constantFrom(7, 40, Number.POSITIVE_INFINITY);

test('long decodes with arrivals, aborts, preemptions and swaps in between', () => {
  fc.assert(
    fc.property(decodeHeavyV0Scenario, settleEvery, (scenario, every) => {
      expect(storyOf(scenario, true, 1200, every)).toEqual(storyOf(scenario, false, 1200, every));
    }),
    { numRuns: Math.ceil(NUM_RUNS / 3), seed: 63 },
  );
});

test('mixes of all features', () => {
  fc.assert(
    fc.property(v0Scenario, settleEvery, (scenario, every) => {
      expect(storyOf(scenario, true, 150, every)).toEqual(storyOf(scenario, false, 150, every));
    }),
    { numRuns: NUM_RUNS, seed: 64 },
  );
});
