import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type AllocatorCase, parseAllocatorCase } from '../../sim/verify/allocator-case.ts';
import { compareAllocatorCase } from '../../sim/verify/compare-allocator-case.ts';

const FOLDER = new URL('./allocator/dev/', import.meta.url);

const cases: AllocatorCase[] = readdirSync(FOLDER).map((name) => {
  const kase = parseAllocatorCase(gunzipSync(readFileSync(new URL(name, FOLDER))).toString(), name);
  if (kase === null) throw new Error(`${name} is no case of the allocator`);
  return kase;
});

describe("recorded operations of PyTorch's caching allocator: placements, calls, statistics, snapshots", () => {
  test('all 71 cases are here', () => {
    expect(cases).toHaveLength(71);
  });

  test.each(cases.map((kase) => [kase.case, kase] as const))('%s', (_, kase) => {
    expect(compareAllocatorCase(kase).difference).toBeNull();
  });
});

describe('a case that differs is reported with its first operation and field', () => {
  const kase = cases.find(({ case: name }) => name === 'dev/03-coalesce-mid')!;
  const op = kase.results.findIndex((result) => result !== null);

  test.each<[field: string, op: number, changed: Partial<AllocatorCase>]>([
    [
      'result',
      op,
      { results: kase.results.map((result, i) => (i === op ? { error: 'CUDA out of memory.' } : result)) },
    ],
    ['device_calls', kase.device_calls.at(-1)![0], { device_calls: kase.device_calls.slice(0, -1) }],
    [
      'inactive_split',
      5,
      { stats_after: kase.stats_after.map((row) => (row[0] === 5 ? row.with(4, row[4] + 512) : row)) },
    ],
    [
      'device_used',
      0,
      {
        stats_columns: kase.stats_columns.map((name) => (name === 'reserved' ? 'device_used' : name)),
        stats_after: [kase.stats_after[0].with(2, 1)],
      },
    ],
    ['final_snapshot.0', kase.ops.length, { final_snapshot: kase.final_snapshot.slice(1) }],
  ])('%s', (field, at, changed) => {
    expect(compareAllocatorCase({ ...kase, ...changed }).difference).toMatchObject({ op: at, field });
  });

  test('a statistic that nobody knows differs', () => {
    const stats_columns = kase.stats_columns.map((name) => (name === 'active' ? 'activity' : name));
    expect(compareAllocatorCase({ ...kase, stats_columns }).difference).toMatchObject({ field: 'activity' });
  });
});

describe('what is no case is refused with its place', () => {
  const kase = { ...cases[0], source: { system: 'PyTorch' } };

  test.each<[message: string, changed: object]>([
    [
      'wrong: config.conf: Unrecognized CachingAllocator option: x',
      { config: { ...kase.config, conf: 'x:1' } },
    ],
    ['wrong: ops.0: is no operation on the allocator', { ops: [['steal', 1]] }],
    ['wrong: ops.0: 1 is not allocated', { ops: [['free', 1]], results: [null] }],
    [
      'wrong: ops.1: 1 is allocated already',
      {
        ops: [
          ['alloc', 1, 512, 0],
          ['alloc', 1, 512, 0],
        ],
        results: [null, null],
      },
    ],
    ['wrong: results: 1 of them for', { results: [null] }],
    ['wrong: stats_after.0: there is no op 9999', { stats_after: [[9999]] }],
    ['wrong: device_calls: Invalid', { device_calls: null }],
  ])('%s', (message, changed) => {
    expect(() => parseAllocatorCase(JSON.stringify({ ...kase, ...changed }), 'wrong')).toThrow(message);
  });

  test('an id whose allocation failed may be used again', () => {
    const alloc = ['alloc', 1, 512, 0];
    const ops = { ops: [alloc, alloc], results: [{ error: 'CUDA out of memory.' }, null] };
    const text = JSON.stringify({ ...kase, ...ops, device_calls: [], stats_after: [] });
    expect(parseAllocatorCase(text, 'retry')?.ops).toEqual([alloc, alloc]);
  });

  test('files of other kinds are none', () => {
    expect(parseAllocatorCase('[1]', 'list')).toBeNull();
    expect(parseAllocatorCase('null', 'null')).toBeNull();
    expect(parseAllocatorCase('{"source": {"system": "vLLM"}, "ops": []}', 'other')).toBeNull();
    expect(() => parseAllocatorCase('{', 'broken')).toThrow('broken: is no JSON');
  });
});
