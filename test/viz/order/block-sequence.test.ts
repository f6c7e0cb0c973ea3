import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { BlockSequence } from '../../../viz/order/block-sequence.ts';

const NUM_BLOCKS = 5000;

/** Takes out a stretch of the blocks, or puts as many in, one behind the other, behind the block at a place. */
const change = fc.record({
  isRemoval: fc.boolean(),
  at: fc.nat(NUM_BLOCKS),
  count: fc.constantFrom(1, 2, 40, 1024, 1500),
});

test('a sequence is the array that changes as it does, over many chunks', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20, size: 'max' }), fc.nat(NUM_BLOCKS), (changes, start) => {
      const sequence = new BlockSequence(NUM_BLOCKS);
      const inside = Array.from({ length: start }, (_, block) => block);
      const outside = Array.from({ length: NUM_BLOCKS - start }, (_, i) => start + i);
      sequence.fill(Int32Array.from(inside));
      for (const { isRemoval, at, count } of changes) {
        if (isRemoval) {
          const removed = inside.splice(at % (inside.length + 1), count);
          // Who is not in it is left alone.
          sequence.removeAll(Int32Array.of(...outside.slice(0, 3), ...removed));
          outside.push(...removed);
        } else {
          const place = at % (inside.length + 1);
          const added = outside.splice(0, count);
          added.forEach((block, i) => {
            sequence.insertAfter(added[i - 1] ?? inside[place - 1] ?? -1, block);
          });
          inside.splice(place, 0, ...added);
        }
        const written = new Int32Array(inside.length + 1);
        assert.equal(sequence.writeTo(written, 1), inside.length + 1);
        assert.deepEqual([...written.subarray(1)], inside);
        assert.equal(sequence.length, inside.length);
        for (const block of [...inside.slice(0, 5), ...inside.slice(-5)]) {
          assert.equal(sequence.placeOf(block), inside.indexOf(block));
        }
        for (const block of outside.slice(-5)) assert.equal(sequence.has(block), false);
      }
    }),
    { numRuns: 100, seed: 1 },
  );
});

test('sorted, it takes blocks where they belong, and finds where others would', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20, size: 'max' }), (changes) => {
      const sequence = new BlockSequence(NUM_BLOCKS);
      let inside: number[] = [];
      for (const { isRemoval, at, count } of changes) {
        // Every second block of a stretch.
        const stretch = Array.from({ length: count }, (_, i) => (at + 2 * i) % NUM_BLOCKS);
        sequence.removeAll(Int32Array.from(stretch));
        const others = new Set(stretch);
        inside = inside.filter((block) => !others.has(block));
        if (!isRemoval) {
          for (const block of others) sequence.insertSorted(block, (other) => other < block);
          inside = [...inside, ...others].sort((a, b) => a - b);
        }
        const written = new Int32Array(inside.length);
        sequence.writeTo(written, 0);
        assert.deepEqual([...written], inside);
        assert.equal(
          sequence.firstNotBefore((block) => block < at),
          inside.find((block) => block >= at) ?? -1,
        );
      }
    }),
    { numRuns: 100, seed: 1 },
  );
});
