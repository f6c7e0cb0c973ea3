import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../sim/error.ts';
import { checkMetrics } from '../../../sim/report/check-metrics.ts';
import { parseOverride } from '../../../sim/scenario/overrides.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';

/* Whatever a file says, it runs, or every problem of it is told with its place. */

const RUNS = Number(process.env.POOLSCOPE_FUZZ ?? 1500);
/** Steps after which a run counts as one that runs. */
const MOST_STEPS = 300;

const FILE = `${readFileSync(new URL('../../../scenarios/hello.pool.yaml', import.meta.url), 'utf8')}
  vllm:num_preemptions_total: value == 0
  vllm:kv_cache_usage_perc: [max < 95%, {check: p(99) < 1, severity: warning, after: 3s}]
  vllm:time_to_first_token_seconds: p(99) <= 1.05 * baseline + 10ms
seeds: [1, 2]
baseline: ./other.pool.yaml
`.replace('seed: 3\n', '');

const LINES = FILE.split('\n');
const SCRAPS = [
  ...[
    '__proto__: 1',
    'constructor: {}',
    '&a [*a, *a]',
    '!!js/function x',
    '- - -',
    '{',
    '}',
    '"',
    ': ',
    '~',
    '\t',
  ],
  ...[
    '1e308',
    '-1',
    '0',
    '.nan',
    '.inf',
    '1.5',
    'null',
    'true',
    '[]',
    '{}',
    '../../etc/passwd',
    '0.6.3',
    '2026-05',
  ],
  ...['p(99) <', 'value == baseline', 'after: 3s', 'severity: warning', 'starts: false', 'n: 3', 'turns: 4'],
  ...[
    'expect:',
    'workload:',
    'seeds: [1, 1]',
    'system: orca-max',
    'step-time: fixed:1ms',
    '\u0000',
    '😀',
    '\u2028',
  ],
];
/** Where something stands in the file, from 0 to 1. */
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const mutation = fc.oneof(
  fc.record({
    kind: fc.constantFrom('drop', 'double', 'indent' as const),
    at: place,
    to: place,
    scrap: fc.constant(''),
  }),
  fc.record({
    kind: fc.constantFrom('insert', 'value', 'cut' as const),
    at: place,
    to: place,
    scrap: fc.constantFrom(...SCRAPS),
  }),
  fc.record({ kind: fc.constant('word' as const), at: place, to: place, scrap: fc.string({ maxLength: 8 }) }),
);
const mutated = fc.array(mutation, { minLength: 1, maxLength: 4, size: 'max' }).map((mutations) => {
  let lines = LINES;
  for (const { kind, at, to, scrap } of mutations) {
    const line = Math.floor(at * lines.length);
    const text = lines[line];
    const column = Math.floor(to * text.length);
    const changed = {
      drop: [],
      double: [text, text],
      indent: [`  ${text}`],
      insert: [text, scrap],
      value: [text.replace(/:.*$/, () => `: ${scrap}`)],
      cut: [text.slice(0, column)],
      word: [text.slice(0, column) + scrap + text.slice(column)],
    }[kind];
    lines = lines.toSpliced(line, 1, ...changed);
    if (lines.length === 0) lines = [''];
  }
  return lines.join('\n');
});

/** Runs it as far as it goes; null, or the problems. */
function attempt(text: string, set: readonly string[] = []): InputError | null {
  try {
    const scenario = parseScenario(text, 'f.pool.yaml', { overrides: set.map(parseOverride) });
    const { workload } = scenario;
    // Generating millions of requests is tested elsewhere, and takes its time.
    if (workload.kind === 'synthetic' && workload.numRequests > 200) return null;
    const { recording } = simulateScenario(scenario, { progress: (_, steps) => steps > MOST_STEPS });
    if (recording) checkMetrics(scenario.expect.metrics, [{ seed: 1, recording, baseline: recording }]);
    return null;
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

describe('fuzz', () => {
  test('the file itself runs', () => {
    expect(attempt(FILE)).toBeNull();
  });

  test('mutated files run, or give a located error', () => {
    let ran = 0;
    fc.assert(
      fc.property(mutated, (text) => {
        const error = attempt(text);
        if (error === null) ran++;
        for (const problem of error?.problems ?? []) {
          expect(problem.file).toBe('f.pool.yaml');
          expect(problem.message).not.toBe('');
        }
        expect(({} as Record<string, unknown>).x).toBeUndefined();
      }),
      { numRuns: RUNS, seed: 11 },
    );
    expect(ran).toBeGreaterThan(RUNS / 20);
  }, 600_000);

  test('so do options that set fields', () => {
    const key = fc.constantFrom(
      ...[
        'engine.block-size',
        'engine.max_num_seqs',
        'workload.num-prompts',
        'workload.request-rate',
        'seeds',
        'x',
      ],
      ...[
        'hardware.gpu',
        'expect.starts',
        'expect.vllm:num_preemptions',
        '__proto__.x',
        'version',
        'version.x',
        'a..b',
      ],
    );
    const value = fc.oneof(fc.constantFrom(...SCRAPS, '32', '5', 'value == 0'), fc.string({ maxLength: 10 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value), { maxLength: 3, size: 'max' }), (pairs) => {
        const error = attempt(
          FILE,
          pairs.map(([k, x]) => `${k}=${x}`),
        );
        for (const { file } of error?.problems ?? []) expect(file).toMatch(/^(--set |f\.pool\.yaml)/);
        expect(({} as Record<string, unknown>).x).toBeUndefined();
      }),
      { numRuns: RUNS / 5, seed: 12 },
    );
  }, 600_000);
});
