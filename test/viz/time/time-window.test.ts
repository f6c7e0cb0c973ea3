import fc from 'fast-check';
import { expect, test } from 'vitest';
import { following, type TimeWindow, windowOf, zoomed } from '../../../viz/time/time-window.ts';

const steps = fc.integer({ min: 1, max: 100_000 });
const anywhere = fc.integer({ min: -200_000, max: 200_000 });

function expectWithin({ from, to }: TimeWindow, numSteps: number): void {
  expect(from).toBeGreaterThanOrEqual(0);
  expect(to).toBeLessThanOrEqual(numSteps);
  expect(to - from).toBeGreaterThanOrEqual(Math.min(10, numSteps));
}

test('a window lies in the run, and is not too narrow to be looked at', () => {
  fc.assert(
    fc.property(steps, anywhere, anywhere, (numSteps, one, other) => {
      expectWithin(windowOf(one, other, numSteps), numSteps);
    }),
  );
  expect(windowOf(30, 50, 100)).toEqual({ from: 30, to: 50 });
  expect(windowOf(50, 30, 100)).toEqual({ from: 30, to: 50 });
});

test('zooming keeps the cursor in sight; out of the whole run there is nothing', () => {
  fc.assert(
    fc.property(steps, anywhere, anywhere, fc.nat(), (numSteps, one, other, at) => {
      const window = windowOf(one, other, numSteps);
      const step = window.from + (at % (window.to - window.from + 1));
      const half = zoomed(window, step, 1 / 2, numSteps) ?? { from: 0, to: numSteps };
      expectWithin(half, numSteps);
      expect(step).toBeGreaterThanOrEqual(half.from);
      expect(step).toBeLessThanOrEqual(half.to);
    }),
  );
  expect(zoomed({ from: 0, to: 60 }, 10, 2, 100)).toBe(null);
});

test('the window follows the cursor, and keeps its length', () => {
  fc.assert(
    fc.property(steps, anywhere, anywhere, fc.nat(100_000), (numSteps, one, other, at) => {
      const window = windowOf(one, other, numSteps);
      const step = at % (numSteps + 1);
      const there = following(window, step, numSteps);
      expect(there.to - there.from).toBe(window.to - window.from);
      expectWithin(there, numSteps);
      expect(step).toBeGreaterThanOrEqual(there.from);
      expect(step).toBeLessThanOrEqual(there.to);
    }),
  );
});
