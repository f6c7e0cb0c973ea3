import { describe, expect, test } from 'vitest';
import { InputError } from '../../../sim/error.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import type { SweepSpec } from '../../../sim/scenario/sweep.ts';

function sweepOf(yaml: string, rest = ''): SweepSpec {
  const indented = yaml.trim().replaceAll(/^/gm, '  ');
  const { sweep } = parseScenario(
    `version: 1\ncommand: vllm serve a/b\nhardware: {gpu: l4}\n${rest}\nsweep:\n${indented}\n`,
    's.pool.yaml',
  );
  return sweep!;
}

function problem(yaml: string, rest?: string): string {
  try {
    sweepOf(yaml, rest);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'none';
}

const settings = ({ points }: SweepSpec) =>
  points.map((point) => point.settings.map(({ path, value }) => `${path.join('.')}=${value}`).join(' '));

describe('sweep', () => {
  test('serve-params × bench-params × grid, the last axis fastest', () => {
    const spec = sweepOf(`
serve-params: [{max_num_seqs: 16, block-size: 16}, {max-num-seqs: 64}]
bench-params: [{request-rate: 1}]
grid: {hardware.gpu: [l4, a100-80g]}
`);
    expect(settings(spec)).toEqual([
      'engine.max-num-seqs=16 engine.block-size=16 workload.request-rate=1 hardware.gpu=l4',
      'engine.max-num-seqs=16 engine.block-size=16 workload.request-rate=1 hardware.gpu=a100-80g',
      'engine.max-num-seqs=64 workload.request-rate=1 hardware.gpu=l4',
      'engine.max-num-seqs=64 workload.request-rate=1 hardware.gpu=a100-80g',
    ]);
    expect(spec.axes).toEqual([
      'engine.max-num-seqs',
      'engine.block-size',
      'workload.request-rate',
      'hardware.gpu',
    ]);
  });

  test('link-vars keep the points where both are equal, as vllm bench sweep does', () => {
    const spec = sweepOf(`
serve-params: [{max-num-seqs: 16}, {max-num-seqs: 64}]
bench-params: [{num-prompts: 16}, {num-prompts: 64}]
link-vars: [max_num_seqs=num_prompts]
`);
    expect(settings(spec)).toEqual([
      'engine.max-num-seqs=16 workload.num-prompts=16',
      'engine.max-num-seqs=64 workload.num-prompts=64',
    ]);
  });

  test('names: _benchmark_name, or keys', () => {
    const spec = sweepOf(`
serve-params: [{_benchmark_name: small, max-num-seqs: 16}]
bench-params: {low: {request-rate: 1}, high: {request-rate: 2}}
`);
    expect(spec.points.map(({ name }) => name)).toEqual(['small, low', 'small, high']);
  });

  test('the number of points is bounded before any is made', () => {
    const list = `[${Array.from({ length: 1000 }, (_, i) => i + 1)}]`;
    const grid = `grid: {seed: ${list}, engine.max-num-seqs: ${list}, workload.num-prompts: ${list}}`;
    expect(problem(grid)).toContain(
      's.pool.yaml:6:3: sweep: has 1000 × 1000 × 1000 = 1000000000 points; at most 10000 are allowed',
    );
  });

  test('as many as are allowed are none too many', () => {
    const list = `[${Array.from({ length: 100 }, (_, i) => i + 1)}]`;
    expect(problem(`grid: {seed: ${list}, workload.num-prompts: ${list}}`)).toBe('none');
  });

  test.each([
    ['grid: {}', '', 'expected serve-params, bench-params or grid'],
    ['grid: {engine.block-size: []}', '', 'a list of values'],
    ['grid: {engine.block-size: 16}', '', 'a list of values'],
    ['grid: {engine.__proto__.a: [1]}', '', 'is no field'],
    ['grid: {sweep.grid: [1]}', '', 'is no field'],
    ['serve-params: [{"a b": 1}]', '', 'is no parameter of engine'],
    [
      'serve-params: [{_benchmark_name: a}, {_benchmark_name: a}]',
      '',
      'two sets of parameters have one name',
    ],
    ['serve-param: [{}]', '', 'did you mean serve-params'],
    ['grid: {seed: [1]}\nlink-vars: [a]', '', 'expected SERVE-PARAMETER=BENCH-PARAMETER, got a'],
    ['grid: {seed: [1]}\nlink-vars: [a=b]', '', 'leaves no point over'],
    ['grid: {seed: [1]}\nnum-runs: 2', 'seeds: [1, 2]', 'says the same as seeds'],
    ['grid: {seed: [1]}\nexpect: {vllm:num_preemptions_total: rises}', '', 'increasing in AXIS'],
    [
      'grid: {seed: [1]}\nexpect: {vllm:num_preemptions_total: increasing in x}',
      '',
      'x is no axis of the sweep: seed',
    ],
    ['grid: {seed: [1]}\nexpect: {vllm:num_preemptions_total: p(9) increasing in seed}', '', 'value'],
  ])('%s', (yaml, rest, message) => {
    expect(problem(yaml, rest)).toContain(message);
  });
});
