import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { limited } from '../../cli/run-file.ts';
import { poolscopeIn, ROOT, scratchFolder } from './cli.ts';

/* docs/cli.md names the exit codes; 130 is in interrupt.test.ts and sweep/kill.test.ts. */

const { folder, file } = scratchFolder();
const SMALL = `version: 1
name: small
command: vllm serve meta-llama/Llama-3.1-8B --max-model-len 2048
hardware: {gpu: rtx4090}
workload: {num-prompts: 5, random-input-len: 100, random-output-len: 10}
`;
file('holds.pool.yaml', SMALL);
file('fails.pool.yaml', `${SMALL}expect: {vllm:e2e_request_latency_seconds: max < 1ns}\n`);
file('invalid.pool.yaml', `${SMALL}worklod: {}\n`);
file('long.pool.yaml', SMALL.replace('num-prompts: 5', 'num-prompts: 500000, request-rate: 5'));
file('large.pool.yaml', SMALL.replace('num-prompts: 5', 'num-prompts: 9000000'));
/** An invariant breaks. */
const BROKEN = {
  NODE_OPTIONS: '--import data:text/javascript,Float64Array.prototype.fill=()=>{throw%20Error(`broken`)}',
};

test.each([
  [0, ['run', 'holds.pool.yaml'], {}],
  [1, ['run', 'fails.pool.yaml'], {}],
  [2, ['run', 'invalid.pool.yaml'], {}],
  [2, ['run', 'holds.pool.yaml', '--no-such-option'], {}],
  [2, ['run', 'holds.pool.yaml', '--record', 'nowhere/a.poolrec'], {}],
  [3, ['run', 'holds.pool.yaml'], BROKEN],
  [4, ['run', 'long.pool.yaml', '--timeout', '0.05'], {}],
  [4, ['run', 'large.pool.yaml', '--json'], { NODE_OPTIONS: '--max-old-space-size=100' }],
  [2, ['run', 'holds.pool.yaml', 'fails.pool.yaml', 'invalid.pool.yaml'], {}],
  [4, ['run', 'invalid.pool.yaml', 'long.pool.yaml', '--timeout', '0.05'], {}],
] as const)('exit code %i: poolscope %j', (code, args, env) => {
  const { status, stderr } = poolscopeIn(folder, args, env);
  expect(status).toBe(code);
  if (code <= 1) expect(stderr).toBe('');
  else expect(stderr).not.toBe('');
});

test('what reached a limit is told, and the files after it run', () => {
  const args = ['run', 'long.pool.yaml', 'holds.pool.yaml', '--timeout', '0.3', '--json'];
  const { status, stdout, stderr } = poolscopeIn(folder, args);
  expect(status).toBe(4);
  expect(stderr).toMatch(
    /^long\.pool\.yaml: takes longer than the time limit of 0\.3 s(; \d+ % of its requests had ended, in [\d,]+ steps)?\n$/,
  );
  const { results, exitCode } = JSON.parse(stdout);
  expect(exitCode).toBe(4);
  expect(results.map(({ name }: { name: string }) => name)).toEqual(['small']);
});

test('how far it came is told with it', () => {
  const told = (share: number, numSteps: number) =>
    limited('a.pool.yaml', 'is over', [share, numSteps]).problems[0];
  expect(told(0.129, 1234).message).toBe('is over; 12 % of its requests had ended, in 1,234 steps');
  expect(told(0, 0).message).toBe('is over');
});

test('nothing outlives its time, in what comes before the first step neither', () => {
  const { status, stderr } = poolscopeIn(folder, ['run', 'large.pool.yaml', '--timeout', '0.1']);
  expect(status).toBe(4);
  expect(stderr).toBe('large.pool.yaml: takes longer than the time limit of 0.1 s\n');
});

test('docs/cli.md has them all', () => {
  const text = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8');
  const table = text.slice(text.indexOf('## Exit codes'));
  expect([...table.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))).toEqual([0, 1, 2, 3, 4, 130]);
});
