import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { poolscope } from '../cli/cli.ts';

const FOLDER = 'exercises';
const EXERCISES = readdirSync(FOLDER);
const solutions = new Map(
  [
    ...readFileSync('docs/exercises-for-teachers.md', 'utf8').matchAll(
      /^poolscope run (\S+) --set "(.*)"$/gm,
    ),
  ].map(([, file, set]) => [file.replace(`${FOLDER}/`, ''), set]),
);

test('the docs list every exercise, and know a solution', () => {
  const listed = readFileSync('docs/exercises.md', 'utf8');
  for (const file of EXERCISES) expect(listed).toContain(`(../${FOLDER}/${file})`);
  expect([...solutions.keys()]).toEqual(EXERCISES);
});

test.each(EXERCISES)('%s names the command that runs it', (file) => {
  const told = /^# {3}poolscope run (.*)$/m.exec(readFileSync(`${FOLDER}/${file}`, 'utf8'))?.[1];
  expect(told).toBe(`${FOLDER}/${file}`);
});

test('as they are given, none holds', () => {
  const { status, stdout } = poolscope('run', FOLDER, '--json');
  expect(JSON.parse(stdout).results.map(({ passed }: { passed: boolean }) => passed)).toEqual(
    EXERCISES.map(() => false),
  );
  expect(status).toBe(1);
});

test.each(EXERCISES)('%s holds with its solution', (file) => {
  const solved = poolscope('run', `${FOLDER}/${file}`, '--set', solutions.get(file)!);
  expect(solved.stdout).not.toContain('FAILED');
  expect(solved.status).toBe(0);
});

test.each([
  // The whole length in a cache of 8 bits, and one request at a time: both miss the point.
  ['1-make-it-start', 'command=vllm serve meta-llama/Llama-3.1-8B-Instruct --kv-cache-dtype fp8'],
  [
    '2-stop-the-thrash',
    'command=vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 4096 --num-gpu-blocks-override 1000 --max-num-seqs 1',
  ],
  ['3-break-it', 'workload={num-prompts: 200, request-rate: inf, input-len: 300, output-len: 50}'],
])('%s: %s does not hold', (name, set) => {
  expect(poolscope('run', `${FOLDER}/${name}.pool.yaml`, '--set', set).status).toBe(1);
});
