import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cluster } from '../../../sim/engine/cluster.ts';
import { LeastLoaded } from '../../../sim/engine/routers/least-loaded.ts';
import { DEFAULT_PREFIX_AWARE, PrefixAware } from '../../../sim/engine/routers/prefix-aware.ts';
import { RoundRobin } from '../../../sim/engine/routers/round-robin.ts';
import type { Router } from '../../../sim/engine/routers/router.ts';
import { VllmInternal } from '../../../sim/engine/routers/vllm-internal.ts';
import { simulate } from '../../../sim/engine/simulate.ts';
import type { SimulationInput } from '../../../sim/engine/simulation-input.ts';
import { digestOf } from '../../../sim/recording/codec.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { EventKind, KIND_MASK } from '../../../sim/recording/events.ts';
import { mergeRecordings } from '../../../sim/recording/merge.ts';
import type { Recording } from '../../../sim/recording/recording.ts';
import { Outcome } from '../../../sim/recording/tables.ts';
import { summarize } from '../../../sim/report/summary.ts';
import { randomRun } from '../random-run.ts';

const NUM_RUNS = Number(process.env.POOLSCOPE_FUZZ ?? 300);

type MakeRouter = (input: SimulationInput, engines: number) => Router;
const ROUTERS: readonly MakeRouter[] = [
  () => new RoundRobin(),
  () => new LeastLoaded(),
  (_, engines) => new VllmInternal(engines),
  ({ workload }, engines) =>
    new PrefixAware(workload, engines, { ...DEFAULT_PREFIX_AWARE, balanceAbsThreshold: 2 }),
];

const randomCluster = fc.record({
  input: randomRun,
  engines: fc.integer({ min: 2, max: 4 }),
  makeRouter: fc.constantFrom(...ROUTERS),
});

const engines = (count: number) => Array.from({ length: count }, () => ({}));

function ownersOf(recording: Recording): Set<number> {
  const own = new Set<number>();
  recording.requests.outcome.forEach((outcome, request) => {
    if (outcome !== Outcome.Elsewhere) own.add(request);
  });
  return own;
}

test('one engine behind a router is the plain run, byte for byte', () => {
  fc.assert(
    fc.property(randomRun, fc.constantFrom(...ROUTERS), (input, makeRouter) => {
      const { recordings } = new Cluster(input, engines(1), { router: makeRouter(input, 1) }).run();
      expect(digestOf(recordings[0])).toBe(digestOf(simulate(input)));
    }),
    { numRuns: NUM_RUNS, seed: 20261121 },
  );
});

test('every request is served by one engine, and together they do what all requests ask', () => {
  fc.assert(
    fc.property(randomCluster, ({ input, engines: count, makeRouter }) => {
      const { recordings, requests } = new Cluster(input, engines(count), {
        router: makeRouter(input, count),
      }).run();
      const owners = recordings.map(ownersOf);
      for (let request = 0; request < input.workload.numRequests; request++) {
        const own = owners.flatMap((requests_, engine) => (requests_.has(request) ? [engine] : []));
        if (!recordings.every(({ header }) => header.end === 'drained')) expect(own.length).toBeLessThan(2);
        else expect(own).toHaveLength(1);
        for (const engine of own) {
          expect(recordings[engine].requests.outcome[request]).toBe(requests.outcome[request]);
          expect(recordings[engine].requests.endNs[request]).toBe(requests.endNs[request]);
        }
      }
      recordings.forEach((recording, engine) => {
        const { events, header, numEvents } = recording;
        for (let event = 0; event < numEvents; event++) {
          const kind = events.kind[event] & KIND_MASK;
          if (kind === EventKind.Arrive || kind === EventKind.Admit)
            expect(owners[engine]).toContain(events.a[event]);
        }
        const cursor = new Cursor(recording);
        cursor.seek(recording.numSteps);
        if (header.end === 'drained') expect(cursor.numFree).toBe(cursor.numBlocks - 1);
      });
    }),
    { numRuns: NUM_RUNS, seed: 20261122 },
  );
});

test('the same cluster gives the same bytes, and its engines together have all steps and tokens', () => {
  fc.assert(
    fc.property(randomCluster, ({ input, engines: count, makeRouter }) => {
      const run = () => new Cluster(input, engines(count), { router: makeRouter(input, count) }).run();
      const { recordings, requests } = run();
      expect(recordings.map(digestOf)).toEqual(run().recordings.map(digestOf));
      const merged = summarize(mergeRecordings('all', recordings, requests));
      const parts = recordings.map(summarize);
      const sum = (read: (summary: (typeof parts)[number]) => number) =>
        parts.reduce((total, part) => total + read(part), 0);
      expect(merged.numSteps).toBe(sum(({ numSteps }) => numSteps));
      expect(merged.numPreemptions).toBe(sum(({ numPreemptions }) => numPreemptions));
      expect(merged.requests.finished).toBe(sum(({ requests: { finished } }) => finished));
      expect(merged.requests.total).toBe(input.workload.numRequests);
      expect(merged.simulatedSeconds).toBe(
        Math.max(...parts.map(({ simulatedSeconds }) => simulatedSeconds)),
      );
    }),
    { numRuns: NUM_RUNS, seed: 20261123 },
  );
});

test('engines that share experts start and end their batches together', () => {
  fc.assert(
    fc.property(
      randomCluster,
      fc.integer({ min: 1, max: 9 }),
      ({ input, engines: count, makeRouter }, ns) => {
        const alone = { ...input, scheduler: { ...input.scheduler, asyncScheduling: false } };
        const stepTime = { stepNs: (batch: { numTokens: number }) => ns + batch.numTokens };
        const { recordings } = new Cluster({ ...alone, stepTime }, engines(count), {
          router: makeRouter(input, count),
          shared: 'experts',
        }).run();
        const endOf = new Map<number, number>();
        for (const { steps, numSteps } of recordings) {
          for (let step = 0; step < numSteps; step++) {
            const { startNs, endNs, numScheduledTokens } = steps;
            expect(endNs[step] - startNs[step]).toBeGreaterThanOrEqual(ns + numScheduledTokens[step]);
            expect(endOf.get(startNs[step]) ?? endNs[step]).toBe(endNs[step]);
            endOf.set(startNs[step], endNs[step]);
          }
        }
        let last = 0;
        for (const [startNs, endNs] of [...endOf].sort(([a], [b]) => a - b)) {
          expect(startNs).toBeGreaterThanOrEqual(last);
          last = endNs;
        }
      },
    ),
    { numRuns: NUM_RUNS, seed: 20261124 },
  );
});
