import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import { decodeRecording, encodeRecording } from '../../../sim/recording/codec.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { explainAt } from '../../../sim/report/explain.ts';
import { randomRun } from '../random-run.ts';

const system = fc.record({
  policy: fc.constantFrom('max', 'pow2', 'oracle', 'static'),
  placement: fc.constantFrom('first-fit', 'best-fit', 'buddy'),
} as const);

test('without paging: a request’s slots lie in one piece, nobody shares, and the row counts what the map shows', () => {
  fc.assert(
    fc.property(randomRun, system, (input, contiguous) => {
      const made = simulate({
        ...input,
        contiguous,
        pool: {
          ...input.pool,
          enablePrefixCaching: false,
          groups: [{ kind: 'full', blockSize: 1, window: 0 }],
        },
        scheduler: {
          ...input.scheduler,
          asyncScheduling: false,
          enableChunkedPrefill: false,
          maxNumBatchedTokens: Math.max(input.scheduler.maxModelLen, input.scheduler.maxNumSeqs),
        },
      });
      const recording = decodeRecording(encodeRecording(made));
      const cursor = new Cursor(recording);
      const { steps, numSteps } = recording;
      const check = (step: number) => {
        cursor.seek(step);
        expect(cursor.numFree).toBe(steps.numFreeBlocks[step]);
        expect(cursor.numRunning).toBe(steps.numRunning[step]);
        let empty = 0;
        for (const request of cursor.running()) {
          const region = cursor.table(request);
          region.forEach((slot, i) => {
            expect(slot).toBe(region[0] + i);
          });
          empty += region.length - cursor.numComputedTokens(request) - cursor.numScheduledTokens(request);
        }
        if (contiguous.policy !== 'static') {
          expect(steps.internalWasteSlots[step] + steps.reservedSlots[step]).toBe(empty);
        }
        expect(cursor.refCount.every((count) => count <= 1)).toBe(true);
        if (cursor.numRunning > 0) expect(explainAt(cursor).length).toBeGreaterThan(0);
      };
      for (let step = 0; step < numSteps; step++) check(step);
      for (let step = numSteps - 1; step >= 0; step--) check(step);
      cursor.seek(-1);
      expect(cursor.numFree).toBe(recording.header.pool.numGpuBlocks - 1);
    }),
    { numRuns: 150, seed: 8 },
  );
});
