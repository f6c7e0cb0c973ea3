import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProblem, InputError } from '../../../sim/error.ts';
import { detectTraceFormat, openTrace } from '../../../sim/trace/open-trace.ts';
import type { TraceFormat } from '../../../sim/trace/trace.ts';
import { traceWorkload } from '../../../sim/workload/trace.ts';

const AZURE = `TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 23:59:59.9799600,374,44
2023-11-17 00:00:01.0319601,396,109
2023-11-17 00:00:00.5000000,12,1
`;
const MOONCAKE = `{"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [0, 1]}
{"timestamp": 250, "input_length": 1100, "output_length": 7, "hash_ids": [0, 1, 2]}
`;
const VIDUR = `arrived_at,num_prefill_tokens,num_decode_tokens
0.5,10,3
0.75,20.0,4
`;

function read(text: string, format: TraceFormat, more: { timeScale?: number; limit?: number } = {}) {
  return traceWorkload(openTrace([text], { file: 't.csv', format }), {
    file: 't.csv',
    timeScale: 1,
    limit: null,
    ...more,
  });
}

function problemOf(text: string, format: TraceFormat): string {
  try {
    read(text, format);
  } catch (error) {
    if (error instanceof InputError) return formatProblem(error.problems[0]);
    throw error;
  }
  return 'no problem';
}

describe('azure', () => {
  test('times are exact to the nanosecond across midnight, and rows are sorted by them', () => {
    const workload = read(AZURE, 'azure');
    expect([...workload.arrivalNs]).toEqual([0, 520_040_000, 1_052_000_100]);
    expect([...workload.numPromptTokens]).toEqual([374, 12, 396]);
    expect([...workload.maxTokens]).toEqual([44, 1, 109]);
  });

  test('limit takes rows from the start, time-scale 2 is twice as fast', () => {
    const workload = read(AZURE, 'azure', { limit: 2, timeScale: 2 });
    expect([...workload.arrivalNs]).toEqual([0, 526_000_050]);
  });

  test('a time scale that stretches the trace beyond all measure is refused', () => {
    expect(() => read(AZURE, 'azure', { timeScale: 1e-300 })).toThrow(InputError);
  });

  test.each([
    ['2024-02-28', '2024-02-29', 1],
    ['2024-02-28', '2024-03-01', 2],
    ['2023-02-28', '2023-03-01', 1],
    ['2023-12-31', '2024-01-01', 1],
  ])('from %s to %s it is %i days', (from, to, days) => {
    const text = `TIMESTAMP,ContextTokens,GeneratedTokens\n${from} 12:00:00,1,1\n${to} 12:00:00,1,1\n`;
    expect([...read(text, 'azure').arrivalNs]).toEqual([0, days * 86_400e9]);
  });

  test('a byte order mark and CRLF do no harm', () => {
    expect(read(`\uFEFF${AZURE.replaceAll('\n', '\r\n')}`, 'azure').numRequests).toBe(3);
  });

  test.each([
    [
      'text in a number',
      AZURE.replace('396', 'many'),
      't.csv:3:29: ContextTokens: expected a number of tokens, got "many"',
    ],
    [
      'a negative size',
      AZURE.replace(',44', ',-4'),
      't.csv:2:33: GeneratedTokens: expected a number of tokens, got "-4"',
    ],
    [
      'no tokens',
      AZURE.replace(',44', ',0'),
      't.csv:2:33: GeneratedTokens: expected at least 1 token, got 0',
    ],
    [
      'a bad time',
      AZURE.replace('23:59', '25:59'),
      't.csv:2:1: TIMESTAMP: "2023-11-16 25:59:59.9799600" is no date and time',
    ],
    [
      'a day that the month does not have',
      AZURE.replace('2023-11-16', '2023-02-29'),
      't.csv:2:1: TIMESTAMP: "2023-02-29 23:59:59.9799600" is no date and time',
    ],
    [
      'a day years from the others',
      AZURE.replace('2023-11-17 00:00:01', '2026-11-17 00:00:01'),
      't.csv:3:1: TIMESTAMP: lies more than 104 days from the first row',
    ],
    [
      'a row that was cut off',
      AZURE.slice(0, 70),
      't.csv:2:1: TIMESTAMP: the row has 2 of 3 fields: is the file cut off?',
    ],
    [
      'a missing column',
      AZURE.replace('ContextTokens', 'Tokens'),
      't.csv:1:1: ContextTokens: column missing: a trace of format azure starts with the header "TIMESTAMP,ContextTokens,GeneratedTokens"',
    ],
    [
      'a column with a misspelt name',
      AZURE.replace('ContextTokens', 'Context_Token'),
      't.csv:1:11: ContextTokens: column missing: is it what "Context_Token" should be?',
    ],
    ['nothing', '', 't.csv: is empty'],
    ['a header alone', 'TIMESTAMP,ContextTokens,GeneratedTokens\n', 't.csv: holds no requests'],
  ])('%s is one located error', (_, text, message) => {
    expect(problemOf(text, 'azure')).toBe(message);
  });
});

describe('mooncake', () => {
  test('equal hash ids are equal prefixes, the last block may be short', () => {
    const workload = read(MOONCAKE, 'mooncake');
    const runs = (row: number) =>
      Array.from({ length: workload.runStart[row + 1] - workload.runStart[row] }, (_, i) => {
        const run = workload.runStart[row] + i;
        return [workload.runSegment[run], workload.runOffset[run], workload.runLength[run]];
      });
    expect([...workload.arrivalNs]).toEqual([0, 250e6]);
    expect(runs(0).map((run) => run[2])).toEqual([512, 88]);
    expect(runs(1).map((run) => run[2])).toEqual([512, 512, 76]);
    expect(runs(0)[0]).toEqual(runs(1)[0]);
  });

  test('times since 1970 keep every millisecond', () => {
    const text = MOONCAKE.replace('"timestamp": 0', '"timestamp": 1700000000001');
    const workload = read(text.replace('"timestamp": 250', '"timestamp": 1700000000002'), 'mooncake');
    expect([...workload.arrivalNs]).toEqual([0, 1e6]);
  });

  test.each([
    [
      'JSON cut in the middle',
      MOONCAKE.slice(0, 120),
      't.csv:2:1: expected one JSON object a line: is the file cut off?',
    ],
    [
      'text in a number',
      MOONCAKE.replace('600', '"x"'),
      't.csv:1:18: input_length: expected a number, got "x"',
    ],
    [
      'too many blocks',
      MOONCAKE.replace('600', '400'),
      "t.csv:1:59: hash_ids: 2 blocks of 512 tokens are more than the prompt's 400 tokens",
    ],
  ])('%s is one located error', (_, text, message) => {
    expect(problemOf(text, 'mooncake')).toBe(message);
  });
});

describe('vidur', () => {
  test('seconds and token counts', () => {
    const workload = read(VIDUR, 'vidur');
    expect([...workload.arrivalNs]).toEqual([0, 250e6]);
    expect([...workload.numPromptTokens]).toEqual([10, 20]);
  });

  test.each(['-1', '0x10', '1.2.3', 'soon', '', '1e999'])('"%s" is no time', (time) => {
    expect(problemOf(VIDUR.replace('0.75', time), 'vidur')).toBe(
      `t.csv:3:1: arrived_at: expected seconds, at least 0, got "${time}"`,
    );
  });

  test('a time beyond all measure is a located error', () => {
    expect(problemOf(VIDUR.replace('0.75', '1e300'), 'vidur')).toBe(
      't.csv:3:1: arrived_at: lies more than 104 days from the first row',
    );
  });
});

test('the format is told by the first line', () => {
  expect(detectTraceFormat(AZURE)).toBe('azure');
  expect(detectTraceFormat(MOONCAKE)).toBe('mooncake');
  expect(detectTraceFormat(VIDUR)).toBe('vidur');
  expect(detectTraceFormat('id,num_decode_tokens,num_prefill_tokens,arrived_at\r\n')).toBe('vidur');
  expect(detectTraceFormat('a,b\n')).toBeNull();
});

test('a damaged trace is a workload or a located error, never a crash', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<[string, TraceFormat]>([AZURE, 'azure'], [MOONCAKE, 'mooncake'], [VIDUR, 'vidur']),
      fc.nat(200),
      fc.nat(8),
      fc.string({ maxLength: 6 }),
      ([text, format], at, cut, insert) => {
        const damaged = text.slice(0, at) + insert + text.slice(at + cut);
        try {
          expect(read(damaged, format).numRequests).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
