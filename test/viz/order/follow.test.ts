import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import type { Recording } from '../../../sim/recording/recording.ts';
import { BlockOrder, ORDER_MODES } from '../../../viz/order/block-order.ts';
import { randomRun } from '../../sim/random-run.ts';
import { runV0 } from '../../sim/recording/v0-run.ts';
import { v0Scenario } from '../../sim/scheduler/v0-random.ts';

/** Neighbouring steps mostly, forwards and backwards, and jumps. */
const walk = fc.array(
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom(1, 1, 2, -1, -3) }, { weight: 1, arbitrary: fc.nat(300) }),
  {
    minLength: 5,
    maxLength: 30,
  },
);

/** Follows a cursor in each layout, and compares each step of it with the layout made anew. */
function expectToFollow(recording: Recording, moves: readonly number[]): void {
  const { numGpuBlocks } = recording.header.pool;
  const cursor = new Cursor(recording);
  const orders = ORDER_MODES.map((mode) => ({ mode, order: new BlockOrder() }));
  for (const move of moves) {
    cursor.seek(move > 3 ? move : Math.max(-1, cursor.step + move));
    const changes = cursor.takeChanges();
    for (const { mode, order } of orders) {
      order.arrange(cursor, mode, changes);
      const anew = new BlockOrder();
      anew.arrange(cursor, mode);
      const blocks = Array.from({ length: numGpuBlocks }, (_, slot) => order.blockIn(slot));
      const shown = ({ branches }: BlockOrder) =>
        blocks.map((block) => [branches?.levelOf(block), branches?.isJoined(block), branches?.around(block)]);
      // Node's: expect() takes longer than what it checks.
      assert.deepEqual(
        blocks,
        blocks.map((_, slot) => anew.blockIn(slot)),
        mode,
      );
      assert.deepEqual(
        blocks.map((block) => order.slotOf(block)),
        blocks.map((_, slot) => slot),
        mode,
      );
      assert.deepEqual(shown(order), shown(anew), mode);
    }
  }
}

test('an order that follows the cursor is the one that is made anew', () => {
  fc.assert(
    fc.property(randomRun, walk, (input, moves) => {
      expectToFollow(simulate({ ...input, maxSteps: 300 }), moves);
    }),
    { numRuns: 100, seed: 7 },
  );
});

test('a recording that contradicts itself is laid out somehow', () => {
  fc.assert(
    fc.property(
      randomRun,
      walk,
      fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
      (input, moves, lies) => {
        const recording = simulate({ ...input, maxSteps: 100 });
        const { events, numEvents, header } = recording;
        for (const lie of lies) events.b[lie % numEvents] = lie % header.pool.numGpuBlocks;
        const cursor = new Cursor(recording);
        const orders = ORDER_MODES.map((mode) => ({ mode, order: new BlockOrder() }));
        for (const move of moves) {
          cursor.seek(move > 3 ? move : Math.max(-1, cursor.step + move));
          const changes = cursor.takeChanges();
          for (const { mode, order } of orders) order.arrange(cursor, mode, changes);
        }
      },
    ),
    { numRuns: 100, seed: 7 },
  );
});

test('… in runs of V0 too, which sorts its queues and swaps blocks', () => {
  fc.assert(
    fc.property(v0Scenario, walk, (scenario, moves) => {
      expectToFollow(runV0(scenario).recording, moves);
    }),
    { numRuns: 50, seed: 7 },
  );
});
