import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import type { SimulationInput } from '../../../sim/engine/simulation-input.ts';
import { digestOf } from '../../../sim/recording/codec.ts';
import { V1Scheduler } from '../../../sim/scheduler/v1.ts';
import type { StepTimeModel } from '../../../sim/time/step-time.ts';
import { WorkloadBuilder } from '../../../sim/workload/builder.ts';
import { randomRun } from '../random-run.ts';

/* The fast path gives the recording that the plain path gives, byte for byte, step times included. */

const NUM_RUNS = Number(process.env.POOLSCOPE_FUZZ ?? 1500);

/** A step time that depends on everything that the batch's shape says. */
const SHAPE_TIME: StepTimeModel = {
  stepNs: (batch) => {
    let ns = 1 + batch.numRequests + 3 * batch.numTokens + 5 * batch.numSampled + 7 * batch.numDecodes;
    ns += 11 * batch.decodeContextTokens + 13 * batch.maxDecodeContext;
    for (let i = 0; i < batch.numPrefills; i++)
      ns += 17 * batch.prefillTokens[i] + 19 * batch.prefillComputed[i];
    return ns;
  },
};

/** The random runs, without what the fast path leaves to the plain one. */
const eligible = randomRun.map(
  (input): SimulationInput => ({
    ...input,
    stepTime: SHAPE_TIME,
    scheduler: {
      ...input.scheduler,
      numSpeculativeTokens: 0,
      numLookaheadTokens: 0,
      useEagle: false,
    },
  }),
);

test('random runs under pressure', () => {
  fc.assert(
    fc.property(eligible, (input) => {
      expect(digestOf(simulate(input))).toBe(digestOf(simulate({ ...input, plain: true })));
    }),
    { numRuns: NUM_RUNS, seed: 77 },
  );
});

/** Long decodes on pools from roomy to tight: the fast path's own ground. */
const decodeHeavy = fc
  .tuple(
    eligible,
    fc.array(
      fc.record({
        prompt: fc.integer({ min: 1, max: 60 }),
        outputs: fc.integer({ min: 1, max: 400 }),
        arrival: fc.nat(40_000),
        abortAfter: fc.constantFrom(Number.POSITIVE_INFINITY, 30_000),
      }),
      { minLength: 1, maxLength: 24, size: 'max' },
    ),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 0, max: 300 }),
  )
  .map(([input, requests, maxNumSeqs, extraBlocks]): SimulationInput => {
    const builder = new WorkloadBuilder();
    for (const { prompt, outputs, arrival, abortAfter } of requests) {
      builder.add({
        arrivalNs: arrival,
        prompt: [[builder.segment(`p${prompt % 4}`), 0, prompt]],
        maxTokens: outputs,
        priority: prompt % 3,
        abortAfterNs: abortAfter,
      });
    }
    const { groups } = input.pool;
    const maxModelLen = 300;
    const oneRequest = groups.reduce((sum, { blockSize }) => sum + Math.ceil(maxModelLen / blockSize), 0);
    return {
      ...input,
      workload: builder.finish(),
      pool: { ...input.pool, numGpuBlocks: 1 + oneRequest + extraBlocks },
      scheduler: { ...input.scheduler, maxNumSeqs, maxModelLen, maxNumBatchedTokens: 320 },
      maxSteps: 4000,
    };
  });

test('long decodes with arrivals, aborts and preemptions in between', () => {
  fc.assert(
    fc.property(decodeHeavy, (input) => {
      expect(digestOf(simulate(input))).toBe(digestOf(simulate({ ...input, plain: true })));
    }),
    { numRuns: Math.ceil(NUM_RUNS / 3), seed: 78 },
  );
});

test('without a recording the same steps are decided', () => {
  fc.assert(
    fc.property(decodeHeavy, (input) => {
      const totals = [true, false].map((fast) => {
        const scheduler = new V1Scheduler(input.workload, input.pool, input.scheduler, { fast });
        for (let request = 0; request < input.workload.numRequests; request++)
          scheduler.add(request, request);
        const steps: number[][] = [];
        if (input.scheduler.asyncScheduling) scheduler.schedule();
        while (scheduler.hasUnfinished && steps.length < 1500) {
          scheduler.schedule();
          const { shape, kv } = scheduler;
          steps.push([
            shape.numRequests,
            shape.numTokens,
            shape.decodeContextTokens,
            shape.maxDecodeContext,
            kv.pool.numFree,
            scheduler.emptySlots,
          ]);
          scheduler.updateFromOutput();
        }
        scheduler.settle();
        return { steps, outputs: [...scheduler.numOutputs], computed: [...scheduler.numComputed] };
      });
      expect(totals[0]).toEqual(totals[1]);
    }),
    { numRuns: 200, seed: 79 },
  );
});
