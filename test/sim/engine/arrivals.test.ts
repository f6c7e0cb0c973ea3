import { expect, test } from 'vitest';
import { Arrivals } from '../../../sim/engine/arrivals.ts';
import { type NewRequest, WorkloadBuilder } from '../../../sim/workload/builder.ts';

/** Requests that arrive at these times, or so long after the end of another. */
function arrivalsOf(...requests: readonly Omit<NewRequest, 'prompt' | 'maxTokens'>[]): Arrivals {
  const builder = new WorkloadBuilder();
  for (const request of requests) builder.add({ ...request, prompt: [[0, 0, 1]], maxTokens: 1 });
  return new Arrivals(builder.finish());
}

function takeAll(arrivals: Arrivals, now: number): number[] {
  const taken: number[] = [];
  for (let request = arrivals.takeArrival(now); request >= 0; request = arrivals.takeArrival(now)) {
    taken.push(request);
  }
  return taken;
}

test('a turn that comes at the same time as another request: in the order of the workload', () => {
  const arrivals = arrivalsOf(
    { arrivalNs: 0 },
    { arrivalNs: 10 },
    { arrivalNs: 4, dependsOn: 0 },
    { arrivalNs: 10 },
  );
  expect(takeAll(arrivals, 0)).toEqual([0]);
  arrivals.ended(0, 6);
  expect(arrivals.nextNs).toBe(10);
  const taken = takeAll(arrivals, 10);
  expect(taken).toEqual(taken.toSorted((a, b) => a - b));
  expect(taken).toHaveLength(3);
});

test('who has an answer does not give up any more', () => {
  const arrivals = arrivalsOf({ arrivalNs: 0, abortAfterNs: 5 }, { arrivalNs: 1, abortAfterNs: 5 });
  expect(takeAll(arrivals, 1)).toEqual([0, 1]);
  arrivals.ended(0, 3);
  expect(arrivals.nextNs).toBe(6);
  expect(arrivals.takeAbort(5)).toBe(-1);
  expect(arrivals.takeAbort(6)).toBe(1);
});
