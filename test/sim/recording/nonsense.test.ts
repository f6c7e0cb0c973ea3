import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EventKind, KIND_MASK } from '../../../sim/recording/events.ts';
import { findNonsense } from '../../../sim/recording/nonsense.ts';
import type { Recording } from '../../../sim/recording/recording.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';

const HELLO = readFileSync(new URL('../../../scenarios/hello.pool.yaml', import.meta.url), 'utf8');
const RUNS = {
  V1: simulateScenario(parseScenario(HELLO, 'v1')).recording!,
  V0: simulateScenario(
    parseScenario(
      HELLO.replace('2026-05', '0.6.3').replace(
        /--max-num-batched-tokens 256/,
        '--max-num-batched-tokens 512 --enable-prefix-caching',
      ),
      'v0',
    ),
  ).recording!,
};

/** The recording with one operand of the first event of a kind changed. */
function withOperand(
  recording: Recording,
  kind: EventKind,
  operand: 'a' | 'b' | 'c',
  value: number,
): Recording {
  const column = recording.events[operand].slice();
  const event = recording.events.kind.findIndex((packed) => (packed & KIND_MASK) === kind);
  expect(event).toBeGreaterThanOrEqual(0);
  column[event] = value;
  return { ...recording, events: { ...recording.events, [operand]: column } };
}

const { Admit, Allocate, Arrive, Free, Hit, Move, Preempt, Span } = EventKind;
const NUM_REQUESTS = 26;
const NUM_BLOCKS = 64;

describe.each(Object.entries(RUNS))('%s', (_, recording) => {
  const { steps, spans } = recording;

  test('what was recorded is none', () => expect(findNonsense(recording)).toBeNull());

  test('steps that end before they begin, or name more events than there are', () => {
    const eventEnd = steps.eventEnd.slice();
    eventEnd[5] = steps.scheduleEnd[5] - 1;
    expect(findNonsense({ ...recording, steps: { ...steps, eventEnd } })).toBe('step 5: events out of order');
    const last = steps.eventEnd.slice();
    last[recording.numSteps - 1] = recording.numEvents + 1;
    expect(findNonsense({ ...recording, steps: { ...steps, eventEnd: last } })).toMatch(/more events/);
  });

  test('a span that is its own predecessor: whoever followed it would not come back', () => {
    const previous = spans.previous.slice();
    previous[7] = 8;
    expect(findNonsense({ ...recording, spans: { ...spans, previous } })).toBe('span 7: out of range');
    const request = spans.request.slice();
    request[7] = NUM_REQUESTS;
    expect(findNonsense({ ...recording, spans: { ...spans, request } })).toBe('span 7: out of range');
  });
});

test.each([
  [Arrive, 'a', NUM_REQUESTS],
  [Admit, 'c', NUM_REQUESTS + 1],
  [Preempt, 'c', NUM_REQUESTS + 1],
  [Allocate, 'b', NUM_BLOCKS],
  [Hit, 'c', NUM_BLOCKS + 2],
  [Span, 'b', RUNS.V1.spans.step.length],
] as const)('V1, event %i: %s = %i', (kind, operand, value) => {
  expect(findNonsense(withOperand(RUNS.V1, kind, operand, value))).toMatch(/^event \d+: out of range$/);
  expect(findNonsense(withOperand(RUNS.V1, kind, operand, value - 1))).toBeNull();
});

test.each([
  [Move, 'a', NUM_REQUESTS],
  [Move, 'c', NUM_REQUESTS + 1],
  [Allocate, 'a', NUM_REQUESTS],
  [Allocate, 'b', NUM_BLOCKS],
  [Hit, 'c', NUM_BLOCKS + 2],
  [Free, 'c', 1 << 24],
  [Span, 'b', RUNS.V0.spans.step.length],
] as const)('V0, event %i: %s = %i', (kind, operand, value) => {
  expect(findNonsense(withOperand(RUNS.V0, kind, operand, value))).toMatch(/^event \d+: out of range$/);
  expect(findNonsense(withOperand(RUNS.V0, kind, operand, value - 1))).toBeNull();
});
