import { expect, test } from 'vitest';
import { summarize } from '../../../sim/report/summary.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';

function run(stages: number, more: { vllm?: string; engine?: string; requests: number; outputs?: number }) {
  const { vllm = '2026-05', engine = 'async-scheduling: false', requests, outputs = 40 } = more;
  const { recording, replicas, plan } = simulateScenario(
    parseScenario(
      `
version: 1
vllm: "${vllm}"
engine: { model: meta-llama/Llama-3.1-8B-Instruct, max-model-len: 4096, pipeline-parallel-size: ${stages}, ${engine} }
hardware: { gpu: a100-80g-sxm, count: ${stages} }
step-time: fixed:32ms
workload: { num-prompts: ${requests}, request-rate: inf, random-input-len: 256, random-output-len: ${outputs} }
`,
      'pipeline',
    ),
  );
  if (recording === null) throw new Error(JSON.stringify(plan));
  return { recording, replicas, summary: summarize(recording) };
}

test('a single request leaves all stages but one waiting, whatever their number', () => {
  expect(run(1, { requests: 1 }).summary.pipeline).toBeNull();
  for (const stages of [2, 4]) {
    const { summary } = run(stages, { requests: 1 });
    expect(summary.pipeline?.bubbles).toBeCloseTo(1 - 1 / stages, 6);
    // No faster than on one GPU.
    expect(summary.simulatedSeconds).toBeCloseTo(run(1, { requests: 1 }).summary.simulatedSeconds, 6);
  }
});

test('prompts that fill several batches fill the stages, and the run is shorter by nearly their number', () => {
  const engine = 'async-scheduling: false, max-num-batched-tokens: 512';
  const one = run(1, { requests: 32, engine, outputs: 200 }).summary;
  const four = run(4, { requests: 32, engine, outputs: 200 }).summary;
  expect(four.pipeline?.bubbles).toBeLessThan(0.1);
  expect(four.simulatedSeconds).toBeLessThan(one.simulatedSeconds);
  expect(four.requests.finished).toBe(32);
});

test('a request is in one batch at a time while it decodes, and stages are never busier than time allows', () => {
  const engine = 'async-scheduling: false, max-num-batched-tokens: 512';
  const { recording } = run(4, { requests: 12, engine, outputs: 30 });
  const { steps, requests, header } = recording;
  const computed = steps.numScheduledTokens.reduce((sum, n) => sum + n, 0);
  const outputs = requests.numOutputTokens.reduce((sum, n) => sum + n, 0);
  expect(outputs).toBe(12 * 30);
  // The last output is never computed; nothing is computed twice.
  expect(computed).toBe(12 * (256 + 29));
  for (const busyNs of header.pipeline!.busyNs) expect(busyNs).toBeLessThanOrEqual(header.pipeline!.activeNs);
  for (let step = 1; step < recording.numSteps; step++) {
    expect(steps.startNs[step]).toBeGreaterThanOrEqual(steps.startNs[step - 1] + 8e6);
    expect(steps.endNs[step]).toBeGreaterThan(steps.endNs[step - 1]);
  }
});

test('with async scheduling the stages wait for the tokens of the last one: no two batches that sample overlap', () => {
  const { recording, summary } = run(4, { requests: 8, engine: 'max-num-batched-tokens: 512', outputs: 30 });
  expect(summary.requests.finished).toBe(8);
  // The budget cuts the prompts, but each batch ends one.
  expect(summary.pipeline?.bubbles).toBeCloseTo(0.75, 6);
  const { startNs, endNs } = recording.steps;
  for (let step = 1; step < recording.numSteps; step++) {
    expect(startNs[step]).toBeGreaterThanOrEqual(endNs[step - 1]);
  }
});

test('while a prompt is cut, async scheduling keeps a batch on each stage; with drafts no more than two', () => {
  const overlapping = (engine: string) => {
    const { recording } = run(4, {
      requests: 1,
      engine: `max-num-batched-tokens: 32, ${engine}`,
      outputs: 1,
    });
    const { startNs, endNs } = recording.steps;
    // Chunks that are under way when the last stage ends the first of them.
    return startNs.filter((ns) => ns < endNs[0]).length;
  };
  expect(overlapping('async-scheduling: true')).toBe(4);
  const drafts = 'speculative-config: {method: eagle, num_speculative_tokens: 2}';
  expect(overlapping(`async-scheduling: true, ${drafts}`)).toBe(2);
});

test('vLLM 0.6.3 divides blocks and requests among virtual engines that share the stages', () => {
  const { replicas, recording, summary } = run(2, { vllm: '0.6.3', engine: '', requests: 9 });
  expect(replicas).toHaveLength(2);
  const blocks = replicas.map(({ header }) => header.pool.numGpuBlocks);
  expect(blocks[0]).toBe(blocks[1]);
  // The first of those with the fewest requests.
  expect(replicas.map((replica) => summarize(replica).requests.total)).toEqual([5, 4]);
  expect(summary.requests.finished).toBe(9);
  expect(recording.header.replica).toEqual({
    index: null,
    count: 2,
    of: { kind: 'virtual engine', router: 'vllm' },
  });
  // Two engines keep two stages busy.
  expect(summary.pipeline?.bubbles).toBeLessThan(0.1);
});
