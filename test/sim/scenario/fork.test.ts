import { expect, test } from 'vitest';
import { digestOf } from '../../../sim/recording/codec.ts';
import { schedulerAt } from '../../../sim/recording/recording.ts';
import { parseOverride } from '../../../sim/scenario/overrides.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';

const BASE = `version: 1
command: vllm serve meta-llama/Llama-3.1-8B-Instruct --num-gpu-blocks-override 300 --max-model-len 2048
hardware: {gpu: a100-80g-sxm}
workload: {num-prompts: 30, request-rate: 20, input-len: 200, output-len: 60}
`;

function run(text: string, ...sets: string[]) {
  const overrides = sets.map(parseOverride);
  const { recording } = simulateScenario(parseScenario(text, 'a.pool.yaml', { overrides }));
  return recording!;
}

test('a fork goes on with its flags from its step on, and decides as before until then', () => {
  const whole = run(BASE);
  const fork = run(`${BASE}fork: {at-step: 20, set: {max-num-seqs: 3}}\n`);
  const { steps, header } = fork;
  expect(steps.numRunning.slice(0, 20)).toEqual(whole.steps.numRunning.slice(0, 20));
  const settled = steps.numRunning.findIndex((running, step) => step > 20 && running <= 3);
  expect(Math.max(...steps.numRunning.slice(settled, fork.numSteps))).toBe(3);
  expect(Math.max(...whole.steps.numRunning.slice(settled, whole.numSteps))).toBeGreaterThan(3);
  expect([19, 20].map((step) => schedulerAt(header, step).maxNumSeqs)).toEqual([256, 3]);
  expect(header.pool).toEqual(whole.header.pool);
  expect(digestOf(run(BASE, 'fork.at-step=20', 'fork.set.max-num-seqs=3'))).toBe(digestOf(fork));
});

test('the results say that there is one', () => {
  const { notes } = parseScenario(`${BASE}fork: {at-step: 20, set: {max-num-seqs: 3}}\n`, 'a.pool.yaml');
  expect(notes.join()).toContain('from step 20 on the scheduler goes on with --max-num-seqs 3;');
});

test('a fork to the flags that there are changes nothing', () => {
  const { header, ...whole } = run(BASE);
  const { header: other, ...fork } = run(`${BASE}fork: {at-step: 5, set: {scheduling-policy: fcfs}}\n`);
  expect(fork).toEqual(whole);
  expect(other.end).toBe(header.end);
});

test.each([
  ['{at-step: 5}', '5:7', 'fork.set'],
  ['{at-step: 5, set: {}}', '5:25', 'at least one of max-num-seqs'],
  ['{at-step: -1, set: {max-num-seqs: 3}}', '5:17', 'a whole number'],
  ['{at-step: 5, set: {block-size: 32}}', '5:26', 'block-size'],
  ['{at-step: 5, set: {max-num-seq: 3}}', '5:26', 'max-num-seqs'],
  ['{at-step: 5, set: {max-num-seqs: many}}', '5:40', 'many'],
  ['{at-step: 5, set: {max-num-seqs: 0}}', '5:25', 'vLLM would not start with these'],
  ['{at-step: 5, set: {max-num-seqs: 3}}\nvllm: "0.6.3"', '5:1', 'goes with V1 of vLLM'],
  ['{at-step: 5, set: {max-num-seqs: 3}}\nsystem: orca-max', '5:1', 'goes with V1 of vLLM'],
  ['{at-step: 5, set: {max-num-seqs: 3}}\nreplicas: 2', '5:1', 'goes with one engine'],
])('a fork that cannot be is told with its place: %s', (fork, place, message) => {
  let said = '';
  try {
    run(`${BASE}fork: ${fork}\n`);
  } catch (error) {
    const [problem] = (error as { problems?: { place?: { line: number; column: number } }[] }).problems ?? [];
    said = `${problem?.place?.line}:${problem?.place?.column} ${JSON.stringify(problem)}`;
  }
  expect(said).toContain(place);
  expect(said).toContain(message);
});
