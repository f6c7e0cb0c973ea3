import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { compareCase } from '../../sim/verify/compare-case.ts';
import type { ConformanceCase } from '../../sim/verify/conformance-case.ts';
import { isV0, parseCase } from '../../sim/verify/parse-case.ts';

const FOLDER = new URL('./v1/', import.meta.url);

function load(folder: string): ConformanceCase[] {
  return readdirSync(new URL(folder, FOLDER)).map((name) => {
    const text = gunzipSync(readFileSync(new URL(folder + name, FOLDER))).toString();
    const kase = parseCase(text, name);
    if (kase === null || isV0(kase)) throw new Error(`${name} is no case of the V1 scheduler`);
    return kase;
  });
}

describe('recorded steps of vLLM V1, every field of every step', () => {
  const cases = load('dev/');

  test('all 191 cases are here', () => {
    expect(cases).toHaveLength(191);
  });

  test.each(cases.map((kase) => [kase.case, kase] as const))('%s', (_, kase) => {
    expect(compareCase(kase).difference).toBeNull();
    // The plain path, which decides what the fast one hands over.
    expect(compareCase(kase, false).difference).toBeNull();
  });
});

describe('totals of thousands of requests', () => {
  test.each(load('bench/').map((kase) => [kase.case, kase] as const))('%s', (_, kase) => {
    expect(compareCase(kase).difference).toBeNull();
  });
});

test('a case that differs is reported with its first step and field', () => {
  const [kase] = load('dev/').filter(({ case: name }) => name === 'v1-basic-000');
  const steps = kase.steps!.map((step) =>
    step.step === 3 ? { ...step, free_blocks: step.free_blocks + 1 } : step,
  );
  expect(compareCase({ ...kase, steps }).difference).toMatchObject({
    step: 3,
    field: 'free_blocks',
    expected: kase.steps![3].free_blocks + 1,
    actual: kase.steps![3].free_blocks,
  });
});
