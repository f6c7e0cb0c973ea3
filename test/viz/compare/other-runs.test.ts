import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { alignedStep, differingBlocks } from '../../../viz/compare/other-runs.ts';

const HELLO = readFileSync(new URL('../../../scenarios/hello.pool.yaml', import.meta.url), 'utf8');
const record = (text: string) => simulateScenario(parseScenario(text, 'hello.pool.yaml')).recording!;
const a = record(HELLO);
const b = record(HELLO.replace('--max-num-seqs 12', '--max-num-seqs 3'));

test('by time: the step of the other run that has begun last', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: a.numSteps - 1 }), (step) => {
      const other = alignedStep(a, step, b, 'time');
      const now = a.steps.startNs[step];
      if (other >= 0) expect(b.steps.startNs[other]).toBeLessThanOrEqual(now);
      if (other + 1 < b.numSteps) expect(b.steps.startNs[other + 1]).toBeGreaterThan(now);
    }),
  );
  expect(alignedStep(a, a.numSteps, b, 'time')).toBe(b.numSteps);
  expect(alignedStep(a, 40, b, 'step')).toBe(40);
});

test('a run and itself differ in no block, at any step; two runs do', () => {
  const [one, same, other] = [new Cursor(a), new Cursor(a), new Cursor(b)];
  for (const step of [0, 17, 90, a.numSteps]) {
    for (const cursor of [one, same, other]) cursor.seek(step);
    expect(differingBlocks(one, same).size).toBe(0);
  }
  for (const cursor of [one, other]) cursor.seek(60);
  expect(differingBlocks(one, other).size).toBeGreaterThan(0);
});

test('blocks that only one pool has differ', () => {
  const large = record(HELLO.replace('blocks-override 64', 'blocks-override 70'));
  expect([...differingBlocks(new Cursor(a), new Cursor(large))]).toEqual([64, 65, 66, 67, 68, 69]);
});
