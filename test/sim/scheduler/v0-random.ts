import fc from 'fast-check';
import { randomSurvival } from '../../../sim/scheduler/v0/beam-search.ts';
import type { V0PoolConfig, V0SchedulerConfig } from '../../../sim/scheduler/v0/config.ts';
import { type V0Hooks, V0Scheduler } from '../../../sim/scheduler/v0/v0.ts';
import { type Run, WorkloadBuilder } from '../../../sim/workload/builder.ts';
import type { Workload } from '../../../sim/workload/workload.ts';

export interface V0Scenario {
  readonly pool: V0PoolConfig;
  readonly config: V0SchedulerConfig;
  readonly workload: Workload;
  readonly addBeforeStep: readonly number[];
  readonly abortBeforeStep: readonly number[];
  /** New ones for each run: a random survival of beams is a stream. */
  readonly makeHooks: () => V0Hooks;
  /** Sequences of a request are beams. */
  readonly hasBeams: boolean;
  readonly makeScheduler: () => V0Scheduler;
}

/** Mixes of all features of V0, on pools that are too small. */
export const v0Scenario: fc.Arbitrary<V0Scenario> = fc
  .record({
    blockSize: fc.constantFrom(1, 2, 4),
    numGpuBlocks: fc.integer({ min: 4, max: 40 }),
    numCpuBlocks: fc.constantFrom(0, 8, 40, 200),
    watermark: fc.constantFrom(0, 0.01, 0.1),
    kind: fc.constantFrom('naive', 'naive', 'caching', 'caching', 'window'),
    window: fc.integer({ min: 1, max: 12 }),
    maxNumSeqs: fc.integer({ min: 3, max: 8 }),
    budget: fc.integer({ min: 1, max: 10 }),
    maxModelLen: fc.integer({ min: 16, max: 60 }),
    enableChunkedPrefill: fc.boolean(),
    policy: fc.constantFrom('fcfs' as const, 'fcfs' as const, 'priority' as const),
    preemptionMode: fc.constantFrom(null, null, 'swap' as const, 'recompute' as const),
    delayFactor: fc.constantFrom(0, 0, 0, 1.5),
    beams: fc.constantFrom('none', 'none', 'default', 'random'),
    outputs: fc.constantFrom('plain', 'plain', 'lookahead', 'async'),
    lookahead: fc.integer({ min: 1, max: 5 }),
    accept: fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }),
    requests: fc.array(
      fc.record({
        step: fc.nat(15),
        shared: fc.nat(1),
        sharedLength: fc.nat(16),
        own: fc.integer({ min: 1, max: 20 }),
        outputs: fc.integer({ min: 1, max: 24 }),
        n: fc.constantFrom(1, 1, 1, 2, 3),
        lens: fc.array(fc.integer({ min: 1, max: 24 }), { maxLength: 3 }),
        priority: fc.nat(2),
        abort: fc.constantFrom(-1, -1, -1, -1, 4, 11),
        follows: fc.boolean(),
      }),
      { minLength: 1, maxLength: 10 },
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
    const makeHooks = (): V0Hooks => ({
      acceptance: (request, i) => spec.accept[(request + i) % spec.accept.length],
      outputLimit: (request, i) => Math.min(added[request].outputs, added[request].lens[i] ?? 99),
      usesBeamSearch: () => spec.beams !== 'none',
      beamSurvival: spec.beams === 'random' ? randomSurvival(7) : undefined,
    });
    return {
      pool,
      config,
      makeHooks,
      workload,
      addBeforeStep: added.map((request) => request.step),
      hasBeams: spec.beams !== 'none',
      abortBeforeStep: added.map((request) => (request.abort < 0 ? -1 : request.step + request.abort)),
      makeScheduler: () => new V0Scheduler(workload, pool, config, makeHooks()),
    };
  });
