import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { BlockOrder, ORDER_MODES, type OrderMode } from '../../../viz/order/block-order.ts';
import { FreeOrder } from '../../../viz/order/free-order.ts';
import { RequestOrder } from '../../../viz/order/request-order.ts';

const HELLO = readFileSync(new URL('../../../scenarios/hello.pool.yaml', import.meta.url), 'utf8');
const recording = simulateScenario(parseScenario(HELLO, 'hello.pool.yaml')).recording!;
const cursor = new Cursor(recording);
const { numGpuBlocks } = recording.header.pool;
const all = Array.from({ length: numGpuBlocks }, (_, i) => i);

function arranged(step: number, mode: OrderMode): number[] {
  cursor.seek(step);
  const order = new BlockOrder();
  order.arrange(cursor, mode);
  return all.map((slot) => order.blockIn(slot));
}

test('every order is a permutation, at any step', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1, max: recording.numSteps }),
      fc.constantFrom(...ORDER_MODES),
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

test('from step to step nothing has to be made anew', () => {
  const parts = [new FreeOrder(cursor), new RequestOrder(cursor)];
  cursor.seek(0);
  cursor.takeChanges();
  for (const part of parts) part.arrange(cursor);
  for (let step = 1; step <= recording.numSteps; step++) {
    cursor.seek(step);
    const { blocks, count } = cursor.takeChanges();
    for (const part of parts) expect(part.follow(cursor, blocks.subarray(0, count))).toBe(true);
  }
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

test('along prefixes, a request’s cached blocks come in its order, and what two share comes before both go on', () => {
  for (let step = 0; step < recording.numSteps; step += 5) {
    const blocks = arranged(step, 'prefix');
    for (const request of cursor.running()) {
      const slots = [...cursor.table(request)].map((block) => blocks.indexOf(block));
      expect(slots).toEqual(slots.toSorted((a, b) => a - b));
    }
    // Free blocks that hold nothing come last, before the null block.
    const empty = all.filter(
      (block) => block !== cursor.nullBlock && cursor.refCount[block] === 0 && cursor.chain[block] === 0,
    );
    expect(new Set(blocks.slice(numGpuBlocks - 1 - empty.length, -1))).toEqual(new Set(empty));
  }
});

test('what continues a prefix stands behind it without a gap of other prefixes', () => {
  const blocks = arranged(60, 'prefix');
  const shared = new Set<number>();
  for (const block of all) if (cursor.refCount[block] > 1) shared.add(block);
  expect(shared.size).toBeGreaterThan(2);
  const slots = [...shared].map((block) => blocks.indexOf(block)).toSorted((a, b) => a - b);
  expect(slots.at(-1)! - slots[0]).toBe(shared.size - 1);
});

test('blocks of a prefix are joined until it branches, and stand a level lower with each branch', () => {
  let numBranched = 0;
  for (let step = 0; step < recording.numSteps; step += 3) {
    cursor.seek(step);
    const order = new BlockOrder();
    order.arrange(cursor, 'prefix');
    const branches = order.branches!;
    const { chain } = cursor;
    for (const request of cursor.running()) {
      const table = [...cursor.table(request)];
      const filled = table.filter((block) => chain[block] > 0);
      table.forEach((block, i) => {
        const before = table[i - 1];
        if (before === undefined) {
          expect([branches.levelOf(block), branches.isJoined(block)]).toEqual([0, false]);
        } else if (branches.isJoined(block)) {
          expect(order.slotOf(block)).toBe(order.slotOf(before) + 1);
          expect(branches.levelOf(block)).toBe(branches.levelOf(before));
        } else {
          numBranched++;
          expect(branches.around(before)?.continuations).toBeGreaterThan(1);
          expect(branches.levelOf(block)).toBe(branches.levelOf(before) + 1);
        }
        if (chain[block] <= 0) return;
        const prefix = branches.around(block)!.before.map((held) => chain[held]);
        expect(prefix.toReversed()).toEqual(
          filled.slice(0, filled.indexOf(block)).map((held) => chain[held]),
        );
      });
    }
  }
  expect(numBranched).toBeGreaterThan(20);
});
