import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CachingAllocator } from '../../../sim/memory/caching-allocator/caching-allocator.ts';
import { parseAllocatorConf } from '../../../sim/memory/caching-allocator/conf.ts';
import { SimulatedDevice } from '../../../sim/memory/caching-allocator/device.ts';
import { plan } from '../../../sim/memory/planner.ts';
import { ForwardPass, type ForwardStep } from '../../../sim/memory/serving/forward-pass.ts';
import type { ForwardShape } from '../../../sim/memory/serving/forward-shape.ts';
import { changeAt, isServingAllocator, MAX_CHANGES } from '../../../sim/memory/serving/serving-allocator.ts';
import { ServingRank } from '../../../sim/memory/serving/serving-rank.ts';
import { decodeRecording, encodeRecording } from '../../../sim/recording/codec.ts';
import type { Recording } from '../../../sim/recording/recording.ts';
import { crashOutcome } from '../../../sim/report/crash-outcome.ts';
import { summarize } from '../../../sim/report/summary.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { GIB, MIB } from '../../../sim/units.ts';
import { shapeOf } from '../moe/shapes.ts';

interface Setting {
  readonly command: string;
  readonly gpu?: string;
  readonly count?: number;
  readonly vllm?: string;
  readonly otherGib?: number;
  readonly env?: Record<string, string>;
  readonly workload?: object;
}

function scenarioOf({ command, gpu = 'a6000', count = 1, vllm = '2026-05', otherGib = 0, ...more }: Setting) {
  const hardware = { gpu, count, 'other-gib': otherGib };
  const workload = { 'num-prompts': 8, 'random-input-len': 3000, 'random-output-len': 8 };
  return parseScenario(JSON.stringify({ version: 1, vllm, command, hardware, workload, ...more }), 's.json');
}

function run(setting: Setting) {
  const { plan, recording } = simulateScenario(scenarioOf(setting));
  if (!plan.starts || recording === null) throw new Error('it does not start');
  return { plan, recording, summary: summarize(recording), allocators: recording.header.allocators ?? [] };
}

const GLM = 'vllm serve THUDM/glm-4-9b-chat --max-model-len 8192 --enforce-eager';

describe('serving allocates from what the start left', () => {
  test('between steps only that is live; a prompt needs what its layers hold at once', () => {
    const { plan, recording, allocators } = run({ command: GLM });
    const [{ allocatedBytes, peakAllocatedBytes, changes, numAllocRetries }] = allocators;
    expect(allocatedBytes).toBe(plan.ranks[0].allocator.allocatedBytes);
    expect(changes.numSteps[0]).toBe(0);
    expect(changes.reservedBytes[0]).toBe(plan.ranks[0].allocator.reservedBytes);
    expect(numAllocRetries).toBe(0);
    // The residual stream, the input and its norm of 4096, gate and up and their product of 13696, 16 bits each.
    const tokens = recording.steps.numScheduledTokens.reduce((most, n) => Math.max(most, n), 0);
    expect(tokens).toBe(2048);
    expect(peakAllocatedBytes - allocatedBytes).toBe(tokens * 2 * (3 * 4096 + 3 * 13_696));
  });

  test('a replayed graph allocates nothing: what is left of a decode are its logits', () => {
    const shape = { ...DENSE, samples: true };
    const peakOf = (graphs: ForwardStep['graphs']) => {
      const allocator = new CachingAllocator(new SimulatedDevice(GIB));
      new ForwardPass(allocator, shape).run(
        stepOf({ graphs, numTokens: 64, numDecodes: 64, numSampled: 64 }),
      );
      return allocator.stats.get('allocated_bytes', 'peak');
    };
    expect(peakOf('whole')).toBe(64 * shape.hidden + 64 * 1024 * 2);
    expect(peakOf('all-but-attention')).toBe(peakOf('whole'));
    expect(peakOf('none')).toBeGreaterThan(peakOf('whole'));
  });

  test('ranks that hold the same share an allocator; expandable segments leave no holes', () => {
    const command = 'vllm serve Qwen/Qwen3-30B-A3B --tensor-parallel-size 4 --max-model-len 8192';
    const setting = { command, gpu: 'rtx4090', count: 4 };
    const { allocators, summary } = run(setting);
    expect(allocators.map(({ ranks }) => ranks)).toEqual([[0, 1, 2, 3]]);
    expect(summary.allocator?.peakInactiveSplitBytes).toBeGreaterThan(0);
    const env = { PYTORCH_CUDA_ALLOC_CONF: 'expandable_segments:True' };
    expect(run({ ...setting, env }).summary.allocator?.peakInactiveSplitBytes).toBe(0);
  });

  test('what served before paging had no PyTorch', () => {
    const text = { version: 1, command: GLM, hardware: { gpu: 'a6000' }, system: 'orca-max' };
    const { recording } = simulateScenario(parseScenario(JSON.stringify(text), 's.json'));
    expect(recording?.header.allocators).toBeUndefined();
  });
});

describe('when a GPU is too full', () => {
  /** All but so many bytes of what the start leaves are another process's. */
  function leaving(bytes: number, command: string, vllm: string): Setting {
    const setting = { command, vllm };
    const planned = plan(scenarioOf(setting));
    if (!planned.starts) throw new Error(planned.message);
    const [{ totalBytes, nonTorchBytes, uncountedBytes, allocator }] = planned.ranks;
    const left = totalBytes - allocator.reservedBytes - nonTorchBytes - uncountedBytes;
    return { ...setting, otherGib: (left - bytes) / GIB };
  }

  test('V0 starts, and dies of the first large prompt, in PyTorch’s words', () => {
    const { recording, summary } = run(leaving(64 * MIB, GLM, '0.6.3'));
    expect(recording.header.end).toBe('engine-crash');
    expect(recording.header.crash?.error).toMatch(
      /^torch\.OutOfMemoryError: CUDA out of memory\. Tried to allocate \d+\.\d\d MiB\. GPU 0 has a total capacity of 44\.55 GiB of which/,
    );
    expect(crashOutcome(summary.crash!)).toMatch(
      /^engine-crash \(CUDA out of memory on GPU 0, for .+ at step 0\)$/,
    );
    expect(summary.allocator?.numAllocRetries).toBe(1);
    expect(summary.requests.unfinished).toBe(8);
  });

  test('short prompts go on where long ones die', () => {
    const setting = leaving(64 * MIB, GLM, '0.6.3');
    const workload = { 'num-prompts': 4, 'random-input-len': 100, 'random-output-len': 8, 'request-rate': 1 };
    expect(run({ ...setting, workload }).summary.end).toBe('drained');
  });

  test('V1’s warm-up of the sampler leaves enough behind', () => {
    const [{ kvCacheBytes, totalBytes, nonTorchBytes, uncountedBytes, allocator }] = run({ command: GLM })
      .plan.ranks;
    const left = totalBytes - allocator.reservedBytes - nonTorchBytes - uncountedBytes;
    const { summary } = run({
      command: `${GLM} --kv-cache-memory-bytes ${Math.floor(kvCacheBytes + left) - 160 * MIB}`,
    });
    expect(summary.end).toBe('drained');
    expect(summary.allocator?.reservedBytes).toBe(summary.allocator?.peakReservedBytes);
  });
});

const DENSE: ForwardShape = {
  hidden: 8192,
  attention: { inputs: [10_240], prefill: [], decode: [], softmax: 128, output: 8192 },
  dense: [57_344, 28_672],
  experts: null,
  keepsWorkspace: true,
  layers: [{ hasExperts: false, count: 8 }],
  samples: true,
};

function stepOf(step: Partial<ForwardStep>): ForwardStep {
  const { numSampled = 1 } = step;
  return {
    graphs: 'none',
    numTokens: 1,
    numDecodes: 0,
    numRows: 0,
    logits: [1024 * numSampled, 1024 * numSampled],
    numSampled,
    ...step,
  };
}

test('leaving out what repeats itself leaves nothing out', () => {
  const moe = shapeOf('zai-org/GLM-4.7-Flash', { tensor: 4, experts: true });
  const latent = {
    inputs: [1536, 1152, 2560],
    prefill: [4480, 2560],
    decode: [5120, 5120],
    softmax: 20,
    output: 2560,
  };
  const shapes: ForwardShape[] = [
    DENSE,
    {
      ...DENSE,
      experts: moe,
      attention: latent,
      hidden: 4096,
      layers: [
        { hasExperts: false, count: 1 },
        { hasExperts: true, count: 19 },
      ],
    },
    {
      ...DENSE,
      experts: shapeOf('mistralai/Mixtral-8x7B-v0.1', {}, { engine: 'v0' }),
      keepsWorkspace: false,
      layers: [{ hasExperts: true, count: 12 }],
    },
  ];
  const confs = ['', 'expandable_segments:True', 'max_split_size_mb:64', 'roundup_power2_divisions:4'];
  const step = fc.record({
    graphs: fc.constantFrom('whole' as const, 'all-but-attention' as const, 'none' as const, 'none' as const),
    numTokens: fc.oneof(fc.constantFrom(8, 512, 2048), fc.integer({ min: 1, max: 4096 })),
    numSampled: fc.constantFrom(0, 1, 8, 64),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...shapes),
      fc.constantFrom(...confs),
      fc.constantFrom(0.3, 1, 8),
      fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }),
      (shape, conf, gibibytes, steps) => {
        const served = (layers: ForwardShape['layers'], remembers: boolean) => {
          const allocator = new CachingAllocator(
            new SimulatedDevice(gibibytes * GIB),
            parseAllocatorConf(conf),
          );
          // Something stays that leaves holes.
          const held = [3, 30, 5, 70].map((size) => allocator.alloc(size * MIB));
          allocator.free(held[1]);
          const rank = new ServingRank([0], allocator, new ForwardPass(allocator, { ...shape, layers }));
          let crash = '';
          for (const [i, each] of steps.entries()) {
            try {
              // A step whose rows are counted is never taken for a known one.
              rank.step(stepOf({ ...each, numRows: remembers ? 0 : 1 }), i);
            } catch (error) {
              crash = `${i}: ${error}`;
              break;
            }
          }
          return { crash, report: rank.report(), segments: allocator.snapshot() };
        };
        const each = shape.layers.flatMap(({ hasExperts, count }) =>
          Array.from({ length: count }, () => ({ hasExperts, count: 1 })),
        );
        expect(served(shape.layers, true)).toEqual(served(each, false));
      },
    ),
    { numRuns: 150, seed: 20261121 },
  );
});

test('of very many changes, every other one is kept, the last among them', () => {
  const allocator = new CachingAllocator(new SimulatedDevice(64 * GIB));
  const rank = new ServingRank([3], allocator, new ForwardPass(allocator, { ...DENSE, layers: [] }));
  for (let i = 0; i < 1500; i++) {
    allocator.emptyCache();
    rank.step(stepOf({ numTokens: 1 + i }), i);
  }
  const report = rank.report();
  const { numSteps, reservedBytes } = report.changes;
  expect(numSteps.length).toBeLessThanOrEqual(MAX_CHANGES);
  expect(numSteps.length).toBeGreaterThan(MAX_CHANGES / 4);
  expect(numSteps[0]).toBe(0);
  expect(numSteps[numSteps.length - 1]).toBe(1500);
  expect(reservedBytes[reservedBytes.length - 1]).toBe(allocator.stats.get('reserved_bytes'));
  expect(isServingAllocator(JSON.parse(JSON.stringify(report)))).toBe(true);
});

describe('in a recording file', () => {
  const { recording } = run({ command: GLM });
  const fileWith = (change: object) =>
    encodeRecording({ ...recording, header: { ...recording.header, ...change } } as Recording);

  test('they are written and read; older files have none', () => {
    expect(decodeRecording(fileWith({})).header.allocators).toEqual(recording.header.allocators);
    const old = decodeRecording(fileWith({ allocators: undefined, memory: undefined }));
    expect(summarize(old).allocator).toBeNull();
  });

  const [allocator] = recording.header.allocators ?? [];
  const [strip] = recording.header.memory ?? [];
  test.each<[string, object]>([
    ['allocators', { allocators: {} }],
    ['ranks', { allocators: [{ ...allocator, ranks: [] }] }],
    ['a column', { allocators: [{ ...allocator, changes: { ...allocator.changes, reservedBytes: [] } }] }],
    ['order', { allocators: [{ ...allocator, changes: { ...allocator.changes, numSteps: [4, 0] } }] }],
    ['a peak', { allocators: [{ ...allocator, peakReservedBytes: '1 GiB' }] }],
    ['memory', { memory: 'much' }],
    ['a strip', { memory: [null] }],
    ['kinds', { memory: [{ ...strip, bytes: [1, 2, 3] }] }],
    ['less than nothing', { memory: [{ ...strip, totalBytes: -1 }] }],
    ['a hole', { memory: [{ ...strip, segments: [{ count: 1, bytes: 2, holds: '', holes: [null] }] }] }],
    ['what it holds', { memory: [{ ...strip, segments: [{ count: 1, bytes: 2, holds: {}, holes: [] }] }] }],
  ])('a file with nonsense for %s is refused', (_, change) => {
    expect(() => decodeRecording(fileWith(change))).toThrow('the header lacks fields of a recording');
  });
});

test('the change that holds after a step', () => {
  const changes = {
    numSteps: [0, 1, 5],
    reservedBytes: [],
    inactiveSplitBytes: [],
    largestFreeBlock: [],
    numAllocRetries: [],
  };
  expect([0, 1, 4, 5, 900].map((step) => changeAt(changes, step))).toEqual([0, 1, 1, 2, 2]);
});
