import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../sim/error.ts';
import { METRICS } from '../../../sim/report/metrics.ts';
import {
  boundOf,
  ExpressionError,
  excess,
  OPERATORS,
  parseExpression,
} from '../../../sim/scenario/expression.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';

const metric = (name: string) => METRICS.find((m) => m.name === name)!;
const TTFT = metric('vllm:time_to_first_token_seconds');
const USE = metric('vllm:kv_cache_usage_perc');
const PREEMPTIONS = metric('vllm:num_preemptions_total');

const SMALL = `version: 1
command: vllm serve meta-llama/Llama-3.1-8B
hardware: {gpu: l4}
`;

function problemOf(text: string): string {
  try {
    parseScenario(text, 's.yaml');
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return '';
}

describe('expressions', () => {
  test.each([
    ['p(99) < 2', TTFT, 'p', 99, 2],
    ['p(99.9%) <= 500ms', TTFT, 'p', 99.9, 0.5],
    [' mean<=0.5 ', TTFT, 'mean', 50, 0.5],
    ['avg >= 2m', TTFT, 'mean', 50, 120],
    ['med != .5', TTFT, 'p', 50, 0.5],
    ['max < 95%', USE, 'max', 50, 0.95],
    ['value == 0', PREEMPTIONS, 'value', 50, 0],
    ['count >= 100', TTFT, 'count', 50, 100],
    ['min > -(1 + 2) * 3 / 4', TTFT, 'min', 50, -2.25],
  ] as const)('%s', (text, of, name, p, bound) => {
    const expression = parseExpression(text, of);
    expect(expression.aggregate).toEqual({ name, p });
    expect(boundOf(expression.bound, null)).toBeCloseTo(bound, 12);
  });

  test('arithmetic with the baseline', () => {
    const { bound } = parseExpression('p(99) <= 1.05 * baseline + 10ms', TTFT);
    expect(boundOf(bound, 2)).toBeCloseTo(2.11, 12);
    expect(boundOf(bound, null)).toBeNull();
  });

  test.each([
    ['p(99) < two', TTFT, 'expected a number, baseline or "(", got "two" at character 9 of "p(99) < two"'],
    ['p(99)', TTFT, 'expected one of <= >= == != < >, got the end of "p(99)"'],
    ['p(101) < 1', TTFT, 'expected a percentage from 0 to 100'],
    ['p < 1', TTFT, 'expected "(" and a percentage'],
    ['p(99) < 1 2', TTFT, 'expected the end, or one of + - * /, got "2" at character 11'],
    ['mx < 1', TTFT, 'expected one of p(99), mean'],
    ['value < 1', TTFT, 'has many values, not one total'],
    ['p(99) < 1', PREEMPTIONS, 'has one total, which has a value only'],
    ['value < 2s', PREEMPTIONS, 'is no time: expected a bound without the unit s'],
    ['max < 2 fortnights', TTFT, 'expected a unit, one of ns, us'],
    ['max < process.exit()', TTFT, 'expected a number'],
    ['', TTFT, 'expected one of p(99)'],
    ['max < '.padEnd(300, '('), TTFT, 'is longer than 200 characters'],
    ['max < '.padEnd(100, '('), TTFT, 'has more than 20 terms'],
  ])('%s is refused', (text, of, message) => {
    expect(() => parseExpression(text, of)).toThrow(message);
  });

  test('whatever is written is an expression or an ExpressionError', () => {
    const word = fc.constantFrom(
      ...[
        'p',
        'p(99)',
        'max',
        'value',
        '(',
        ')',
        '<',
        '<=',
        '==',
        '1',
        '2s',
        '95%',
        'baseline',
        '*',
        '-',
        '/',
      ],
      ...['constructor', '__proto__', '\0', '😀', ' '],
    );
    const text = fc.oneof(
      fc.array(word, { size: 'max', maxLength: 30 }).map((words) => words.join(' ')),
      fc.string(),
    );
    fc.assert(
      fc.property(text, fc.constantFrom(...METRICS), (written, of) => {
        try {
          const { aggregate, bound } = parseExpression(written, of);
          expect(aggregate.name === 'value').toBe(of.kind === 'total');
          expect(boundOf(bound, 1)).toBeTypeOf('number');
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
        }
      }),
      { numRuns: 2000, seed: 7 },
    );
  });

  test('the excess agrees with the comparison', () => {
    const holds = { '<': '<', '<=': '<=', '>': '>', '>=': '>=', '==': '===', '!=': '!==' };
    expect(Object.keys(holds).sort()).toEqual([...OPERATORS].sort());
    const number = fc.constantFrom(-1, 0, 0.5, 1, 1.5, 1e9, 1e-9);
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(excess(a, '<', b) <= 0).toBe(a < b);
        expect(excess(a, '<=', b) <= 0).toBe(a <= b);
        expect(excess(a, '>', b) <= 0).toBe(a > b);
        expect(excess(a, '>=', b) <= 0).toBe(a >= b);
        expect(excess(a, '==', b) <= 0).toBe(a === b);
        expect(excess(a, '!=', b) <= 0).toBe(a !== b);
      }),
    );
  });
});

describe('expect:', () => {
  test('one check, a list, objects', () => {
    const {
      expect: read,
      seeds,
      baseline,
    } = parseScenario(
      `${SMALL}seeds: [3, 1]
baseline: ./old.pool.yaml
expect:
  vllm:num_preemptions: value == 0
  vllm:time_to_first_token_seconds: [p(99) < 2s, {check: max < 3, severity: warning, after: 30s, aggregate: mean}]
`,
      's.yaml',
    );
    expect(seeds).toEqual([3, 1]);
    expect(baseline).toBe('old.pool.yaml');
    expect(read.metrics.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toMatchObject([
      { metric: 'vllm:num_preemptions', severity: 'error', afterNs: 0, aggregate: 'worst' },
      { expression: { text: 'p(99) < 2s' }, path: 'expect.vllm:time_to_first_token_seconds.0' },
      { severity: 'warning', afterNs: 30e9, aggregate: 'mean' },
    ]);
  });

  test.each([
    [
      '{pool:waste_ratio: avg < 4%}',
      ':4:10: expect.pool:waste_ratio: unknown key; expected one of starts, because, says, gpu-blocks, cpu-blocks, or a metric of docs/metrics.md',
    ],
    [
      '{vllm:num_preemption: value == 0}',
      ':4:10: expect.vllm:num_preemption: unknown key (did you mean vllm:num_preemptions?)',
    ],
    [
      '{vllm:num_preemptions: vlue == 0}',
      ':4:32: expect.vllm:num_preemptions: expected one of value, got "vlue"',
    ],
    [
      '{vllm:num_preemptions: [value == 0, value < x]}',
      ':4:45: expect.vllm:num_preemptions.1: expected a number',
    ],
    ['{vllm:num_preemptions: {chekc: value == 0}}', '.chekc: unknown key (did you mean check?)'],
    [
      '{vllm:num_preemptions: [{check: value == 0, severty: error}]}',
      '.severty: unknown key (did you mean severity?)',
    ],
    ['{vllm:num_preemptions: {check: value == 0, after: 3s}}', 'does not go with a total'],
    ['{vllm:num_preemptions: []}', 'expected one check at least'],
    [
      '{vllm:num_preemptions: {check: value == 0, severity: warning, abort-on-fail: true}}',
      'does not go with a warning',
    ],
    ['{vllm:num_preemptions: 0}', 'expected a check like "p(99) < 2s"'],
    ['{starts: false, vllm:num_preemptions: value == 0}', 'goes with a scenario that starts'],
    ['{__proto__: value == 0}', '__proto__'],
  ])('%s', (written, message) => {
    expect(problemOf(`${SMALL}expect: ${written}\n`)).toContain(message);
  });

  test('seeds and baseline are checked', () => {
    expect(problemOf(`${SMALL}seeds: [1, 1]\n`)).toContain(
      's.yaml:4:8: seeds: expected a list of 1 to 100 seeds',
    );
    expect(problemOf(`${SMALL}seeds: [1]\nseed: 2\n`)).toContain('expected one of seed and seeds');
    expect(problemOf(`${SMALL}baseline: ../../x\n`)).toContain(
      "expected a path inside the scenario's folder",
    );
  });
});
