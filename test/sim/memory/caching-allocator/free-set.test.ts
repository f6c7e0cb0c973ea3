import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BlockTable, NONE } from '../../../../sim/memory/caching-allocator/block-table.ts';
import { FreeSet } from '../../../../sim/memory/caching-allocator/free-set.ts';

test('a FreeSet is a sorted list', () => {
  const size = fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.constantFrom(2048, 2049, 40960),
    fc.integer({ min: 1, max: 0x7fff_ffff }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.record({ size, place: fc.nat(50), remove: fc.boolean(), probe: size }), {
        maxLength: 400,
        size: 'max',
      }),
      (steps) => {
        const blocks = new BlockTable();
        const set = new FreeSet(blocks);
        const rows: number[] = [];
        for (const [i, { size, place, remove, probe }] of steps.entries()) {
          if (remove && rows.length > 0) {
            const [row] = rows.splice(place % rows.length, 1);
            set.remove(row);
            blocks.remove(row);
          } else {
            const row = blocks.add(place, i, size, 0, 0);
            set.insert(row);
            rows.push(row);
            rows.sort((a, b) => blocks.units[a] - blocks.units[b] || (blocks.isBelow(a, b) ? -1 : 1));
          }
          expect(set.toArray()).toEqual(rows);
          expect(set.lowerBound(probe)).toBe(rows.find((row) => blocks.units[row] >= probe) ?? NONE);
        }
      },
    ),
    { numRuns: 100, seed: 1 },
  );
});

test('four hundred thousand equal blocks in ascending order cost no more than the logarithm', () => {
  const blocks = new BlockTable();
  const set = new FreeSet(blocks);
  const count = 400_000;
  for (let i = 0; i < count; i++) set.insert(blocks.add(0, i, 1, 0, 0));
  expect(set.first).toBe(1);
  for (let i = 0; i < count; i++) set.remove(set.lowerBound(1));
  expect(set.first).toBe(NONE);
}, 60_000);
