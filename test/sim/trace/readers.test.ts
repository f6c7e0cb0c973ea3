import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProblem, InputError } from '../../../sim/error.ts';
import { detectTraceFormat, openTrace } from '../../../sim/trace/open-trace.ts';
import { TRACE_FORMATS, type TraceFile, type TraceFormat, type TraceRow } from '../../../sim/trace/trace.ts';

const sample = (name: string) => readFileSync(new URL(`files/${name}`, import.meta.url), 'utf8');

const SAMPLES = {
  azure: 'azure.csv',
  burstgpt: 'burstgpt.csv',
  mooncake: 'mooncake.jsonl',
  bailian: 'bailian.jsonl',
  sharegpt: 'sharegpt.json',
  'vllm-bench': 'vllm-bench.json',
} as const;
const sampled = Object.entries(SAMPLES) as [keyof typeof SAMPLES, string][];

function read(chunks: Iterable<string>, options: Partial<TraceFile> = {}) {
  const trace = openTrace(chunks, { file: 'f', format: null, ...options });
  const rows: TraceRow[] = [...trace.rows];
  return { ...trace, rows, notes: trace.notes() };
}

function problemOf(text: string, format: TraceFormat): string {
  try {
    read([text], { format });
  } catch (error) {
    if (error instanceof InputError) return formatProblem(error.problems[0]);
    throw error;
  }
  return 'no problem';
}

const inSeconds = (rows: readonly TraceRow[]) =>
  rows.map(({ timeNs, promptTokens, outputTokens }) => [timeNs / 1e9, promptTokens, outputTokens]);

test.each(sampled)('a %s file is told by its beginning', (format, name) => {
  expect(detectTraceFormat(sample(name))).toBe(format);
  expect(read([sample(name)]).format).toBe(format);
});

test('burstgpt: seconds, and requests that failed are left out', () => {
  const { rows, notes } = read([sample('burstgpt.csv')]);
  expect(inSeconds(rows)).toEqual([
    [0, 472, 18],
    [40.25, 1087, 230],
    [114.5, 1360, 276],
  ]);
  expect(notes).toEqual(['1 request without response tokens (failed) is left out']);
});

test('bailian: seconds, ids of 16 tokens', () => {
  const { rows, blockTokens } = read([sample('bailian.jsonl')]);
  expect(inSeconds(rows)).toEqual([
    [0, 40, 12],
    [9.25, 100, 30],
    [9.25, 16, 1],
  ]);
  expect(blockTokens).toBe(16);
  expect(rows[0].hashIds).toEqual([7, 8, 9]);
});

describe('timed_trace', () => {
  const line = (ids: number) =>
    `{"timestamp": 2, "input_length": 40, "output_length": 3, "hash_ids": [${[...Array(ids).keys()]}]}\n`;

  test('is told from mooncake by its shorter blocks', () => {
    expect(detectTraceFormat(line(3))).toBe('timed_trace');
    expect(detectTraceFormat(line(1))).toBe('mooncake');
  });

  test('takes the units that vllm bench serve is told', () => {
    const text = line(3) + line(3).replace('"timestamp": 2', '"timestamp": 4');
    expect(read([text])).toMatchObject({ blockTokens: 16, rows: [{ timeNs: 0 }, { timeNs: 2e9 }] });
    const timedTrace = { chunkHashSize: 20, secMultiplier: 0.5 };
    const ofTwenty = text.replaceAll('[0,1,2]', '[0,1]');
    expect(read([ofTwenty], { format: 'timed_trace', timedTrace })).toMatchObject({
      blockTokens: 20,
      rows: [{ timeNs: 0 }, { timeNs: 1e9 }],
    });
  });
});

describe('sharegpt', () => {
  const { rows, notes, isTimed } = read([sample('sharegpt.json')]);

  test('stated counts are taken, others estimated from the text', () => {
    expect(isTimed).toBe(false);
    // 51 bytes of English; 17 and 23 characters of 3 bytes.
    expect(inSeconds(rows)).toEqual([
      [0, 13, 20],
      [0, 300, 77],
      [0, 13, 17],
    ]);
  });

  test('what was estimated and left out is said', () => {
    expect(notes).toHaveLength(3);
    expect(notes[0]).toMatch(/^lengths of 6 texts are estimated: a token per 4 bytes/);
    expect(notes[1]).toBe('1 conversations of fewer than two turns are left out');
    expect(notes[2]).toMatch(/^1 conversations are left out as vLLM does/);
  });

  test.each([
    ['an object', '{"a": 1}', 'f:1:1: expected a JSON list of objects'],
    ['a list of numbers', '[1, 2]', 'f: no problem'],
    [
      'a list that was cut off',
      '[\n{"conversations": [',
      'f:2:1: the list does not end: is the file cut off?',
    ],
    ['text after the list', '[]\nmore', 'f:2:1: expected a JSON list of objects'],
    ['a conversation that is none', '[\n{"conversations": 3}]', 'f:2:1: conversations: expected a list'],
    [
      'a turn without text',
      '[\n\n{"conversations": [{"from": "human"}, {"value": "x"}]}]',
      'f:3:1: conversations.0.value: expected a text',
    ],
  ])('%s', (_, text, message) => {
    if (message === 'f: no problem') expect(problemOf(text, 'sharegpt')).toBe('no problem');
    else expect(problemOf(text, 'sharegpt')).toBe(message);
  });
});

describe('vllm-bench', () => {
  const text = sample('vllm-bench.json');
  const changed = (change: (result: Record<string, unknown>) => void) => {
    const result = JSON.parse(text);
    change(result);
    return JSON.stringify(result);
  };

  test('requests as they were sent; failed ones are left out', () => {
    const { rows, notes } = read([text]);
    expect(inSeconds(rows)).toEqual([
      [0, 100, 10],
      [0.75, 300, 20],
      [0.5, 500, 30],
    ]);
    expect(notes).toEqual(['1 request without outputs (failed) is left out']);
  });

  test('a result that does not say when requests were sent', () => {
    const { isTimed, notes } = read([changed((result) => delete result.start_times)]);
    expect(isTimed).toBe(false);
    expect(notes[0]).toBe('holds no start_times; its request_rate was 2');
  });

  test.each([
    [
      'without details',
      changed((result) => delete result.input_lens),
      'f: input_lens: is missing: save the result with --save-detailed',
    ],
    [
      'with lists of different lengths',
      changed((result) => (result.output_lens as number[]).pop()),
      'f: output_lens: holds 3 values, input_lens 4',
    ],
    [
      'with text in a number',
      changed((result) => ((result.input_lens as unknown[])[1] = 'x')),
      'f:1:1: input_lens.1: expected a number, got "x"',
    ],
  ])('a result %s is one located error', (_, damaged, message) => {
    expect(problemOf(damaged, 'vllm-bench')).toBe(message);
  });
});

test.each(sampled)('%s: how the text is cut into chunks does not matter', (_, name) => {
  const text = sample(name);
  const whole = read([text]);
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), (cuts) => {
      const ends = [...cuts, text.length].sort((a, b) => a - b);
      const chunks = ends.map((end, i) => text.slice(ends[i - 1] ?? 0, end));
      const { rows, notes } = read(chunks, { format: whole.format });
      expect({ rows, notes }).toEqual({ rows: whole.rows, notes: whole.notes });
    }),
    { numRuns: 100 },
  );
});

test.each(sampled)('a damaged %s file is rows or a located error, never a crash', (format, name) => {
  const text = sample(name);
  fc.assert(
    fc.property(
      fc.nat(text.length),
      fc.nat(8),
      fc.string({ maxLength: 6 }),
      fc.constantFrom(...TRACE_FORMATS, format),
      (at, cut, insert, readAs) => {
        try {
          for (const row of read([text.slice(0, at) + insert + text.slice(at + cut)], { format: readAs })
            .rows) {
            expect(row.promptTokens).toBeGreaterThan(0);
            expect(row.outputTokens).toBeGreaterThan(0);
            expect(Number.isSafeInteger(row.timeNs)).toBe(true);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      },
    ),
    { numRuns: 500 },
  );
});
