import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProblem, InputError } from '../../../sim/error.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';

const HELLO = readFileSync(new URL('../../../scenarios/hello.pool.yaml', import.meta.url), 'utf8');

const SMALL = `version: 1
name: small
command: vllm serve meta-llama/Llama-3.1-8B --max-model-len 4096
hardware: {gpu: l4}
workload:
  num-prompts: 10
  request-rate: 2
`;

function problemsOf(text: string): string[] {
  try {
    parseScenario(text, 's.yaml');
    return [];
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(formatProblem);
    throw error;
  }
}

test('a scenario is complete once it is read', () => {
  expect(parseScenario(SMALL, 'a/s.pool.yaml')).toMatchObject({
    name: 'small',
    vllm: '2026-05',
    seed: 0,
    hardware: { gpu: 'l4', count: 1 },
    model: { name: 'meta-llama/Llama-3.1-8B', config: null },
    engine: { honoured: { max_model_len: 4096 }, ignored: [], unrecognized: [], invalid: [], unmodelled: [] },
    workload: {
      kind: 'synthetic',
      numRequests: 10,
      arrival: { kind: 'poisson', ratePerSecond: 2, burstiness: 1 },
    },
    stepTime: { kind: 'roofline' },
    expect: { starts: null, because: null },
  });
});

test('JSON is YAML', () => {
  const json = JSON.stringify({
    version: 1,
    engine: { model: 'x', 'block-size': 32 },
    hardware: { gpu: 'l4' },
  });
  expect(parseScenario(json, 'folder/s.pool.json').engine.honoured).toEqual({ block_size: 32 });
});

describe('every problem is one line with its place', () => {
  test.each([
    [
      'a misspelt key',
      SMALL.replace('num-prompts', 'num-prompt'),
      's.yaml:6:3: workload.num-prompt: unknown key (did you mean num-prompts?)',
    ],
    [
      'a misspelt top-level key',
      SMALL.replace('hardware', 'hardwear'),
      's.yaml:4:1: hardwear: unknown key (did you mean hardware?)',
    ],
    [
      'a wrong type',
      SMALL.replace('10', 'ten'),
      's.yaml:6:16: workload.num-prompts: expected a whole number from 1 to 10000000, got "ten"',
    ],
    [
      'a negative size',
      SMALL.replace('10', '-10'),
      's.yaml:6:16: workload.num-prompts: expected a whole number from 1 to 10000000, got -10',
    ],
    [
      'too many requests',
      SMALL.replace('10', '1000000000'),
      's.yaml:6:16: workload.num-prompts: expected a whole number from 1 to 10000000, got 1000000000',
    ],
    [
      'a duplicate key',
      `${SMALL}name: again\n`,
      's.yaml:8:1: the key stands here a second time: each key may be given once',
    ],
    [
      'an unknown version',
      SMALL.replace('version: 1', 'version: 2'),
      's.yaml:1:10: version: expected 1, got 2',
    ],
    ['a missing key', SMALL.replace('hardware: {gpu: l4}\n', ''), 's.yaml:1:1: hardware: missing'],
    ['a list', '- 1\n- 2\n', 's.yaml:1:1: expected an object with the keys of a scenario, got a list'],
    [
      'a text',
      'hello world',
      's.yaml:1:1: expected an object with the keys of a scenario, got "hello world"',
    ],
    ['nothing', '', 's.yaml:1:1: expected an object with the keys of a scenario, got nothing'],
    [
      'invariants that are not strict',
      `${SMALL}invariants: stict\n`,
      's.yaml:8:13: invariants: expected strict or off, got "stict" (did you mean strict?)',
    ],
    [
      'a reason with a typo',
      `${SMALL}expect: {starts: false, because: kv-cache-to-small}\n`,
      's.yaml:8:34: expect.because: expected one of unrecognized-argument, invalid-argument, host-memory, weights-do-not-fit, no-kv-cache-memory, kv-cache-too-small, allocation-failed, unsupported-model, got "kv-cache-to-small" (did you mean kv-cache-too-small?)',
    ],
    [
      'another vLLM',
      `${SMALL}vllm: "0.11"\n`,
      's.yaml:8:7: vllm: vLLM 0.11 is not modelled; expected "2026-05", "0.6.3" or v1',
    ],
    [
      'a command that is none',
      SMALL.replace('vllm serve', 'echo'),
      's.yaml:3:10: command: expected a command that starts a vLLM server, like "vllm serve MODEL --max-model-len 8192"',
    ],
    [
      'both command and engine',
      `${SMALL}engine: {model: x}\n`,
      's.yaml:8:1: engine: expected exactly one of command, engine, compose and manifest',
    ],
    [
      'a bad duration',
      `${SMALL}  think-time: soon\n`,
      's.yaml:8:15: workload.think-time: expected a duration like 20ms, 1.5s or 2m, at most 30 days (a plain number is seconds), or one of {exponential: 5s}, {uniform: [1s, 9s]}, {lognormal: {median, sigma, max}}, got "soon"',
    ],
    [
      'a path out of the folder',
      `${SMALL.slice(0, SMALL.indexOf('workload'))}workload: {trace: ../../etc/passwd}\n`,
      "s.yaml:5:19: workload.trace: expected a path inside the scenario's folder (--trace takes any)",
    ],
    [
      'an absolute path',
      `${SMALL.slice(0, SMALL.indexOf('workload'))}workload: {trace: /etc/passwd}\n`,
      "s.yaml:5:19: workload.trace: expected a path inside the scenario's folder (--trace takes any)",
    ],
    [
      'a key of another workload',
      `${SMALL}  time-scale: 2\n`,
      's.yaml:8:3: workload.time-scale: goes with trace',
    ],
    ['an alias of what it stands in', `${SMALL}slow: &a [*a]\n`, 's.yaml: has an alias inside of what'],
    [
      'because without a failed start',
      `${SMALL}expect: {because: host-memory}\n`,
      's.yaml:8:19: expect.because: goes with starts: false',
    ],
    [
      'blocks of a failed start',
      `${SMALL}expect: {starts: false, gpu-blocks: 7}\n`,
      's.yaml:8:37: expect.gpu-blocks: goes with starts: true',
    ],
    [
      'a number of blocks that is none',
      `${SMALL}expect: {starts: true, cpu-blocks: some}\n`,
      's.yaml:8:36: expect.cpu-blocks: expected a number of blocks, or [least, most], got "some"',
    ],
    [
      'a host that is none',
      `${SMALL}host: {memory-gib: lots}\n`,
      's.yaml:8:20: host.memory-gib: expected a number of GiB, got "lots"',
    ],
    [
      'a key that the host has not',
      `${SMALL}host: {container-limit: 6}\n`,
      's.yaml:8:8: host.container-limit: unknown key (did you mean container-limit-gib?)',
    ],
    [
      'a flag that is not modelled',
      SMALL.replace('--max', '--enable-dbo --max'),
      's.yaml:3:10: command: not modelled yet: --enable-dbo; allow-unmodelled: true leaves them out',
    ],
    [
      'a file of flags, without which nobody knows what starts',
      `${SMALL.replace('--max', '--config vllm.yaml --max')}allow-unmodelled: true\n`,
      's.yaml:3:10: command: --config: the file of flags is not read from here',
    ],
    ['a polluting key', `${SMALL}__proto__: {a: 1}\n`, 's.yaml:8:1: __proto__: unknown key'],
  ])('%s', (_, text, expected) => {
    const [first, ...others] = problemsOf(text);
    expect(first?.slice(0, expected.length)).toBe(expected);
    expect(others).toEqual([]);
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });

  test.each([
    [
      'request-rate: 2',
      'request-rate: 1.0e-300',
      'workload.request-rate: 10 requests at this rate take more than 30 days to arrive',
    ],
    ['request-rate: 2', 'think-time: 1.0e+300', 'workload.think-time: expected a duration like'],
    [
      'request-rate: 2',
      'turns: 1000\n  think-time: 48h',
      'workload.think-time: the turns of a conversation take more than 30 days',
    ],
    [
      'request-rate: 2',
      'burstiness: 1.0e-300',
      'workload.burstiness: expected a number from 0.001 to 1000000',
    ],
  ])('simulated time has an end: %s → %s', (from, to, message) => {
    const problems = problemsOf(SMALL.replace(from, to));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  test('a misspelt flag of engine', () => {
    const text = 'version: 1\nhardware: {gpu: l4}\nengine:\n  model: x\n  gpu-memory-utilisation: 0.9\n';
    expect(problemsOf(text)).toEqual([
      's.yaml:5:3: engine.gpu-memory-utilisation: vLLM 2026-05 has no such flag (did you mean gpu-memory-utilization?)',
    ]);
  });

  test('no YAML', () => {
    expect(problemsOf('version: 1\n  name: [x\n')[0]).toMatch(/^s\.yaml:\d+:\d+: is no YAML: /);
  });

  test('an alias bomb is refused', () => {
    const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [${'*a, '.repeat(9)}]\nc: &c [${'*b, '.repeat(9)}]\nd: [${'*c, '.repeat(9)}]\n`;
    expect(problemsOf(bomb)[0]).toContain('aliases');
  });

  test('all problems of a file at once, in its order', () => {
    const text = SMALL.replace('name', 'nam').replace('10', '-1').replace('{gpu: l4}', '{gpu: 4}');
    expect(problemsOf(text).map((line) => line.split(':')[1])).toEqual(['2', '4', '6']);
  });
});

test('a damaged scenario is a scenario or an input error, never a crash', () => {
  fc.assert(
    fc.property(fc.nat(HELLO.length), fc.nat(12), fc.string({ maxLength: 6 }), (at, cut, insert) => {
      const text = HELLO.slice(0, at) + insert + HELLO.slice(at + cut);
      try {
        expect(parseScenario(text, 's.yaml').name).toBeTypeOf('string');
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        for (const problem of (error as InputError).problems) expect(problem.message).not.toBe('');
      }
    }),
    { numRuns: 1500 },
  );
});

test('host and environment', () => {
  const scenario = parseScenario(
    `${SMALL}host: {memory-gib: 64}\nenv: {PYTORCH_CUDA_ALLOC_CONF: 'expandable_segments:True', A: 1}\n`,
    's.yaml',
  );
  expect(scenario.host).toEqual({ memoryGib: 64, containerLimitGib: null });
  expect(scenario.env).toEqual({ PYTORCH_CUDA_ALLOC_CONF: 'expandable_segments:True', A: '1' });
});
