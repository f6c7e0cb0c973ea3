import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseScenario } from '../../sim/scenario/parse.ts';
import { simulateScenario } from '../../sim/simulate-scenario.ts';
import { derive } from '../../viz/derived.ts';
import { eventSteps, neighbour } from '../../viz/event-steps.ts';

const HELLO = readFileSync(new URL('../../scenarios/hello.pool.yaml', import.meta.url), 'utf8');

test('hello: every kind that it has, each step once, as the running totals say', () => {
  const recording = simulateScenario(parseScenario(HELLO, 'hello.pool.yaml')).recording!;
  const found = eventSteps(recording);
  expect([...found.keys()]).toEqual(
    expect.arrayContaining(['preempt', 'blocked', 'evict', 'hit', 'admit', 'resume', 'finish', 'abort']),
  );
  const { preemptions } = derive(recording);
  const rising = [...preemptions.keys()].filter((i) => preemptions[i] > (i === 0 ? 0 : preemptions[i - 1]));
  expect([...found.get('preempt')!]).toEqual(rising);
});

test('the nearest step before and after', () => {
  const ascending = fc.uniqueArray(fc.nat(50)).map((list) => list.sort((a, b) => a - b));
  fc.assert(
    fc.property(ascending, fc.nat(50), (steps, at) => {
      expect(neighbour(steps, at, 1)).toBe(steps.find((step) => step > at) ?? null);
      expect(neighbour(steps, at, -1)).toBe(steps.findLast((step) => step < at) ?? null);
    }),
  );
});
