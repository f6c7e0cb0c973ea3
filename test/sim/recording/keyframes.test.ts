import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import { Keyframes, replayOf } from '../../../sim/recording/keyframes.ts';
import { MIB } from '../../../sim/units.ts';
import { randomRun } from '../random-run.ts';

const [input] = fc.sample(randomRun, { numRuns: 1, seed: 1 });
const recording = simulate({ ...input, maxSteps: 10 });

test('all of them together take no more than 64 MiB, however long the run', () => {
  const start = Object.create(replayOf(recording), { snapshotBytes: { value: 8 * MIB } });
  const { interval } = new Keyframes({ ...recording, numEvents: 8_000_000 }, start);
  expect(8_000_000 / interval).toBeLessThanOrEqual(8);
});
