import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextPowerOfTwo } from '../../../sim/pool/contiguous/buddy.ts';
import { makeRegionAllocator, type Placement } from '../../../sim/pool/contiguous/placement.ts';
import { externalFragmentation, NO_REGION } from '../../../sim/pool/contiguous/region-allocator.ts';

const PLACEMENTS: readonly Placement[] = ['first-fit', 'best-fit', 'buddy'];

/** Holes of 10, 4 and 80 slots, at 0, 12 and 20. */
function withHoles(placement: Placement) {
  const allocator = makeRegionAllocator(placement, 100);
  for (const length of [10, 2, 4, 4]) allocator.allocate(length);
  allocator.release(0, 10);
  allocator.release(12, 4);
  return allocator;
}

test('first fit takes the first hole that is long enough, best fit the shortest', () => {
  expect(withHoles('first-fit').holes()).toEqual([
    [0, 10],
    [12, 4],
    [20, 80],
  ]);
  expect(withHoles('first-fit').allocate(3)).toBe(0);
  expect(withHoles('best-fit').allocate(3)).toBe(12);
  expect(withHoles('best-fit').allocate(11)).toBe(20);
});

test('free slots are of no use where no hole is long enough', () => {
  const allocator = withHoles('best-fit');
  expect(allocator.numFree).toBe(94);
  expect(allocator.largestFree).toBe(80);
  expect(externalFragmentation(allocator)).toBeCloseTo(14 / 94, 12);
  expect(allocator.allocate(81)).toBe(NO_REGION);
});

test('the buddy system rounds up, splits and joins', () => {
  const allocator = makeRegionAllocator('buddy', 24);
  expect(allocator.holes()).toEqual([
    [0, 16],
    [16, 8],
  ]);
  expect(allocator.largestRegion).toBe(16);
  expect(allocator.allocate(17)).toBe(NO_REGION);
  expect(allocator.allocate(5)).toBe(16);
  expect(allocator.allocate(3)).toBe(0);
  expect(allocator.holes()).toEqual([
    [4, 4],
    [8, 8],
  ]);
  expect(allocator.numFree).toBe(12);
  allocator.release(0, 3);
  // 16 + 8 are neighbours, but no buddies.
  allocator.release(16, 5);
  expect(allocator.holes()).toEqual([
    [0, 16],
    [16, 8],
  ]);
});

test('powers of two', () => {
  expect([1, 2, 3, 25, 32, 33, 2048].map(nextPowerOfTwo)).toEqual([1, 2, 4, 32, 32, 64, 2048]);
});

describe.each(PLACEMENTS)('%s', (placement) => {
  test('no slot is owned twice, none is lost, and all is one piece again once all is free', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 80 }), fc.nat()), { maxLength: 120, size: 'max' }),
        (numSlots, steps) => {
          const allocator = makeRegionAllocator(placement, numSlots);
          const fresh = allocator.holes();
          const owner = new Int32Array(numSlots);
          const regions: [offset: number, length: number][] = [];
          const release = (at: number) => {
            const [[offset, length]] = regions.splice(at, 1);
            owner.fill(0, offset, offset + allocator.sizeFor(length));
            allocator.release(offset, length);
          };
          for (const [length, choice] of steps) {
            if (choice % 3 === 0 && regions.length > 0) {
              release(choice % regions.length);
            } else {
              const size = allocator.sizeFor(length);
              const offset = allocator.allocate(length);
              if (offset === NO_REGION) {
                expect(allocator.largestFree).toBeLessThan(size);
                continue;
              }
              const slots = owner.subarray(offset, offset + size);
              expect(slots.length).toBe(size);
              expect(slots.every((other) => other === 0)).toBe(true);
              slots.fill(1);
              regions.push([offset, length]);
            }
            const holes = allocator.holes();
            for (const [offset, free] of holes) {
              expect(owner.subarray(offset, offset + free).every((other) => other === 0)).toBe(true);
            }
            const numFree = holes.reduce((sum, [, free]) => sum + free, 0);
            expect(allocator.numFree).toBe(numFree);
            expect(owner.reduce((sum, used) => sum + used, 0)).toBe(numSlots - numFree);
            expect(allocator.largestFree).toBe(Math.max(0, ...holes.map(([, free]) => free)));
          }
          while (regions.length > 0) release(regions.length - 1);
          expect(allocator.holes()).toEqual(fresh);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a pool without slots has no room', () => {
    const allocator = makeRegionAllocator(placement, 0);
    expect(allocator.allocate(1)).toBe(NO_REGION);
    expect([allocator.numFree, allocator.largestFree, allocator.largestRegion]).toEqual([0, 0, 0]);
    expect(externalFragmentation(allocator)).toBe(0);
  });
});
