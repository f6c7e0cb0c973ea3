import fc from 'fast-check';
import type { V0PoolConfig, V0SchedulerConfig } from '../../../sim/scheduler/v0/config.ts';
import { type V0Hooks, V0Scheduler } from '../../../sim/scheduler/v0/v0.ts';
import { type Run, WorkloadBuilder } from '../../../sim/workload/builder.ts';
import type { Workload } from '../../../sim/workload/workload.ts';
import { randomSurvival } from './random-survival.ts';

export interface V0Scenario {
  readonly pool: V0PoolConfig;
  readonly config: V0SchedulerConfig;
  readonly workload: Workload;
  readonly addBeforeStep: readonly number[];
  readonly abortBeforeStep: readonly number[];
  /** New ones for each run: a random survival of beams is a stream. */
  readonly makeHooks: (fast?: boolean) => V0Hooks;
  /** Sequences of a request are beams. */
  readonly hasBeams: boolean;
  readonly makeScheduler: (fast?: boolean) => V0Scheduler;
}

interface Ranges {
  readonly numGpuBlocks: { readonly min: number; readonly max: number };
  readonly maxNumSeqs: { readonly min: number; readonly max: number };
  readonly maxModelLen: { readonly min: number; readonly max: number };
  readonly outputs: readonly ('plain' | 'lookahead' | 'async')[];
  readonly policy: readonly ('fcfs' | 'priority')[];
  readonly kind: readonly ('naive' | 'caching' | 'window')[];
  /** Of a request. */
  readonly mostOutputs: number;
  readonly sequences: readonly number[];
  readonly abort: readonly number[];
  readonly lastArrival: number;
  readonly mostRequests: number;
}

const scenarioOf = (ranges: Ranges): fc.Arbitrary<V0Scenario> =>
  fc
    .record({
      blockSize: fc.constantFrom(1, 2, 4),
      numGpuBlocks: fc.integer(ranges.numGpuBlocks),
      numCpuBlocks: fc.constantFrom(0, 8, 40, 200),
      watermark: fc.constantFrom(0, 0.01, 0.1),
      kind: fc.constantFrom(...ranges.kind),
      window: fc.integer({ min: 1, max: 12 }),
      maxNumSeqs: fc.integer(ranges.maxNumSeqs),
      budget: fc.integer({ min: 1, max: 10 }),
      maxModelLen: fc.integer(ranges.maxModelLen),
      enableChunkedPrefill: fc.boolean(),
      policy: fc.constantFrom(...ranges.policy),
      preemptionMode: fc.constantFrom(null, null, 'swap' as const, 'recompute' as const),
      delayFactor: fc.constantFrom(0, 0, 0, 1.5),
      beams: fc.constantFrom('none', 'none', 'default', 'random'),
      outputs: fc.constantFrom(...ranges.outputs),
      lookahead: fc.integer({ min: 1, max: 5 }),
      accept: fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }),
      requests: fc.array(
        fc.record({
          step: fc.nat(ranges.lastArrival),
          shared: fc.nat(1),
          sharedLength: fc.nat(16),
          own: fc.integer({ min: 1, max: 20 }),
          outputs: fc.integer({ min: 1, max: ranges.mostOutputs }),
          n: fc.constantFrom(...ranges.sequences),
          lens: fc.array(fc.integer({ min: 1, max: ranges.mostOutputs }), { maxLength: 3 }),
          priority: fc.nat(2),
          abort: fc.constantFrom(...ranges.abort),
          follows: fc.boolean(),
        }),
        { minLength: 1, maxLength: ranges.mostRequests, size: 'max' },
      ),
    })
    .map((spec): V0Scenario => {
      const builder = new WorkloadBuilder();
      const added = [...spec.requests].sort((a, b) => a.step - b.step);
      added.forEach((request, i) => {
        const prompt: Run[] =
          request.follows && i > 0
            ? [...builder.promptOf(i - 1), [builder.outputSegmentOf(i - 1), 0, added[i - 1].outputs]]
            : [[builder.segment(`shared ${request.shared}`), 0, request.sharedLength]];
        prompt.push([builder.newSegment(), 0, request.own]);
        builder.add({
          arrivalNs: request.step,
          prompt,
          maxTokens: request.outputs,
          priority: request.priority,
          numSequences: Math.min(request.n, spec.maxNumSeqs),
        });
      });
      const workload = builder.finish();
      const pool: V0PoolConfig = {
        blockSize: spec.blockSize,
        numGpuBlocks: spec.numGpuBlocks,
        numCpuBlocks: spec.numCpuBlocks,
        watermark: spec.watermark,
        enablePrefixCaching: spec.kind === 'caching',
        slidingWindow: spec.kind === 'window' ? spec.window : null,
      };
      const enableChunkedPrefill = spec.enableChunkedPrefill && spec.kind !== 'window';
      const config: V0SchedulerConfig = {
        maxNumSeqs: spec.maxNumSeqs,
        maxNumBatchedTokens: enableChunkedPrefill
          ? Math.ceil((spec.budget + spec.maxNumSeqs) / spec.blockSize) * spec.blockSize
          : spec.maxModelLen,
        maxModelLen: spec.maxModelLen,
        enableChunkedPrefill,
        policy: spec.policy,
        preemptionMode: spec.preemptionMode,
        delayFactor: spec.delayFactor,
        numLookaheadSlots: spec.outputs === 'lookahead' ? spec.lookahead : 0,
        asyncOutputProc: spec.outputs === 'async',
      };
      const makeHooks = (fast = false): V0Hooks => ({
        acceptance: (request, i) => spec.accept[(request + i) % spec.accept.length],
        outputLimit: (request, i) =>
          Math.min(added[request].outputs, added[request].lens[i] ?? ranges.mostOutputs),
        usesBeamSearch: () => spec.beams !== 'none',
        beamSurvival: spec.beams === 'random' ? randomSurvival(7) : undefined,
        fast,
      });
      return {
        pool,
        config,
        makeHooks,
        workload,
        addBeforeStep: added.map((request) => request.step),
        hasBeams: spec.beams !== 'none',
        abortBeforeStep: added.map((request) => (request.abort < 0 ? -1 : request.step + request.abort)),
        makeScheduler: (fast) => new V0Scheduler(workload, pool, config, makeHooks(fast)),
      };
    });

/** Mixes of all features of V0, on pools that are too small. */
export const v0Scenario = scenarioOf({
  numGpuBlocks: { min: 4, max: 40 },
  maxNumSeqs: { min: 3, max: 8 },
  maxModelLen: { min: 16, max: 60 },
  outputs: ['plain', 'plain', 'lookahead', 'async'],
  policy: ['fcfs', 'fcfs', 'priority'],
  kind: ['naive', 'naive', 'caching', 'caching', 'window'],
  mostOutputs: 24,
  sequences: [1, 1, 1, 2, 3],
  abort: [-1, -1, -1, -1, 4, 11],
  lastArrival: 15,
  mostRequests: 10,
});

/** Long decodes on pools from tight to roomy: the fast path's own ground, now and then with forks among them. */
export const decodeHeavyV0Scenario = scenarioOf({
  numGpuBlocks: { min: 20, max: 200 },
  maxNumSeqs: { min: 3, max: 16 },
  maxModelLen: { min: 60, max: 220 },
  outputs: ['plain'],
  policy: ['fcfs'],
  kind: ['naive', 'caching'],
  mostOutputs: 160,
  sequences: [...new Array(30).fill(1), 2],
  abort: [...new Array(12).fill(-1), 9, 30],
  lastArrival: 120,
  mostRequests: 24,
});
