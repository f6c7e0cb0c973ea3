import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Move, Queue } from '../../../sim/recording/v0-listener.ts';
import { Queues } from '../../../sim/scheduler/v0/queues.ts';

const orders = fc
  .integer({ min: 0, max: 9 })
  .chain((n) => fc.shuffledSubarray([...Array(n).keys()], { minLength: n }));

test('any order can be brought about', () => {
  fc.assert(
    fc.property(orders, (order) => {
      const queues = new Queues(10);
      for (let i = 0; i < order.length; i++) queues.pushBack(i, Queue.Running, Move.Arrive);
      queues.pushBack(9, Queue.Waiting, Move.Arrive);
      queues.reorder(Queue.Running, queues.sentinel(Queue.Running), order, order.length, Move.Reorder);
      expect([...queues.in(Queue.Running)]).toEqual(order);
      expect([...queues.in(Queue.Waiting)]).toEqual([9]);
      expect(queues.length[Queue.Running]).toBe(order.length);
    }),
    { numRuns: 2000 },
  );
});

test('one that goes to the back, or comes to the front, is one move', () => {
  for (const order of [
    [1, 2, 3, 0],
    [3, 0, 1, 2],
  ]) {
    const queues = new Queues(4);
    for (let i = 0; i < 4; i++) queues.pushBack(i, Queue.Running, Move.Arrive);
    let moves = 0;
    queues.listener = { move: () => moves++ } as unknown as Queues['listener'];
    queues.reorder(Queue.Running, queues.sentinel(Queue.Running), order, 4, Move.Reorder);
    expect([...queues.in(Queue.Running)]).toEqual(order);
    expect(moves).toBe(1);
  }
});
