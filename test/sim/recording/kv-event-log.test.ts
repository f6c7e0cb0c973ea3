import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import type { KvEventBatch } from '../../../sim/recording/kv-event-log.ts';
import { recordingOfKvEvents } from '../../../sim/recording/kv-events.ts';
import { fixedStepTime } from '../../../sim/time/fixed.ts';
import { WorkloadBuilder } from '../../../sim/workload/builder.ts';
import { randomRun } from '../random-run.ts';

function eventsOf(input: Parameters<typeof simulate>[0]) {
  const batches: KvEventBatch[] = [];
  const recording = simulate(input, { kvEvents: (batch) => batches.push(batch) });
  return { batches, recording };
}

const [base] = fc.sample(randomRun, { numRuns: 1, seed: 1 });

/** Requests of a few blocks of four tokens, on a pool of that many blocks, the null block included. */
function run(prompts: readonly (readonly [segment: string, length: number][])[], numGpuBlocks: number) {
  const builder = new WorkloadBuilder();
  prompts.forEach((prompt, i) => {
    builder.add({
      arrivalNs: i * 1000,
      prompt: prompt.map(([segment, length]) => [builder.segment(segment), 0, length]),
      maxTokens: 2,
    });
  });
  return eventsOf({
    ...base,
    pool: {
      numGpuBlocks,
      enablePrefixCaching: true,
      hashBlockSize: 4,
      groups: [{ kind: 'full', blockSize: 4, window: 0 }],
    },
    scheduler: {
      ...base.scheduler,
      maxNumSeqs: 1,
      maxNumBatchedTokens: 64,
      maxModelLen: 64,
      asyncScheduling: false,
      enableChunkedPrefill: true,
      longPrefillTokenThreshold: 0,
      numSpeculativeTokens: 0,
      numLookaheadTokens: 0,
      useEagle: false,
    },
    workload: builder.finish(),
    stepTime: fixedStepTime(1e6),
    cacheResets: [{ atNs: 1e9, preemptRunning: false }],
  }).batches.flatMap(({ events }) => events);
}

test('blocks that one step fills are one BlockStored; a later one names its parent', () => {
  const [first, second] = run(
    [
      [['a', 9]],
      [
        ['a', 8],
        ['b', 5],
      ],
    ],
    20,
  );
  expect(first).toMatchObject({
    type: 'BlockStored',
    parent_block_hash: null,
    block_size: 4,
    medium: 'GPU',
    group_idx: 0,
  });
  if (first.type !== 'BlockStored' || second.type !== 'BlockStored') throw new Error('expected BlockStored');
  expect(first.block_hashes).toHaveLength(2);
  expect(first.token_ids).toHaveLength(8);
  expect(new Set(first.token_ids).size).toBe(8);
  // The second prompt hits both blocks and stores its own behind them.
  expect(second.parent_block_hash).toBe(first.block_hashes[1]);
  expect(second.block_hashes).toHaveLength(1);
});

test('an evicted block is removed under the hash that it was stored under', () => {
  const events = run([[['a', 9]], [['b', 17]], [['a', 9]]], 6);
  const stored = events.flatMap((e) => (e.type === 'BlockStored' ? [e.block_hashes] : []));
  const removed = events.flatMap((e) => (e.type === 'BlockRemoved' ? e.block_hashes : []));
  expect(removed.slice(0, 2).toSorted()).toEqual(stored[0].toSorted());
  // The same content has the same hash when it comes back.
  expect(stored[2]).toEqual(stored[0]);
});

test('what a run publishes, imported again, has as many cached blocks after every step', () => {
  let cleared = 0;
  fc.assert(
    fc.property(randomRun, (input) => {
      const { batches, recording } = eventsOf(input);
      if (batches.length === 0) return;
      const imported = new Cursor(
        recordingOfKvEvents(batches.map((batch) => JSON.stringify(batch)).join('\n'), 'x'),
      );
      const original = new Cursor(recording);
      let batch = 0;
      for (let step = 0; step < recording.numSteps; step++) {
        original.seek(step);
        original.applyOutputs();
        // Batches carry the time of their step; one without events has none, the last outputs have one of their own.
        const ts = recording.steps.endNs[step] / 1e9;
        while (batch < batches.length && Math.abs(batches[batch].ts - ts) < 1e-12) batch++;
        if (batch > 0) imported.seek(batch - 1);
        expect(cached(imported)).toBe(cached(original));
      }
      for (const { events } of batches) cleared += events.filter((e) => e.type === 'AllBlocksCleared').length;
    }),
    { numRuns: 200, seed: 4 },
  );
  expect(cleared).toBeGreaterThan(0);
});

function cached(cursor: Cursor): number {
  return cursor.chain.reduce((count, chain) => count + (chain === 0 ? 0 : 1), 0);
}
