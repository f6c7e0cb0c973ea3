import fc from 'fast-check';
import type { SimulationInput } from '../../sim/engine/simulation-input.ts';
import type { KvCacheGroup } from '../../sim/scheduler/config.ts';
import { fixedStepTime } from '../../sim/time/fixed.ts';
import { sharedStages } from '../../sim/time/stages.ts';
import { type Image, type Run, WorkloadBuilder } from '../../sim/workload/builder.ts';

/** What a random run is made from; small enough that pools are pressed and prompts collide. */
export const randomRun: fc.Arbitrary<SimulationInput> = fc
  .record({
    layout: fc.constantFrom('full', 'window', 'hybrid', 'hybrid-sizes', 'twins', 'chunked', 'llama4'),
    blockSize: fc.constantFrom(1, 2, 4, 16),
    extraBlocks: fc.nat(40),
    window: fc.integer({ min: 1, max: 40 }),
    enablePrefixCaching: fc.boolean(),
    maxNumSeqs: fc.integer({ min: 1, max: 6 }),
    budget: fc.integer({ min: 6, max: 64 }),
    maxModelLen: fc.integer({ min: 16, max: 90 }),
    enableChunkedPrefill: fc.boolean(),
    threshold: fc.constantFrom(0, 0, 5, 17),
    reserve: fc.boolean(),
    policy: fc.constantFrom('fcfs' as const, 'priority' as const),
    asyncScheduling: fc.boolean(),
    numSpeculativeTokens: fc.constantFrom(0, 0, 1, 3),
    useEagle: fc.boolean(),
    requests: fc.array(
      fc.record({
        arrival: fc.nat(30),
        shared: fc.nat(2),
        sharedLength: fc.nat(40),
        own: fc.integer({ min: 1, max: 50 }),
        outputs: fc.integer({ min: 1, max: 40 }),
        priority: fc.nat(2),
        abortAfter: fc.constantFrom(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 3, 12),
        follows: fc.boolean(),
        images: fc.array(fc.record({ content: fc.nat(3), length: fc.integer({ min: 1, max: 9 }) }), {
          maxLength: 3,
        }),
      }),
      { minLength: 1, maxLength: 14, size: 'max' },
    ),
    resets: fc.array(fc.record({ atNs: fc.nat(400), preemptRunning: fc.boolean() }), { maxLength: 3 }),
    hasImages: fc.boolean(),
    encoder: fc.record({
      computeBudget: fc.integer({ min: 9, max: 20 }),
      cacheSize: fc.integer({ min: 9, max: 20 }),
      disableChunkedMmInput: fc.boolean(),
    }),
    acceptance: fc.array(fc.nat(3), { minLength: 1, maxLength: 5 }),
  })
  .map((spec) => {
    const { blockSize, window } = spec;
    // vLLM has no eagle beside chunked local attention.
    const useEagle = spec.useEagle && !['chunked', 'llama4'].includes(spec.layout);
    const full = (size: number): KvCacheGroup => ({ kind: 'full', blockSize: size, window: 0 });
    const sliding = (size: number): KvCacheGroup => ({ kind: 'sliding_window', blockSize: size, window });
    const chunked = (size: number): KvCacheGroup => ({ kind: 'chunked_local', blockSize: size, window });
    const groups = {
      full: [full(blockSize)],
      window: [sliding(blockSize)],
      hybrid: [full(blockSize), sliding(blockSize)],
      'hybrid-sizes': [full(blockSize * 2), sliding(blockSize)],
      twins: [full(blockSize), full(blockSize)],
      chunked: [chunked(blockSize)],
      llama4: [full(blockSize), chunked(blockSize)],
    }[spec.layout];
    // vLLM checks at start-up that one request of max_model_len fits: look-ahead included, it does.
    const oneRequest = groups.reduce(
      (sum, { blockSize: size }) => sum + Math.ceil(spec.maxModelLen / size),
      0,
    );
    const builder = new WorkloadBuilder();
    spec.requests.forEach((request, i) => {
      const previous = i - 1;
      const quotes = request.follows && previous >= 0;
      const prompt: Run[] = quotes
        ? [
            ...builder.promptOf(previous),
            [builder.outputSegmentOf(previous), 0, spec.requests[previous].outputs],
          ]
        : request.sharedLength > 0
          ? [[builder.segment(`shared ${request.shared}`), 0, request.sharedLength]]
          : [];
      const images: Image[] = quotes ? [...builder.imagesOf(previous)] : [];
      for (const { content, length } of spec.hasImages ? request.images : []) {
        const segment = builder.segment(`image ${content} ${length}`);
        images.push({ segment, length, offset: prompt.reduce((sum, run) => sum + run[2], 0) });
        prompt.push([segment, 0, length]);
      }
      prompt.push([builder.newSegment(), 0, request.own]);
      builder.add({
        arrivalNs: quotes ? request.arrival : request.arrival * 3,
        dependsOn: quotes ? previous : -1,
        prompt,
        images,
        maxTokens: request.outputs,
        priority: request.priority,
        abortAfterNs: request.abortAfter * 10,
      });
    });
    return {
      name: 'random',
      seed: 0,
      vllm: '2026-05',
      pool: {
        numGpuBlocks: 1 + oneRequest + spec.extraBlocks,
        enablePrefixCaching: spec.enablePrefixCaching,
        hashBlockSize: blockSize,
        groups,
      },
      scheduler: {
        maxNumSeqs: spec.maxNumSeqs,
        maxNumBatchedTokens: spec.enableChunkedPrefill
          ? spec.budget
          : Math.max(spec.budget, spec.maxModelLen),
        maxNumScheduledTokens: null,
        maxModelLen: spec.maxModelLen,
        enableChunkedPrefill: spec.enableChunkedPrefill,
        longPrefillTokenThreshold: spec.threshold,
        schedulerReserveFullIsl: spec.reserve,
        policy: spec.policy,
        asyncScheduling: spec.asyncScheduling,
        numSpeculativeTokens: spec.numSpeculativeTokens,
        numLookaheadTokens: useEagle ? spec.numSpeculativeTokens : 0,
        useEagle: useEagle && spec.numSpeculativeTokens > 0,
        ...(spec.hasImages && { encoder: spec.encoder }),
      },
      workload: builder.finish(),
      stepTime: fixedStepTime(4),
      cacheResets: spec.resets.toSorted((a, b) => a.atNs - b.atNs),
      acceptance: (request, verification) =>
        spec.acceptance[(request + verification) % spec.acceptance.length],
      // Without the full-sequence gate real vLLM can preempt itself for ever.
      maxSteps: 3000,
    };
  });

/** The same over the stages of a pipeline. */
export const randomPipelineRun: fc.Arbitrary<SimulationInput> = fc
  .tuple(randomRun, fc.constantFrom(2, 3, 4))
  .map(([input, numStages]) => ({ ...input, stages: sharedStages(fixedStepTime(9), 5, numStages) }));
