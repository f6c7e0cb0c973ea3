import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import type { SimulationInput } from '../../../sim/engine/simulation-input.ts';
import { digestOf } from '../../../sim/recording/codec.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import type { Recording } from '../../../sim/recording/recording.ts';
import { explainStep } from '../../../sim/report/explain.ts';
import type { SchedulerConfig } from '../../../sim/scheduler/config.ts';
import { switched } from '../../../sim/scheduler/switch.ts';
import { randomRun } from '../random-run.ts';

/** What was decided before a step, and when. */
function decidedBefore({ steps, events }: Recording, step: number): unknown {
  const end = step === 0 ? 0 : steps.eventEnd[step - 1];
  return [
    ...Object.values(steps).map((column) => column.slice(0, step)),
    ...Object.values(events).map((column) => column.slice(0, end)),
  ];
}

const settings = fc.record({
  maxNumSeqs: fc.integer({ min: 1, max: 12 }),
  maxNumBatchedTokens: fc.integer({ min: 8, max: 200 }),
  policy: fc.constantFrom('fcfs' as const, 'priority' as const),
  longPrefillTokenThreshold: fc.constantFrom(0, 4, 16),
});

function withSwitch(input: SimulationInput, step: number, change: Partial<SchedulerConfig>): SimulationInput {
  return { ...input, switch: { step, to: { ...input.scheduler, ...change } } };
}

describe('settings that are switched while a run goes on', () => {
  test('change nothing before that step; fast and plain path agree; the recording replays', () => {
    fc.assert(
      fc.property(randomRun, settings, fc.nat(60), (input, change, step) => {
        const whole = simulate(input);
        const switchedInput = withSwitch(input, step, change);
        const run = simulate(switchedInput);
        const common = Math.min(step, whole.numSteps);
        expect(decidedBefore(run, common)).toEqual(decidedBefore(whole, common));
        expect(digestOf(run)).toBe(digestOf(simulate({ ...switchedInput, plain: true })));
        const cursor = new Cursor(run);
        for (let at = step; at < run.numSteps; at++) {
          const { numRunning, numWaiting, numScheduledTokens } = run.steps;
          const ranBefore = at === 0 ? 0 : numRunning[at - 1];
          expect(numRunning[at]).toBeLessThanOrEqual(Math.max(change.maxNumSeqs, ranBefore));
          expect(numScheduledTokens[at]).toBeLessThanOrEqual(change.maxNumBatchedTokens);
          cursor.seek(at);
          expect([[...cursor.running()].length, [...cursor.waiting()].length]).toEqual([
            numRunning[at],
            numWaiting[at],
          ]);
        }
      }),
      { numRuns: 300, seed: 9 },
    );
  });

  test('to the settings that there were: the same run', () => {
    fc.assert(
      fc.property(randomRun, fc.nat(40), (input, step) => {
        const { header, ...rest } = simulate(input);
        const { header: other, ...same } = simulate(withSwitch(input, step, {}));
        expect(same).toEqual(rest);
        expect(other.end).toBe(header.end);
      }),
      { numRuns: 100, seed: 10 },
    );
  });

  test('reasons name the settings of their step', () => {
    const [input] = fc.sample(
      randomRun.filter((run) => {
        const { steps, numSteps } = simulate(run);
        return numSteps > 20 && steps.numWaiting[10] > 2 && steps.numRunning[10] > 1;
      }),
      { numRuns: 1, seed: 3 },
    );
    const run = simulate(withSwitch(input, 10, { maxNumSeqs: 1 }));
    const reasons = explainStep(run, 10).map(({ text }) => text);
    expect(reasons.join(' ')).toContain('max_num_seqs');
    expect(reasons.join(' ')).toContain(' 1');
  });

  test('only what is looked at step by step can be switched', () => {
    const [{ scheduler }] = fc.sample(randomRun, { numRuns: 1, seed: 1 });
    const other = {
      ...scheduler,
      maxNumSeqs: 77,
      maxModelLen: 1,
      asyncScheduling: !scheduler.asyncScheduling,
    };
    expect(switched(scheduler, other)).toEqual({ ...scheduler, maxNumSeqs: 77 });
  });
});
