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
