import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeRecording, digestOf, encodeRecording } from '../../../sim/recording/codec.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { decodeHeavyV0Scenario, v0Scenario } from '../scheduler/v0-random.ts';
import { runV0 } from './v0-run.ts';

const NUM_RUNS = Number(process.env.POOLSCOPE_FUZZ ?? 600);
function cursorState(cursor: Cursor) {
  const { recording } = cursor;
  const running = [...cursor.running()];
  return {
    running,
    waiting: [...cursor.waiting()],
    swapped: [...cursor.swapped()],
    numFree: cursor.numFree,
    refCount: [...cursor.refCount],
    tables: recording.requestIds.map((_, request) =>
      Array.from({ length: cursor.numTables(request) }, (__, which) => [...cursor.table(request, which)]),
    ),
    computed: running.map((request) => cursor.numComputedTokens(request)),
    scheduled: running.map((request) => cursor.numScheduledTokens(request)),
  };
}

test('in any step of any run the cursor shows what the scheduler had: forwards, backwards, by jumps, from a file', () => {
  fc.assert(
    fc.property(v0Scenario, fc.array(fc.nat(120), { minLength: 1, maxLength: 6 }), (scenario, seeks) => {
      const { recording: made, states } = runV0(scenario);
      const recording = decodeRecording(encodeRecording(made));
      const cursor = new Cursor(recording);
      const check = (step: number) => {
        cursor.seek(step);
        // Node's: expect() takes longer than what it checks.
        assert.deepEqual(cursorState(cursor), states[step]);
      };
      for (let step = 0; step < recording.numSteps; step++) check(step);
      cursor.seek(recording.numSteps);
      for (let step = recording.numSteps - 1; step >= 0; step--) check(step);
      cursor.seek(-1);
      expect(cursor.numFree).toBe(scenario.pool.numGpuBlocks);
      expect([...cursor.running(), ...cursor.waiting(), ...cursor.swapped()]).toEqual([]);
      expect([...cursor.state]).toEqual([...cursor.state].map(() => 0));
      for (const seek of seeks) if (recording.numSteps > 0) check(seek % recording.numSteps);
    }),
    { numRuns: NUM_RUNS, seed: 31 },
  );
});

test('the fast path gives the recording of the plain one, byte for byte', () => {
  fc.assert(
    fc.property(fc.oneof(v0Scenario, decodeHeavyV0Scenario), (scenario) => {
      expect(digestOf(runV0(scenario, true).recording)).toBe(digestOf(runV0(scenario).recording));
    }),
    { numRuns: NUM_RUNS, seed: 32 },
  );
});
