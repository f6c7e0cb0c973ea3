import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseScenario } from '../../sim/scenario/parse.ts';
import { poolscope, scratchFolder } from './cli.ts';

const { folder, file } = scratchFolder();
/** Small, for what does not depend on the load. */
const SMALL = file(
  'small/four.pool.yaml',
  `
version: 1
engine: { model: meta-llama/Llama-3.1-8B-Instruct, max-model-len: 8192 }
hardware: { gpu: a100-80g-sxm }
replicas: { count: 4 }
step-time: fixed:10ms
workload: { num-prompts: 60, request-rate: 50, random-input-len: 64, random-output-len: 8 }
`,
);
const DOCS = readFileSync(new URL('../../docs/replicas.md', import.meta.url), 'utf8');

test('the commands of docs/replicas.md: all engines are recorded, and each step can be explained', () => {
  const commands = [...DOCS.matchAll(/^npx poolscope (.*)$/gm)].map(([, line]) => line.split(' '));
  expect(commands).toHaveLength(3);
  for (const command of commands) {
    const args = command.map((word) => (word === 'out.poolrec' ? join(folder, word) : word));
    expect(poolscope(...args)).toMatchObject({ status: 0, stderr: '' });
  }
  expect(
    readdirSync(folder)
      .filter((name) => name.startsWith('out'))
      .sort(),
  ).toEqual([0, 1, 2, 3].map((i) => `out.r${i}.poolrec`));
  const [, , explain] = commands;
  const fromScenario = poolscope(...explain).stdout;
  expect(fromScenario).toContain('prefix-aware (replica 2 of 4)');
  expect(poolscope('explain', join(folder, 'out.r2.poolrec'), '--step', '100').stdout).toBe(fromScenario);
});

test('the scenario of docs/replicas.md is valid', () => {
  const [, block] = /```yaml\n(version: 1\n[\s\S]*?)```/.exec(DOCS) ?? [];
  expect(parseScenario(block, 'docs').replicas).toEqual({
    count: 4,
    router: {
      kind: 'prefix-aware',
      cacheThreshold: 0.3,
      balanceAbsThreshold: 64,
      balanceRelThreshold: 1.5,
    },
  });
});

test('one engine of several is recorded, exported and explained', () => {
  const out = join(folder, 'one.poolrec');
  const { stdout } = poolscope('run', SMALL, '--record', out, '--replica', '1');
  expect(stdout).toContain(`recording: ${out} (digest`);
  expect(existsSync(out)).toBe(true);
  const ids = (...args: string[]) =>
    poolscope('export', ...args, '--format', 'csv').stdout.split('\n').length;
  // A heading, and a line end behind the last.
  expect(ids(SMALL)).toBe(60 + 2);
  const parts = [0, 1, 2, 3].map((replica) => ids(SMALL, '--replica', String(replica)) - 2);
  expect(parts.reduce((sum, n) => sum + n, 0)).toBe(60);
  expect(ids(out) - 2).toBe(parts[1]);
});

test('--json has every engine, and the reason of a failed check names the engine', () => {
  const { stdout } = poolscope('run', SMALL, '--json');
  const [{ summary, replicas }] = JSON.parse(stdout).results;
  expect(replicas.replicas).toHaveLength(4);
  const finished = replicas.replicas.map((one: { summary: typeof summary }) => one.summary.requests.finished);
  expect(finished.reduce((sum: number, n: number) => sum + n, 0)).toBe(summary.requests.finished);
  const check = 'expect.vllm:time_to_first_token_seconds=max < 1ms';
  const failed = poolscope('run', SMALL, '--set', check);
  expect(failed.status).toBe(1);
  const command = /poolscope (explain \S*four.pool.yaml .*)$/m.exec(failed.stdout)?.[1] ?? '';
  const args = command.split(' --set ')[0].split(' ');
  expect(args).toContain('--replica');
  expect(poolscope(...args)).toMatchObject({ status: 0, stderr: '' });
});

test.each([
  [['explain', SMALL, '--step', '1'], '--replica: expected one of 4 engines, 0 to 3, got none'],
  [
    ['explain', SMALL, '--step', '1', '--replica', '4'],
    '--replica: expected one of 4 engines, 0 to 3, got 4',
  ],
  [['run', 'scenarios/hello.pool.yaml', '--replica', '1'], '--replica: there is one engine, 0, got 1'],
  [
    ['check', SMALL, '--set', 'replicas.router=prefix-awre'],
    'expected round-robin, least-loaded, prefix-aware',
  ],
  [['check', SMALL, '--set', 'replicas.count=0'], 'expected a whole number from 1 to 256, got 0'],
  [
    ['check', SMALL, '--set', 'engine.data-parallel-size=2'],
    'replicas: goes without --data-parallel-size, with which vLLM has several engines itself',
  ],
])('%j is bad input', (args, message) => {
  const { status, stderr } = poolscope(...args);
  expect(stderr).toContain(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(status).toBe(2);
});
