import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IndexHeap } from '../../../sim/pool/index-heap.ts';
import { IndexList } from '../../../sim/pool/index-list.ts';

const CAPACITY = 12;

test('an index list behaves as an array does', () => {
  const operation = fc.tuple(
    fc.constantFrom('back', 'front', 'after', 'remove', 'clear'),
    fc.nat(CAPACITY - 1),
    fc.nat(),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80, size: 'max' }), (operations) => {
      const list = new IndexList(CAPACITY);
      let model: number[] = [];
      for (const [what, item, where] of operations) {
        const isIn = model.includes(item);
        if (what === 'clear') {
          list.clear();
          model = [];
        } else if (what === 'remove' && isIn) {
          list.remove(item);
          model = model.filter((other) => other !== item);
        } else if (what === 'back' && !isIn) {
          list.pushBack(item);
          model.push(item);
        } else if (what === 'front' && !isIn) {
          list.pushFront(item);
          model.unshift(item);
        } else if (what === 'after' && !isIn && model.length > 0) {
          const at = where % model.length;
          list.insertAfter(model[at], item);
          model.splice(at + 1, 0, item);
        }
        expect([...list]).toEqual(model);
        expect(list.length).toBe(model.length);
        if (model.length > 0) expect(list.first).toBe(model[0]);
      }
    }),
    { numRuns: 1000 },
  );
});

test('an index heap gives the smallest, whatever was removed from its middle', () => {
  const operation = fc.tuple(fc.boolean(), fc.nat(30));
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 120, size: 'max' }),
      fc.array(fc.nat(9), { minLength: 31, maxLength: 31 }),
      (operations, keys) => {
        const comesBefore = (a: number, b: number) => keys[a] < keys[b] || (keys[a] === keys[b] && a < b);
        const heap = new IndexHeap(comesBefore);
        const model = new Set<number>();
        for (const [adds, item] of operations) {
          if (adds && !model.has(item)) {
            heap.add(item);
            model.add(item);
          } else if (!adds) {
            heap.remove(item);
            model.delete(item);
          }
          expect(heap.length).toBe(model.size);
          if (model.size > 0)
            expect(heap.smallest).toBe([...model].sort((a, b) => (comesBefore(a, b) ? -1 : 1))[0]);
        }
      },
    ),
    { numRuns: 500 },
  );
});
