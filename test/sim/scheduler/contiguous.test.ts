import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Leave } from '../../../sim/recording/contiguous-listener.ts';
import type { ContiguousConfig } from '../../../sim/scheduler/contiguous/config.ts';
import { type ContiguousHooks, ContiguousScheduler } from '../../../sim/scheduler/contiguous.ts';
import { WorkloadBuilder } from '../../../sim/workload/builder.ts';
import { must } from '../pool/v0-mirror.ts';
import { ContiguousMirror } from './contiguous-mirror.ts';

/** Requests as [prompt, outputs], all added at once. */
function make(
  config: Partial<ContiguousConfig>,
  requests: readonly (readonly [prompt: number, outputs: number])[],
  hooks?: ContiguousHooks,
): ContiguousScheduler {
  const builder = new WorkloadBuilder();
  for (const [prompt, maxTokens] of requests) {
    builder.add({ arrivalNs: 0, prompt: [[builder.newSegment(), 0, prompt]], maxTokens });
  }
  const scheduler = new ContiguousScheduler(
    builder.finish(),
    {
      policy: 'oracle',
      placement: 'first-fit',
      totalSlots: 100,
      maxModelLen: 50,
      maxNumSeqs: 8,
      maxNumBatchedTokens: 200,
      ...config,
    },
    hooks,
  );
  requests.forEach((_, request) => {
    scheduler.add(request, 0);
  });
  return scheduler;
}

function step(scheduler: ContiguousScheduler): boolean {
  const scheduled = scheduler.schedule(0);
  if (scheduled) scheduler.updateFromOutput();
  return scheduled;
}

describe('what is reserved', () => {
  const reserved = (config: Partial<ContiguousConfig>) => [...make(config, [[7, 25]]).numReserved];

  test('Max and static: all that any request may have', () => {
    expect(reserved({ policy: 'max' })).toEqual([50]);
    expect(reserved({ policy: 'static' })).toEqual([50]);
  });

  test('Pow2: prompt and the next power of two of the outputs, within max_model_len', () => {
    expect(reserved({ policy: 'pow2' })).toEqual([7 + 32]);
    expect(reserved({ policy: 'pow2', maxModelLen: 36 })).toEqual([36]);
  });

  test('Oracle: prompt and outputs, which max_model_len cuts', () => {
    expect(reserved({ policy: 'oracle' })).toEqual([32]);
    expect(reserved({ policy: 'oracle', maxModelLen: 20 })).toEqual([20]);
  });
});

test('waste is split into reserved, internal and external', () => {
  const scheduler = make({ policy: 'max' }, [
    [7, 3],
    [40, 20],
    [9, 1],
  ]);
  scheduler.schedule(0);
  // The second ends with 50 tokens; the third waits.
  expect(scheduler.waste()).toEqual({
    tokens: 47,
    reserved: 3 + 10,
    internal: 40,
    external: 0,
    free: 0,
    unusable: 0,
    largestFreeBlock: 0,
    externalFragmentation: 0,
  });
  scheduler.updateFromOutput();
  scheduler.schedule(0);
  expect(scheduler.regions()).toEqual([
    [0, 0, 50, 8],
    [1, 50, 50, 41],
  ]);
});

test('free slots in pieces are of no use to the first in the queue, and nobody passes it', () => {
  const scheduler = make({ policy: 'oracle', totalSlots: 40 }, [
    [9, 1],
    [9, 3],
    [9, 1],
    [15, 2],
    [1, 1],
  ]);
  expect(step(scheduler)).toBe(true);
  // Slots 0…9 and 22…39 were given up: request 3 fits behind, and the last one in front.
  scheduler.schedule(0);
  expect(scheduler.regions()).toEqual([
    [1, 10, 12, 10],
    [3, 22, 17, 15],
    [4, 0, 2, 1],
  ]);
  const blocked = make({ policy: 'oracle', totalSlots: 40 }, [
    [9, 1],
    [9, 3],
    [9, 1],
    [27, 1],
    [1, 1],
  ]);
  step(blocked);
  expect(blocked.schedule(0)).toBe(true);
  expect(blocked.numRunning).toBe(1);
  expect(blocked.waste()).toMatchObject({ external: 28, free: 28, unusable: 28, largestFreeBlock: 18 });
  expect(blocked.waste().externalFragmentation).toBeCloseTo(10 / 28, 12);
});

test("what the buddy system rounds up is not the request's", () => {
  const scheduler = make({ policy: 'pow2', placement: 'buddy', totalSlots: 96 }, [[20, 9]]);
  scheduler.schedule(0);
  expect(scheduler.waste()).toMatchObject({ tokens: 20, reserved: 9, internal: 7, external: 60, free: 32 });
  expect(scheduler.regions()).toEqual([[0, 0, 64, 20]]);
});

test('Orca admits between any two steps; a static batch waits for its longest request', () => {
  const requests = [
    [5, 1],
    [5, 3],
    [5, 1],
  ] as const;
  const runs = (policy: 'max' | 'static') => {
    const ended: number[][] = [];
    const scheduler = make({ policy, maxNumSeqs: 2 }, requests, {
      listener: {
        admitted() {},
        preempted() {},
        firstToken() {},
        finished: (request) => ended[ended.length - 1].push(request),
      },
    });
    do ended.push([]);
    while (step(scheduler));
    return ended;
  };
  expect(runs('max')).toEqual([[0], [2], [1], []]);
  expect(runs('static')).toEqual([[], [], [0, 1], [2], []]);
});

test('in a static batch, an ended request takes its slots and its row of the batch, for nothing', () => {
  const scheduler = make({ policy: 'static' }, [
    [5, 1],
    [5, 3],
  ]);
  step(scheduler);
  scheduler.schedule(0);
  expect(scheduler.waste()).toMatchObject({ tokens: 6, reserved: 2, internal: 92, external: 0 });
  expect(scheduler.shape).toMatchObject({ numRequests: 2, numSampled: 1, decodeContextTokens: 5 + 6 });
});

test('prompts are not cut: a step takes those that fit its budget, and one that never fits is refused', () => {
  const ignored: number[] = [];
  const scheduler = make(
    { maxNumBatchedTokens: 20, totalSlots: 60 },
    [
      [12, 2],
      [30, 2],
      [12, 2],
    ],
    {
      listener: {
        admitted() {},
        preempted() {},
        firstToken() {},
        finished() {},
        ignored: (request) => ignored.push(request),
      },
    },
  );
  scheduler.schedule(0);
  expect(scheduler.shape.numTokens).toBe(12);
  expect(ignored).toEqual([1]);
  scheduler.updateFromOutput();
  scheduler.schedule(0);
  expect(scheduler.shape).toMatchObject({ numTokens: 13, numDecodes: 1, numPrefills: 1 });
});

test('a region that exceeds the pool is refused, and the run ends', () => {
  const scheduler = make({ policy: 'max', totalSlots: 49 }, [[5, 5]]);
  expect(scheduler.schedule(0)).toBe(false);
  expect(scheduler.hasUnfinished).toBe(false);
});

const scenario = fc.record({
  policy: fc.constantFrom('max' as const, 'pow2' as const, 'oracle' as const, 'static' as const),
  placement: fc.constantFrom('first-fit' as const, 'best-fit' as const, 'buddy' as const),
  totalSlots: fc.integer({ min: 20, max: 200 }),
  maxModelLen: fc.integer({ min: 10, max: 60 }),
  maxNumSeqs: fc.integer({ min: 1, max: 8 }),
  maxNumBatchedTokens: fc.integer({ min: 8, max: 60 }),
  requests: fc.array(
    fc.record({
      step: fc.nat(20),
      prompt: fc.integer({ min: 1, max: 40 }),
      outputs: fc.integer({ min: 1, max: 30 }),
      abort: fc.constantFrom(0, 0, 0, 1, 6),
    }),
    { minLength: 1, maxLength: 25, size: 'max' },
  ),
});

test('kinds of waste sum to the pool, events say what is and can be undone, and everybody comes to an end', () => {
  fc.assert(
    fc.property(scenario, ({ requests, ...config }) => {
      const builder = new WorkloadBuilder();
      const sorted = requests
        .map((request) => ({ ...request, prompt: Math.min(request.prompt, config.maxModelLen - 1) }))
        .sort((a, b) => a.step - b.step);
      for (const { step, prompt, outputs } of sorted) {
        builder.add({ arrivalNs: step, prompt: [[builder.newSegment(), 0, prompt]], maxTokens: outputs });
      }
      const ends = new Map<number, string>();
      const end = (request: number, how: string) => {
        expect(ends.has(request)).toBe(false);
        ends.set(request, how);
      };
      const scheduler = new ContiguousScheduler(builder.finish(), config, {
        listener: {
          admitted() {},
          preempted: () => expect.fail('nobody is preempted'),
          firstToken() {},
          finished: (request) => end(request, 'finished'),
          ignored: (request) => end(request, 'ignored'),
        },
      });
      const mirror = new ContiguousMirror(config.totalSlots);
      scheduler.record(mirror);
      for (let now = 0; now <= 26 || scheduler.hasUnfinished; now++) {
        sorted.forEach(({ step, abort }, request) => {
          if (step === now) scheduler.add(request, now);
          if (abort > 0 && step + abort === now && scheduler.abort(request)) end(request, 'aborted');
        });
        scheduler.schedule(now);
        mirror.check(scheduler);
        checkWaste(scheduler, config.totalSlots);
        scheduler.updateFromOutput();
        mirror.check(scheduler);
        checkWaste(scheduler, config.totalSlots);
      }
      sorted.forEach(({ prompt, outputs }, request) => {
        if (ends.get(request) !== 'finished') return;
        expect(scheduler.numOutputs[request]).toBe(Math.min(outputs, config.maxModelLen - prompt));
      });
      expect(ends.size).toBe(sorted.length);
      expect(scheduler.waste()).toMatchObject({
        tokens: 0,
        reserved: 0,
        internal: 0,
        free: config.totalSlots,
      });
      expect(mirror.events.some((event) => event[0] === 'release' && event[2] === Leave.Ignore)).toBe(false);
      mirror.undoAll();
      expect(mirror).toEqual(new ContiguousMirror(config.totalSlots));
    }),
    { numRuns: Number(process.env.POOLSCOPE_FUZZ ?? 500) },
  );
});

/** Against the regions, summed up one by one. */
function checkWaste(scheduler: ContiguousScheduler, totalSlots: number): void {
  const { tokens, reserved, internal, external, free, largestFreeBlock } = scheduler.waste();
  must(tokens + reserved + internal + external === totalSlots);
  must(Math.min(tokens, reserved, internal, external) >= 0);
  let held = 0;
  let rounded = 0;
  for (const [request, , length, used] of scheduler.regions()) {
    must(used <= scheduler.numFinal[request]);
    must(scheduler.numFinal[request] <= scheduler.numReserved[request]);
    held += scheduler.numReserved[request];
    rounded += length - scheduler.numReserved[request];
  }
  must(tokens + reserved + internal === held);
  must(external === free + rounded);
  must(largestFreeBlock <= free);
}
