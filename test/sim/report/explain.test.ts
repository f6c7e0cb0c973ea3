import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { EventKind, KIND_MASK } from '../../../sim/recording/events.ts';
import { explainStep } from '../../../sim/report/explain.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { randomRun } from '../random-run.ts';

describe('the default scenario', () => {
  const text = readFileSync(new URL('../../../scenarios/hello.pool.yaml', import.meta.url), 'utf8');
  const { recording } = simulateScenario(parseScenario(text, 'hello'));
  if (recording === null) throw new Error('it does not start');
  const reasons = Array.from({ length: recording.numSteps }, (_, step) => explainStep(recording, step));
  const all = reasons.flat().map(({ text: sentence }) => sentence);
  const some = (pattern: RegExp) => all.filter((sentence) => pattern.test(sentence)).length;

  test('one who decodes is told in the singular', () => {
    expect(some(/^r0 decodes one token: /)).toBeGreaterThan(0);
    expect(some(/ decodes one token each/)).toBe(0);
  });

  test('every preemption names its victim, who needed the block and the policy', () => {
    const preemptions = recording.events.kind.filter(
      (kind) => (kind & KIND_MASK) === EventKind.Preempt,
    ).length;
    expect(preemptions).toBeGreaterThan(5);
    expect(
      some(
        /^r\d+ is preempted: (r\d+ needs 1 block more than are free|it needs a block itself, none is free), and fcfs takes the last/,
      ),
    ).toBe(preemptions);
  });

  test('a refused head says how many blocks it needs and how many are free, and the numbers are so', () => {
    let refused = 0;
    for (const { text: sentence } of reasons.flat()) {
      const numbers = /needs (\d+) free blocks? .*, (\d+) are free/.exec(sentence);
      if (!numbers) continue;
      refused++;
      expect(Number(numbers[1])).toBeGreaterThan(Number(numbers[2]));
    }
    expect(refused).toBeGreaterThan(20);
  });

  test('admissions, resumptions, hits, evictions, aborts and ends are all told', () => {
    expect(some(/is admitted from the head/)).toBe(26);
    expect(some(/is resumed from the head/)).toBeGreaterThan(0);
    expect(some(/came from the prefix cache/)).toBeGreaterThan(10);
    expect(
      some(/cached content: .* stood at the head of the free queue, freed by r\d+ in step \d+/),
    ).toBeGreaterThan(10);
    expect(some(/is aborted: its client gave up/)).toBe(1);
    expect(some(/ends with \d+ outputs?: it has all its outputs/)).toBe(25);
  });

  test('every reason names the vLLM function that it mirrors', () => {
    for (const { rule } of reasons.flat()) expect(rule).not.toBe('');
  });
});

test('in any step of any run each running request is accounted for, and the head of the queue if one waits', () => {
  fc.assert(
    fc.property(randomRun, fc.nat(200), (input, at) => {
      const recording = simulate({ ...input, maxSteps: 200 });
      if (recording.numSteps === 0) return;
      const step = at % recording.numSteps;
      const told = new Set(explainStep(recording, step).flatMap(({ requests }) => requests));
      const cursor = new Cursor(recording);
      cursor.seek(step);
      for (const request of cursor.running()) expect(told).toContain(request);
      const [head] = cursor.waiting();
      if (head !== undefined) expect(told).toContain(head);
    }),
    { numRuns: 400, seed: 9 },
  );
});

test('a reset of the prefix cache is why all that run are preempted, and names the blocks that it empties', () => {
  const text = readFileSync('scenarios/claims/2.13-emptied.pool.yaml', 'utf8');
  const { recording } = simulateScenario(parseScenario(text, 'emptied'));
  if (recording === null) throw new Error('it does not start');
  const { events, steps, numSteps } = recording;
  const kindsIn = (step: number) =>
    events.kind.subarray(step === 0 ? 0 : steps.eventEnd[step - 1], steps.eventEnd[step]);
  const isReset = (step: number) => kindsIn(step).includes(EventKind.ResetCache);
  const resets = Array.from({ length: numSteps }, (_, step) => step).filter(isReset);
  const reasons = resets.flatMap((step) => explainStep(recording, step));
  const preempted = reasons.filter(({ text: sentence }) => / is preempted/.test(sentence));
  expect(preempted.length).toBeGreaterThan(5);
  for (const { text: sentence, rule } of preempted) {
    expect(sentence).toContain('is preempted: the prefix cache is to be reset');
    expect(rule).toBe('BlockPool.reset_prefix_cache');
  }
  const emptied = reasons.filter(({ text: sentence }) => /^The prefix cache is reset/.test(sentence));
  const numEmptied = emptied.reduce((sum, { blocks }) => sum + blocks.length, 0);
  expect(numEmptied).toBe(events.kind.filter((kind) => (kind & KIND_MASK) === EventKind.Evict).length);
});

test.each([
  ['V1', '2026-05', ''],
  ['V0 that computes again', '0.6.3', '--preemption-mode recompute'],
  ['V0 that swaps', '0.6.3', '--preemption-mode swap --swap-space 1'],
])('%s: who loses its place, and nothing else, is told as a preemption', (_, vllm, flags) => {
  const text = `version: 1
vllm: "${vllm}"
command: >
  vllm serve meta-llama/Llama-3.1-8B-Instruct --block-size 16 --max-model-len 512 --num-gpu-blocks-override 100 ${flags}
hardware: { gpu: l4 }
workload: { num-prompts: 20, request-rate: inf, input-len: 60, output-len: 100 }
`;
  const { recording } = simulateScenario(parseScenario(text, 'pressed'));
  if (recording === null) throw new Error('it does not start');
  let told = 0;
  let waits = 0;
  for (let step = 0; step < recording.numSteps; step++) {
    const reasons = explainStep(recording, step);
    told += reasons.filter(({ kind }) => kind === 'preemption').length;
    waits += reasons.filter(({ kind }) => kind === 'waits').length;
  }
  expect(told).toBeGreaterThan(0);
  expect(told).toBe(recording.requests.numPreemptions.reduce((sum, n) => sum + n, 0));
  expect(waits).toBeGreaterThan(0);
});
