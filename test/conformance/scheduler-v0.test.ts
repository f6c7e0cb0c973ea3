import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { compareCase } from '../../sim/verify/compare-case.ts';
import type { V0Case } from '../../sim/verify/conformance-case.ts';
import { isV0, parseCase } from '../../sim/verify/parse-case.ts';

const FOLDER = new URL('./v0/dev/', import.meta.url);

const cases = readdirSync(FOLDER).map((name): V0Case => {
  const kase = parseCase(gunzipSync(readFileSync(new URL(name, FOLDER))).toString(), name);
  if (kase === null || !isV0(kase)) throw new Error(`${name} is no case of the V0 scheduler`);
  return kase;
});

const named = (name: string) => cases.find((kase) => kase.case === name)!;

describe('recorded steps of vLLM 0.6.3, every field of every step', () => {
  test('all 100 cases are here', () => {
    expect(cases).toHaveLength(100);
  });

  test.each(cases.map((kase) => [kase.case, kase] as const))('%s', (_, kase) => {
    expect(compareCase(kase).difference).toBeNull();
    expect(compareCase(kase, false).difference).toBeNull();
  });
});

describe('a case that differs is reported', () => {
  const kase = named('v0-swap-mode-00');

  test('with its first step and field', () => {
    const steps = kase.steps.map((step) => (step.step === 3 ? { ...step, free_blocks: 1000 } : step));
    expect(compareCase({ ...kase, steps }).difference).toMatchObject({
      step: 3,
      field: 'free_blocks',
      expected: 1000,
      actual: kase.steps[3].free_blocks,
    });
  });

  test('where Poolscope has what the record lacks', () => {
    const at = kase.steps.findIndex((step) => step.swap_out !== undefined);
    const steps = kase.steps.map((step, i) => (i === at ? { ...step, swap_out: undefined } : step));
    expect(compareCase({ ...kase, steps }).difference).toMatchObject({ step: at, field: 'swap_out' });
  });

  test('where the run goes on for longer, or ends otherwise', () => {
    expect(compareCase({ ...kase, steps: kase.steps.slice(0, -1) }).difference).toMatchObject({
      field: 'steps',
    });
    expect(compareCase({ ...kase, end: 'RuntimeError: no' }).difference).toMatchObject({ field: 'end' });
  });

  test('where the engine dies of something else', () => {
    const crash = named('v0-cpu-full-00');
    const steps = crash.steps.map((step) => (step.error ? { ...step, error: 'KeyError: 7' } : step));
    expect(compareCase({ ...crash, steps }).difference).toMatchObject({ field: 'error' });
  });
});
