import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EventKind, KIND_MASK } from '../../../sim/recording/events.ts';
import { recordingOfKvEvents } from '../../../sim/recording/kv-events.ts';
import type { Recording } from '../../../sim/recording/recording.ts';
import { requestChange } from '../../../sim/recording/request-changes.ts';
import { AdmissionStop } from '../../../sim/recording/tables.ts';
import { heaviestBurst } from '../../../sim/report/moments/bursts.ts';
import { regrettedEvictions } from '../../../sim/report/moments/evictions.ts';
import type { Moment, MomentKind } from '../../../sim/report/moments/moment.ts';
import { momentText } from '../../../sim/report/moments/moment-text.ts';
import { momentsOf, reasonsOf } from '../../../sim/report/moments/moments.ts';
import { longestBlock } from '../../../sim/report/moments/queue.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { momentTextInChinese } from '../../../viz/story/moment-text.zh.ts';

function run(text: string): Recording {
  const { recording } = simulateScenario(parseScenario(text, 'moments.pool.yaml'));
  if (recording === null) throw new Error('it does not start');
  return recording;
}

function small(vllm: string, flags: string, workload: string): Recording {
  return run(`version: 1
name: moments
vllm: "${vllm}"
command: >
  vllm serve meta-llama/Llama-3.1-8B-Instruct --block-size 16 --max-model-len 512 ${flags}
hardware: { gpu: l4, count: 1 }
workload: { ${workload} }
`);
}

/** Steps in which a request changes in one of these ways, one entry a change. */
function changes(recording: Recording, ...kinds: string[]): number[] {
  const found: number[] = [];
  for (let step = 0, event = 0; step < recording.numSteps; step++) {
    for (; event < recording.steps.eventEnd[step]; event++) {
      const change = requestChange(recording, event, step);
      if (change && kinds.includes(change.kind)) found.push(step);
    }
  }
  return found;
}

const MANY = 'num-prompts: 40, request-rate: inf, input-len: 60, output-len: 200';
const RUNS: readonly (readonly [name: string, recording: Recording])[] = [
  ['hello', run(readFileSync('scenarios/hello.pool.yaml', 'utf8'))],
  ['thrashing', small('2026-05', '--num-gpu-blocks-override 100', MANY)],
  ['V0', small('0.6.3', '--num-gpu-blocks-override 100 --swap-space 0', MANY)],
  [
    'V0 that swaps',
    small('0.6.3', '--num-gpu-blocks-override 100 --swap-space 1 --preemption-mode swap', MANY),
  ],
];

describe.each(RUNS)('%s', (_, recording) => {
  const moments = momentsOf(recording, 5);
  const of = (kind: MomentKind): Moment | undefined => moments.find((moment) => moment.kind === kind);

  test('at most so many are told, in the order of time, and each has words and reasons', () => {
    expect(moments.length).toBeGreaterThan(1);
    expect(momentsOf(recording)).toHaveLength(Math.min(3, moments.length));
    for (const list of [moments, momentsOf(recording)]) {
      expect(list).toEqual([...list].sort((a, b) => a.step - b.step));
    }
    for (const moment of moments) {
      for (const tell of [momentText, momentTextInChinese]) {
        expect(Object.values(tell(recording, moment)).join()).not.toMatch(/undefined|NaN/);
      }
      expect(reasonsOf(recording, moment).length, moment.kind).toBeGreaterThan(0);
    }
  });

  test('before the first shortage nobody waits for blocks, and nobody is preempted', () => {
    const first = of('shortage') ?? moments[0];
    const early = recording.steps.admissionStop.subarray(0, first.step);
    expect([...early]).not.toContain(AdmissionStop.NoFreeBlocks);
    for (const step of changes(recording, 'preempt', 'swap-out'))
      expect(step).toBeGreaterThanOrEqual(first.step);
  });

  test('while the queue stands still somebody waits, and nobody is admitted', () => {
    const { step, lastStep, facts } = of('blocked')!;
    const waiting = recording.steps.numWaiting.subarray(step, lastStep + 1);
    expect(Math.min(...waiting)).toBeGreaterThan(0);
    expect(Math.max(...waiting)).toBe(facts.waiting);
    const admitted = changes(recording, 'admit', 'resume').filter((each) => each > step && each <= lastStep);
    expect(admitted).toEqual([]);
  });

  test('a storm has the preemptions of its steps', () => {
    const storm = of('storm');
    if (storm === undefined) return;
    const { step, lastStep, facts } = storm;
    const within = changes(recording, 'preempt', 'swap-out').filter(
      (each) => each >= step && each <= lastStep,
    );
    expect(within).toHaveLength(facts.preemptions);
    expect(facts.lostTokens > 0).toBe(recording.header.v0?.preemptionMode !== 'swap');
  });
});

test('what is evicted is computed again later', () => {
  const [[, recording]] = RUNS;
  const { events, steps } = recording;
  const moment = momentsOf(recording, 5).find(({ kind }) => kind === 'evicted')!;
  const eventsOf = (kind: number, from: number, to: number) =>
    [...events.kind.subarray(from, to)].flatMap((packed, i) =>
      (packed & KIND_MASK) === kind ? [from + i] : [],
    );
  const [lost] = eventsOf(
    EventKind.Allocate,
    steps.eventEnd[moment.step - 1],
    steps.eventEnd[moment.step],
  ).filter((event) => events.b[event] === moment.block);
  const again = eventsOf(EventKind.Cache, steps.eventEnd[moment.step], recording.numEvents);
  expect(again.some((event) => events.c[event] === events.c[lost])).toBe(true);
});

test('the thrashing run has a storm', () => {
  expect(momentsOf(RUNS[1][1]).map(({ kind }) => kind)).toContain('storm');
});

test('a run with room enough tells its fullest step', () => {
  const recording = small('2026-05', '', 'num-prompts: 3, request-rate: 1, input-len: 60, output-len: 20');
  const [moment, ...others] = momentsOf(recording);
  expect(others).toEqual([]);
  expect(moment.kind).toBe('fullest');
  expect(moment.facts.free).toBe(Math.min(...recording.steps.numFreeBlocks));
});

test('a bad end comes before all else; without events, what the steps know is told', () => {
  const [, [, recording]] = RUNS;
  const hangs = { ...recording, header: { ...recording.header, end: 'hang' as const } };
  expect(momentsOf(hangs, 1)).toMatchObject([{ kind: 'hang', step: recording.numSteps - 1 }]);
  const steps = { ...recording.steps, eventEnd: new Uint32Array(recording.numSteps) };
  const merged = { ...recording, numEvents: 0, steps };
  const moments = momentsOf(merged);
  expect(moments.map(({ kind }) => kind)).toContain('shortage');
  for (const moment of moments) expect(reasonsOf(merged, moment)).toEqual([]);
  expect(momentsOf({ ...merged, numSteps: 0 })).toEqual([]);
});

test('the heaviest burst', () => {
  const at = (step: number, weight = 1) => ({ step, weight });
  const heaviest = (...happened: { step: number; weight: number }[]) =>
    heaviestBurst(happened, 10, ({ weight }) => weight).map(({ step }) => step);
  expect(heaviest()).toEqual([]);
  expect(heaviest(at(1), at(50), at(60), at(71))).toEqual([50, 60]);
  expect(heaviest(at(1), at(50), at(60), at(71, 5))).toEqual([71]);
});

test('a content that another block still holds is not lost, so that nobody misses what is evicted', () => {
  const stored = '{"type": "BlockStored", "block_hashes": ["a"], "block_size": 16}';
  const removed = '{"type": "BlockRemoved", "block_hashes": ["a"]}';
  const missed = (...events: string[]) => regrettedEvictions(recordingOfKvEvents(events.join('\n'), 'x'));
  expect(missed(stored, stored, removed, stored)).toBeNull();
  expect(missed(stored, stored, removed, removed, stored)).toMatchObject({ kind: 'evicted', step: 3 });
});

test('one step in which nobody is admitted is no queue that stands still', () => {
  const [, [, recording]] = RUNS;
  const { step } = longestBlock(recording) ?? expect.unreachable();
  expect(longestBlock({ ...recording, numSteps: step + 1 })?.step).not.toBe(step);
  expect(longestBlock({ ...recording, numSteps: step + 2 })).not.toBeNull();
});
