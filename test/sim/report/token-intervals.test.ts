import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import type { Recording } from '../../../sim/recording/recording.ts';
import { Outcome } from '../../../sim/recording/tables.ts';
import { tokenIntervals } from '../../../sim/report/token-intervals.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { randomRun } from '../random-run.ts';

/** Nobody gives up, so that each interval belongs to a request that finishes, and no token in flight is dropped. */
const patientRun = randomRun.map((input) => ({
  ...input,
  cacheResets: [],
  workload: {
    ...input.workload,
    abortAfterNs: input.workload.abortAfterNs.map(() => Number.POSITIVE_INFINITY),
  },
}));

function sums(recording: Recording) {
  const { ns, counts, steps } = tokenIntervals(recording);
  const { requests } = recording;
  const served = [...requests.outcome.keys()].filter((i) => requests.outcome[i] === Outcome.Finished);
  const total = (amounts: readonly number[]) => amounts.reduce((sum, amount) => sum + amount, 0);
  expect(ns.every((each) => each > 0)).toBe(true);
  expect(counts.every((count) => count > 0)).toBe(true);
  expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  return {
    ns: total(ns.map((each, i) => each * counts[i])),
    tokens: total([...counts]),
    expectedNs: total(served.map((i) => requests.endNs[i] - requests.firstTokenNs[i])),
    expectedTokens: total(
      served.map((i) => requests.numOutputTokens[i] / Math.max(1, requests.numSequences[i]) - 1),
    ),
  };
}

test('together they are the time from first to last tokens, and there is one for each token but the first', () => {
  let numDrained = 0;
  fc.assert(
    fc.property(patientRun, (input) => {
      const recording = simulate(input);
      if (recording.header.end !== 'drained') return;
      numDrained++;
      const { ns, tokens, expectedNs, expectedTokens } = sums(recording);
      expect(ns).toBe(expectedNs);
      if (input.scheduler.numSpeculativeTokens === 0) expect(tokens).toBe(expectedTokens);
      else expect(tokens).toBeLessThanOrEqual(expectedTokens);
    }),
    { numRuns: 300, seed: 3 },
  );
  expect(numDrained).toBeGreaterThan(100);
});

describe('V0 and what served before paging', () => {
  const variants: readonly [name: string, extra: string][] = [
    ['recompute', '  preemption-mode: recompute\n'],
    ['swap', '  preemption-mode: swap\n'],
    ['chunked', '  enable-chunked-prefill: true\n'],
  ];
  const scenario = (extra: string, n = 1, system = 'vllm') => `version: 1
vllm: "0.6.3"
system: ${system}
engine:
  model: facebook/opt-125m
  max-model-len: 512
  num-gpu-blocks-override: 60
${extra}hardware: { gpu: l4 }
step-time: fixed:10ms
workload: { num-prompts: 60, request-rate: 20, random-input-len: 100, random-output-len: 60, random-range-ratio: 0.9, n: ${n} }
`;

  test.each(variants)('%s', (_, extra) => {
    const run = (more: string) => simulateScenario(parseScenario(scenario(extra + more), 's')).recording!;
    const { ns, tokens, expectedNs, expectedTokens } = sums(run('  disable-async-output-proc: true\n'));
    expect(ns).toBe(expectedNs);
    expect(tokens).toBe(expectedTokens);
    // Async outputs let a request end later than its last token comes, and sample one too many.
    const late = run('');
    expect(late.requests.numPreemptions.some((n) => n > 0)).toBe(true);
    expect(sums(late).tokens).toBe(sums(late).expectedTokens);
    expect(sums(late).ns).toBeLessThan(sums(late).expectedNs);
  });

  test.each(['orca-max', 'static-batches'])('%s', (system) => {
    const { recording } = simulateScenario(parseScenario(scenario('', 1, system), 's'));
    const { ns, tokens, expectedNs, expectedTokens } = sums(recording!);
    expect(ns).toBe(expectedNs);
    expect(tokens).toBe(expectedTokens);
  });
});
