import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import { EventKind, KIND_MASK } from '../../../sim/recording/events.ts';
import { diffRecordings } from '../../../sim/report/diff.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { randomRun } from '../random-run.ts';

const HELLO = readFileSync(new URL('../../../scenarios/hello.pool.yaml', import.meta.url), 'utf8');

function record(text: string) {
  const { recording } = simulateScenario(parseScenario(text, 'hello'));
  if (recording === null) throw new Error('it does not start');
  return recording;
}

const hello = record(HELLO);

test('a run does not differ from itself', () => {
  fc.assert(
    fc.property(randomRun, (input) => {
      const { first, settings, onlyIn, results } = diffRecordings(simulate(input), simulate(input));
      expect(first).toBeNull();
      expect(settings).toEqual([]);
      expect(onlyIn).toEqual([[], []]);
      for (const { values } of results) expect(values[0]).toBe(values[1]);
    }),
    { numRuns: 100, seed: 12 },
  );
});

describe('the first difference', () => {
  test('of one block less: the same until the pool is short', () => {
    const { first, settings, comparesBlocks } = diffRecordings(
      hello,
      record(HELLO.replace('override 64', 'override 63')),
    );
    expect(settings).toEqual([{ name: 'numGpuBlocks', values: [64, 63] }]);
    expect(comparesBlocks).toBe(false);
    expect(first?.step).toBeGreaterThan(20);
    expect(first?.decisions[0]).not.toBe(first?.decisions[1]);
  });

  test('of a smaller budget: the first prompt that it cuts', () => {
    const { first, results } = diffRecordings(
      hello,
      record(HELLO.replace('batched-tokens 256', 'batched-tokens 64')),
    );
    expect(first).toMatchObject({
      step: 0,
      decisions: ['computes 87 tokens of r0 behind 0', 'computes 64 tokens of r0 behind 0'],
    });
    const steps = results.find(({ name }) => name === 'steps');
    expect(steps?.values[0]).toBe(hello.numSteps);
    expect(steps?.values[1]).not.toBe(hello.numSteps);
  });

  test('comes with the reasons of both sides, about the requests concerned', () => {
    const { first } = diffRecordings(hello, record(HELLO.replace('override 64', 'override 63')));
    const [, reasons] = first?.reasons ?? [];
    expect(reasons?.length).toBeGreaterThan(0);
    expect(reasons?.join(' ')).toMatch(/\br\d+ (waits|is preempted)/);
  });

  test('of an order alone: the first decision out of place', () => {
    const requestIds = [...hello.requestIds];
    const { first } = diffRecordings(hello, { ...hello, requestIds });
    expect(first).toBeNull();
    // Two neighbours of the first step's events change places: their blocks do, too.
    const events = { ...hello.events, b: hello.events.b.slice() };
    const [one, other] = [...hello.events.kind.keys()].filter(
      (event) => (hello.events.kind[event] & KIND_MASK) === EventKind.Allocate,
    );
    [events.b[one], events.b[other]] = [events.b[other], events.b[one]];
    expect(diffRecordings(hello, { ...hello, events }).first?.decisions[0]).toContain(
      'gives r0 the blocks 1, 2',
    );
  });

  /** Two like requests at once, in the place of hello's. */
  const two = (text: string, more = '') =>
    record(
      text.replace(
        /workload:[\s\S]*?\n\n/,
        `workload: {num-prompts: 2, request-rate: inf, input-len: 20, output-len: 4${more}}\n\n`,
      ),
    );

  test('of the same decisions in another order: the first that is out of place', () => {
    const other = { ...two(HELLO.replace('override 64', 'override 65')), requestIds: ['r1', 'r0'] };
    expect(diffRecordings(two(HELLO), other).first).toMatchObject({
      step: 0,
      decisions: [
        'admits r0 with 0 cached tokens, at another place in the order',
        'admits r1 with 0 cached tokens, at another place in the order',
      ],
    });
  });

  test('of blocks in V0, where sequences own them: the request of the sequence is named', () => {
    const twoAnswers = two(
      HELLO.replace('2026-05', '0.6.3').replace('batched-tokens 256', 'batched-tokens 512'),
      ', n: 2',
    );
    const { events } = twoAnswers;
    const b = events.b.slice();
    const ofSecond = [...events.kind.keys()].find(
      (event) => (events.kind[event] & KIND_MASK) === EventKind.Allocate && events.a[event] === 2,
    );
    b[ofSecond!] = 63;
    const { first } = diffRecordings(twoAnswers, { ...twoAnswers, events: { ...events, b } });
    expect(first?.decisions[1]).toMatch(/^gives r1 the blocks? .*63/);
  });

  test('of one step less: the shorter one takes no further step', () => {
    const shorter = { ...hello, numSteps: hello.numSteps - 1 };
    const { first } = diffRecordings(hello, shorter);
    expect(first?.step).toBe(hello.numSteps - 1);
    expect(first?.decisions[1]).toMatch(/^(ends|takes no further step)/);
  });

  test('of another step time alone: none while nothing depends on it', () => {
    const burst = HELLO.replace('request-rate: 7', 'request-rate: inf').replace(/ {2}abort:.*\n/, '');
    const { first, settings } = diffRecordings(
      record(burst),
      record(burst.replace('gpu: l4', 'gpu: rtx4090')),
    );
    expect(settings).toEqual([]);
    expect(first).toBeNull();
  });

  test('of other requests: those that only one has are named', () => {
    const { onlyIn } = diffRecordings(hello, record(HELLO.replace('num-prompts: 26', 'num-prompts: 28')));
    expect(onlyIn).toEqual([[], ['r26', 'r27']]);
  });
});
