import { expect, test } from 'vitest';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { WorkloadBuilder } from '../../../sim/workload/builder.ts';
import { childRequests } from '../../../sim/workload/child-requests.ts';

test('a request with n = 3 becomes three with its prompt, and outputs of their own', () => {
  const builder = new WorkloadBuilder();
  const [s, t] = [builder.newSegment(), builder.newSegment()];
  const first = builder.add({
    arrivalNs: 5,
    prompt: [
      [s, 0, 4],
      [t, 2, 3],
    ],
    maxTokens: 6,
    numSequences: 3,
    priority: 2,
    images: [{ segment: t, offset: 4, length: 3 }],
  });
  builder.add({ arrivalNs: 7, dependsOn: first, prompt: [[s, 0, 1]], maxTokens: 2 });
  const w = childRequests(builder.finish());
  expect(w.ids).toEqual(['0_r0', '1_r0', '2_r0', 'r1']);
  expect([...w.numPromptTokens]).toEqual([7, 7, 7, 1]);
  expect([...w.runStart]).toEqual([0, 2, 4, 6, 7]);
  expect([...w.runSegment]).toEqual([s, t, s, t, s, t, s]);
  expect([...w.itemStart]).toEqual([0, 1, 2, 3, 3]);
  expect(new Set(w.outputSegment).size).toBe(4);
  // The turn that follows waits for the last of them.
  expect([...w.dependsOn]).toEqual([-1, -1, -1, 2]);
  expect([...w.priority]).toEqual([2, 2, 2, 0]);
});

test('without parallel sampling nothing is copied', () => {
  const builder = new WorkloadBuilder();
  builder.add({ arrivalNs: 0, prompt: [[builder.newSegment(), 0, 4]], maxTokens: 6 });
  const w = builder.finish();
  expect(childRequests(w)).toBe(w);
});

const SCENARIO = (vllm: string) => `version: 1
vllm: "${vllm}"
command: vllm serve meta-llama/Llama-3.1-8B-Instruct --num-gpu-blocks-override 400 --max-model-len 512
hardware: { gpu: a100-80g }
workload: { num-prompts: 5, input-len: 100, output-len: 20, n: 4 }
`;

test('V1: children share the whole blocks of their prompt in their first step', () => {
  const { recording } = simulateScenario(parseScenario(SCENARIO('2026-05'), 'x'));
  expect(recording?.requestIds).toHaveLength(20);
  // 100 tokens are six blocks of 16 and 4 tokens.
  expect([...(recording?.requests.numCachedTokens ?? [])].slice(0, 5)).toEqual([0, 96, 96, 96, 0]);
});

test('V0: one request forks three sequences, which copy the last block of the prompt but for one', () => {
  const { recording } = simulateScenario(parseScenario(SCENARIO('0.6.3'), 'x'));
  expect(recording?.requestIds).toHaveLength(5);
  expect(recording?.header.traffic).toMatchObject({ forks: 15, copied: 15 });
  expect([...(recording?.requests.numOutputTokens ?? [])]).toEqual([80, 80, 80, 80, 80]);
});
