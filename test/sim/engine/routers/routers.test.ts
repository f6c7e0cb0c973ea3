import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LeastLoaded } from '../../../../sim/engine/routers/least-loaded.ts';
import { PrefixAware } from '../../../../sim/engine/routers/prefix-aware.ts';
import { PrefixTree } from '../../../../sim/engine/routers/prefix-tree.ts';
import { RoundRobin } from '../../../../sim/engine/routers/round-robin.ts';
import type { EngineLoad } from '../../../../sim/engine/routers/router.ts';
import { VllmInternal } from '../../../../sim/engine/routers/vllm-internal.ts';
import { type Run, WorkloadBuilder } from '../../../../sim/workload/builder.ts';

const loads = (...outstanding: number[]): EngineLoad[] =>
  outstanding.map((numOutstanding) => ({ numOutstanding, toldWaiting: 0, toldRunning: 0 }));

function prompts(...list: Run[][]) {
  const builder = new WorkloadBuilder();
  for (const prompt of list) builder.add({ arrivalNs: 0, prompt, maxTokens: 1 });
  return builder.finish();
}

test('round robin goes in turn, and least loaded among equals too', () => {
  const router = new RoundRobin();
  expect([0, 1, 2, 3].map((request) => router.pick(request, loads(9, 0, 0)))).toEqual([0, 1, 2, 0]);
  const least = new LeastLoaded();
  expect([0, 1, 2, 3].map((request) => least.pick(request, loads(1, 0, 0)))).toEqual([1, 2, 1, 2]);
});

test("vLLM's own: 4 × waiting + running, as of the last message, plus what was sent since", () => {
  const router = new VllmInternal(2);
  const told = (toldWaiting: number, toldRunning: number) => ({
    numOutstanding: 1,
    toldWaiting,
    toldRunning,
  });
  // Nothing is known yet: each request that is sent counts as one that waits.
  expect([0, 1, 2].map((request) => router.pick(request, loads(0, 0), 0))).toEqual([0, 1, 0]);
  expect(router.nextNs).toBe(100e6);
  // 7 running are less than 2 waiting.
  router.look([told(2, 0), told(0, 7)], 100e6);
  expect(router.pick(3, loads(1, 1), 101e6)).toBe(1);
  expect(router.pick(4, loads(1, 1), 102e6)).toBe(0);
  expect(router.nextNs).toBe(200e6);
  router.look([{ ...told(0, 0), numOutstanding: 0 }], 200e6);
  expect(router.nextNs).toBe(Number.POSITIVE_INFINITY);
});

test('prefix-aware: the longest known prefix, else the emptiest, and the least loaded where load is uneven', () => {
  const workload = prompts(
    [
      [0, 0, 100],
      [1, 0, 10],
    ],
    [
      [2, 0, 50],
      [3, 0, 10],
    ],
    [
      [0, 0, 100],
      [4, 0, 40],
    ],
    [
      [0, 0, 10],
      [5, 0, 90],
    ],
    [
      [0, 0, 100],
      [6, 0, 40],
    ],
  );
  const router = new PrefixAware(workload, 2, {
    cacheThreshold: 0.3,
    balanceAbsThreshold: 4,
    balanceRelThreshold: 1.5,
  });
  expect(router.pick(0, loads(0, 0))).toBe(0);
  expect(router.pick(1, loads(1, 0))).toBe(1);
  expect(router.pick(2, loads(1, 1))).toBe(0);
  // A tenth of it is known: too little.
  expect(router.pick(3, loads(2, 1))).toBe(1);
  expect(router.pick(4, loads(7, 2))).toBe(1);
});

test('prefix-aware: a prefix decides if more than the threshold is known, not as much', () => {
  const workload = prompts(
    [[0, 0, 50]],
    [[1, 0, 40]],
    [
      [0, 0, 50],
      [2, 0, 50],
    ],
  );
  const picked = (cacheThreshold: number) => {
    const router = new PrefixAware(workload, 2, {
      cacheThreshold,
      balanceAbsThreshold: 9,
      balanceRelThreshold: 9,
    });
    // The second engine is the emptier one when the last prompt comes, half of which the first was sent.
    return [0, 1, 2].map((request) => router.pick(request, loads(0, 0)))[2];
  };
  expect(picked(0.49)).toBe(0);
  expect(picked(0.5)).toBe(1);
});

test('the tree finds the longest prefix that was sent, and who was sent it last', () => {
  const run = fc.record({ segment: fc.nat(2), offset: fc.nat(2), length: fc.integer({ min: 1, max: 4 }) });
  fc.assert(
    fc.property(
      fc.array(fc.array(run, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 9 }),
      (list) => {
        const runs = list.map((prompt) =>
          prompt.map(({ segment, offset, length }): Run => [segment, offset, length]),
        );
        const workload = prompts(...runs);
        const tokens = runs.map((prompt) =>
          prompt.flatMap(([segment, offset, length]) =>
            Array.from({ length }, (_, i) => `${segment}:${offset + i}`),
          ),
        );
        const common = (a: string[], b: string[]) => {
          let n = 0;
          while (n < a.length && n < b.length && a[n] === b[n]) n++;
          return n;
        };
        const tree = new PrefixTree(workload, 3);
        for (let request = 0; request < runs.length; request++) {
          const before = Array.from({ length: request }, (_, i) => common(tokens[i], tokens[request]));
          const longest = Math.max(0, ...before);
          const match = tree.match(request);
          expect(match.tokens).toBe(longest);
          if (longest > 0) expect(match.engine).toBe(before.lastIndexOf(longest) % 3);
          tree.insert(request, request % 3);
        }
      },
    ),
    { numRuns: 500 },
  );
});
