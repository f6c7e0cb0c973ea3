import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatProblem, InputError } from '../../../sim/error.ts';
import { plan } from '../../../sim/memory/planner.ts';
import { digestOf } from '../../../sim/recording/codec.ts';
import { summarizeMoe } from '../../../sim/report/moe-summary.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';

const FOLDER = new URL('../../../scenarios/moe/', import.meta.url);

/** A scenario of the repository with fewer requests. */
function small(name: string, change: (text: string) => string = (text) => text) {
  const text = readFileSync(new URL(`${name}.pool.yaml`, FOLDER), 'utf8');
  return parseScenario(change(text.replace(/num-prompts: \d+/, 'num-prompts: 20')), name);
}

function run(...args: Parameters<typeof small>) {
  const { plan, recording, moe } = simulateScenario(small(...args));
  if (!plan.starts || recording === null || moe === null) throw new Error('does not start');
  return { plan, recording, moe, summary: summarizeMoe(moe) };
}

test('Qwen3-30B-A3B, TP 4 and EP 4: 32 of 128 experts and their copies on each rank', () => {
  const { recording, moe, summary, plan } = run('qwen3-30b-a3b-tp4-ep4', (text) =>
    text.replace('"step_interval": 1000', '"step_interval": 100'),
  );
  expect(moe.memory.map((row) => row.numExperts)).toEqual([36, 36, 36, 36]);
  expect(moe.memory[0].experts).toBe(48 * 36 * 9 * 1024 * 1024);
  expect(plan.ranks[0].weights.experts).toBe(moe.memory[0].experts);
  expect(moe.numSteps).toBe(recording.numSteps);
  expect(moe.steps.tokens.length).toBe(recording.numSteps);
  expect([...moe.steps.tokens]).toEqual([...recording.steps.numScheduledTokens]);
  const tokens = moe.steps.tokens.reduce((sum, n) => sum + n, 0);
  for (let layer = 0; layer < 48; layer++) {
    const load = moe.load.subarray(layer * 128, (layer + 1) * 128);
    expect(load.reduce((sum, n) => sum + n, 0)).toBe(tokens * 8);
  }
  expect(summary.rearrangements?.count).toBeGreaterThan(2);
  expect(summary.rearrangements?.after).toBeLessThan(1.05);
  expect(summary.buffers.peak).toBeLessThanOrEqual(summary.buffers.profiled);
  expect(Math.min(...moe.steps.imbalance)).toBeGreaterThanOrEqual(1);
});

describe('memory that experts take from the KV cache, beside their weights', () => {
  const planned = (flags: string) => {
    const command = `vllm serve Qwen/Qwen3-30B-A3B --enable-expert-parallel --max-model-len 8192 ${flags}`;
    const text = JSON.stringify({ version: 1, command, hardware: { gpu: 'h100', count: 4 } });
    const made = plan(parseScenario(text, 's.json'));
    if (!made.starts) throw new Error(made.message);
    return made;
  };

  test('the load balancer: its maps, its window and one layer to transfer', () => {
    const [without] = planned('--tensor-parallel-size 4').ranks;
    const { ranks, log } = planned('--tensor-parallel-size 4 --enable-eplb');
    // 32 experts of 9 MiB; 1024 slots of 8 bytes for 128 experts in 48 layers; 1001 steps of 4 bytes.
    const bytes = 32 * 9 * 1024 ** 2 + 48 * 128 * (8 * 1024 + 8 + 8 + 4 * 1001);
    expect(ranks[0].balancerBytes).toBe(bytes);
    expect(without.availableBytes - ranks[0].availableBytes).toBe(bytes);
    expect(without.balancerBytes).toBe(0);
    const gib = ((ranks[0].weightBytes + bytes) / 1024 ** 3).toFixed(2);
    expect(log[0]).toBe(`Model loading took ${gib} GiB memory`);
    // Its tensors are allocated.
    const held = ranks[0].allocator.requestedBytes - ranks[0].kvCacheBytes;
    const before = without.allocator.requestedBytes - without.kvCacheBytes;
    expect(held - before).toBe(bytes);
  });

  test("DeepEP's buffers, outside of torch", () => {
    const spread = '--tensor-parallel-size 2 --data-parallel-size 2';
    const [plain] = planned(spread).ranks;
    const [deep] = planned(`${spread} --all2all-backend deepep_high_throughput`).ranks;
    expect(deep.nonTorchBytes - plain.nonTorchBytes).toBe(1024 ** 3);
    expect(plain.availableBytes - deep.availableBytes).toBe(1024 ** 3);
  });
});

test('the same seed gives the same bytes, another seed another imbalance', () => {
  const first = run('glm-4.7-flash-tp4-ep4');
  const again = run('glm-4.7-flash-tp4-ep4');
  const other = run('glm-4.7-flash-tp4-ep4', (text) => `${text}\nseed: 1\n`);
  expect(again.moe.load).toEqual(first.moe.load);
  expect(again.moe.steps).toEqual(first.moe.steps);
  expect(other.moe.load).not.toEqual(first.moe.load);
});

test('who only looks leaves the run as it was', () => {
  const digest = (routing: string) => {
    const change = (text: string) => text.replace('moe:', `moe:\n  routing: ${routing}`);
    const { recording } = run('glm-4.7-flash-tp4-ep4', change);
    // What was seen of the experts is recorded, and differs.
    const { experts, ...header } = recording.header;
    expect(experts).toBeDefined();
    return digestOf({ ...recording, header });
  };
  expect(digest('{exponent: 0}')).toBe(digest('{exponent: 2, locality: 0.9}'));
});

test('reuse of routing: the shared prefixes, at two thousandths of the FLOPs', () => {
  const reuse = run('glm-4.7-flash-tp4-ep4').summary.routingReuse;
  expect(reuse?.promptTokens).toBe(20_000);
  expect(reuse?.reusableTokens).toBeGreaterThan(0);
  expect((reuse?.reusableTokens ?? 1) % 800).toBe(0);
  expect(reuse?.gateShare).toBeLessThan(0.003);
});

test('an expert cache frees GPU memory and makes steps wait', () => {
  const name = 'glm-4.7-flash-expert-cache';
  const cached = run(name);
  const withSlots = (slots: number) =>
    run(name, (text) => text.replace('slots: 16', `slots: ${slots}`)).summary;
  expect(plan(small(name, (text) => text.replace(/ {2}expert-cache.*\n/, ''))).starts).toBe(false);
  const { cache, memory } = cached.summary;
  expect(cached.plan.ranks[0].offloadedBytes).toBe(memory.onHost);
  expect(memory.onHost).toBe(46 * 48 * 18 * 1024 * 1024);
  expect(cache?.stallSeconds).toBeGreaterThan(0);
  expect(withSlots(20).cache?.hitRate).toBeGreaterThan(cache?.hitRate ?? 1);
  expect(withSlots(8).cache?.hitRate).toBeLessThan(cache?.hitRate ?? 0);
  const { steps } = cached.recording;
  const stalls = cached.moe.steps.stallNs;
  steps.endNs.forEach((end, step) => {
    expect(end - steps.startNs[step]).toBeGreaterThan(stalls[step]);
  });
});

test('--cpu-offload-gb: no expert is ever found on the GPU', () => {
  const { summary } = run('glm-4.7-flash-tp4-ep4', (text) =>
    text.replace('--max-model-len', '--cpu-offload-gb 4 --max-model-len'),
  );
  expect(summary.cache).toMatchObject({ slots: 0, hits: 0, hitRate: 0 });
  expect(summary.memory.onHost / 1024 ** 3).toBeGreaterThan(3.5);
  expect(summary.memory.onHost / 1024 ** 3).toBeLessThan(4.3);
  expect(summary.cache?.stallSeconds).toBeGreaterThan(0);
});

test('a recorded routing is replayed', () => {
  const token = JSON.stringify(Array.from({ length: 46 }, () => [0, 1, 2, 63]));
  const scenario = small('glm-4.7-flash-tp4-ep4', (text) =>
    text.replace('moe:', 'moe:\n  routing: { trace: routing.json }'),
  );
  const { moe } = simulateScenario(scenario, { readTrace: () => `[${token}]` });
  if (moe === null) throw new Error('no experts');
  expect(moe.load[0]).toBe(moe.load[63]);
  expect(moe.load[3]).toBe(0);
  // Three on the first of four ranks, one on the last.
  expect(moe.steps.imbalance[0]).toBe(3);
  expect(() => simulateScenario(scenario)).toThrow('moe.routing.trace: trace files cannot be read here');
});

test('a dense model has no experts to speak of', () => {
  const text = readFileSync(new URL('../hello.pool.yaml', FOLDER), 'utf8');
  expect(simulateScenario(parseScenario(text, 'hello')).moe).toBeNull();
});

const scenario = (flags: string, moe = '') => `version: 1
command: >
  vllm serve Qwen/Qwen3-30B-A3B --max-model-len 4096 ${flags}
hardware: {gpu: h100, count: 8}
${moe}`;

describe("vLLM's refusals", () => {
  test.each([
    ['--enable-eplb -tp 4', 'enable_expert_parallel must be True to use EPLB.'],
    ['--enable-eplb --enable-expert-parallel', 'but got TP=1,DP=1.'],
    [
      `-tp 4 --eplb-config '{"num_redundant_experts": 4}'`,
      'num_redundant_experts is set to 4 but EPLB is not enabled.',
    ],
    [
      `-tp 4 --enable-expert-parallel --enable-eplb --eplb-config '{"num_redundant_experts": 3}'`,
      'EPLB currently only supports even distribution of experts across ranks.',
    ],
  ])('%s', (flags, message) => {
    const planned = plan(parseScenario(scenario(flags), 's'));
    expect(planned.starts ? '' : planned.message).toContain(message);
  });

  test('moe.eplb is short for the flags', () => {
    const flags = '-tp 4 --enable-expert-parallel';
    const short = parseScenario(scenario(flags, 'moe: {eplb: {num-redundant-experts: 4}}'), 's');
    const long = parseScenario(
      scenario(`${flags} --enable-eplb --eplb-config '{"num_redundant_experts": 4}'`),
      's',
    );
    expect(short.engine).toEqual(long.engine);
    expect(plan(short).ranks).toEqual(plan(long).ranks);
  });
});

describe('mistakes are located', () => {
  test.each([
    ['moe: {expert-cache: {slot: 4}}', 's:5:22: moe.expert-cache.slot: unknown key (did you mean slots?)'],
    ['moe: {expert-cache: {slots: 0}}', 'expected a whole number from 1 to 4096, got 0'],
    ['moe: {expert-cache: {slots: 4, policy: fifo}}', 'expected lru or lfu, got "fifo"'],
    ['moe: {routing: {trace: x, locality: 0.5}}', 'expected trace alone, without a model'],
    ['moe: {routing: {locality: 2}}', 's:5:27: moe.routing.locality: expected a number from 0 to 1, got 2'],
    ['moe: {eplb: {}, expert-cache: {slots: 4}}', 'moe.expert-cache: goes without eplb'],
    ['vllm: "0.6.3"\nmoe: {eplb: {}}', 's:6:13: moe.eplb: vLLM 0.6.3 has no load balancer for experts'],
  ])('%s', (moe, message) => {
    let said = '';
    try {
      parseScenario(scenario('', moe), 's');
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      said = error.problems.map(formatProblem).join('\n');
    }
    expect(said).toContain(message);
  });
});
