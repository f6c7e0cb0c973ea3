import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cursor } from '../../sim/recording/cursor.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import { simulateScenario } from '../../sim/simulate-scenario.ts';
import { BlockOrder } from '../../viz/block-order.ts';

const HELLO = readFileSync(new URL('../../scenarios/hello.pool.yaml', import.meta.url), 'utf8');
const recording = simulateScenario(parseScenario(HELLO, 'hello.pool.yaml')).recording!;
const cursor = new Cursor(recording);
const { numGpuBlocks } = recording.header.pool;
const all = Array.from({ length: numGpuBlocks }, (_, i) => i);

function arranged(step: number, mode: 'queue' | 'request' | 'physical'): number[] {
  cursor.seek(step);
  const order = new BlockOrder();
  order.arrange(cursor, mode);
  return all.map((slot) => order.blockIn(slot));
}

test('every order is a permutation, at any step', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1, max: recording.numSteps }),
      fc.constantFrom('queue', 'request', 'physical'),
      (step, mode) => {
        const blocks = arranged(step, mode);
        expect(blocks.toSorted((a, b) => a - b)).toEqual(all);
        const order = new BlockOrder();
        order.arrange(cursor, mode);
        for (const slot of all) expect(order.slotOf(order.blockIn(slot))).toBe(slot);
      },
    ),
  );
});

test('the free queue comes first, from its head: the next to be taken', () => {
  const blocks = arranged(60, 'queue');
  const queue = [...cursor.freeQueue()];
  expect(queue.length).toBeGreaterThan(0);
  expect(blocks.slice(0, queue.length)).toEqual(queue);
});

test('a request’s blocks stand together, in the order of its table', () => {
  const blocks = arranged(60, 'request');
  const [first] = cursor.running();
  const table = [...cursor.table(first)];
  expect(blocks.slice(0, table.length)).toEqual(table);
});
