import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sortByKey } from '../../../viz/order/sort-by-key.ts';

test('sorts by any unsigned keys, and leaves those with equal ones as they are', () => {
  const key = fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
  fc.assert(
    fc.property(fc.array(key), (keys) => {
      const items = Int32Array.from(keys.keys());
      const sorted = [...items].sort((a, b) => keys[a] - keys[b]);
      expect([...sortByKey(items, (item) => keys[item])]).toEqual(sorted);
      expect([...items]).toEqual([...keys.keys()]);
    }),
  );
});
