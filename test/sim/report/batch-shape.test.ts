import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import type { Recording } from '../../../sim/recording/recording.ts';
import { batchReader } from '../../../sim/report/step-time.ts';
import type { BatchShape } from '../../../sim/time/step-time.ts';
import { randomRun } from '../random-run.ts';
import { runV0 } from '../recording/v0-run.ts';
import { decodeHeavyV0Scenario, v0Scenario } from '../scheduler/v0-random.ts';

const NUM_RUNS = 300;

/** Prefills in an order of their own: V0 schedules new ones behind those that run, the recording tells of `running`. */
function told(shape: BatchShape) {
  const { prefillTokens, prefillComputed, numPrefills, ...numbers } = shape;
  const prefills = Array.from({ length: numPrefills }, (_, i) => `${prefillTokens[i]}+${prefillComputed[i]}`);
  const { encodedEmbeds = 0, encodedSquares = 0, swappedBlocks = 0, copiedBlocks = 0 } = shape;
  return {
    ...numbers,
    encodedEmbeds,
    encodedSquares,
    swappedBlocks,
    copiedBlocks,
    prefills: prefills.sort(),
  };
}

function compare(recording: Recording, shapes: readonly BatchShape[]) {
  const cursor = new Cursor(recording);
  const reader = batchReader(recording);
  assert.equal(recording.numSteps, shapes.length);
  for (let step = 0; step < recording.numSteps; step++) {
    cursor.seek(step);
    assert.deepEqual(told(reader.at(cursor)), told(shapes[step]), `step ${step}`);
  }
}

test('V1: every batch that the scheduler made can be read off the recording, drafts and images included', () => {
  let numDrafts = 0;
  fc.assert(
    fc.property(randomRun, (input) => {
      const shapes: BatchShape[] = [];
      const stepNs = (shape: BatchShape) => {
        shapes.push(structuredClone(shape));
        return 4;
      };
      const recording = simulate({ ...input, stepTime: { stepNs } });
      if (input.scheduler.numSpeculativeTokens > 0) numDrafts++;
      compare(recording, shapes);
    }),
    { numRuns: NUM_RUNS, seed: 41 },
  );
  expect(numDrafts).toBeGreaterThan(NUM_RUNS / 4);
});

test('V0: the same, with swaps, copies, look-ahead, several sequences and beams', () => {
  fc.assert(
    fc.property(fc.oneof(v0Scenario, decodeHeavyV0Scenario), fc.boolean(), (scenario, fast) => {
      const { recording, shapes } = runV0(scenario, fast);
      compare(recording, shapes);
    }),
    { numRuns: NUM_RUNS, seed: 42 },
  );
});
