import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { BIN, poolscopeIn, scratchFolder } from './cli.ts';

/* `run --watch`: what depends on a file that changes is run again. */

const { folder, file } = scratchFolder();
const compose = (length: number) =>
  `services: {llm: {image: vllm/vllm-openai, command: --model Qwen/Qwen3-8B --max-model-len ${length}}}\n`;
const scenario = (numPrompts: number, start = 'compose: {file: compose.yaml}') => `version: 1
${start}
hardware: {gpu: l4}
workload: {num-prompts: ${numPrompts}, random-input-len: 100, random-output-len: 10}
`;
file('compose.yaml', compose(8192));
file('follows.pool.yaml', scenario(5));
file('other.pool.yaml', scenario(5, 'command: vllm serve Qwen/Qwen3-8B --max-model-len 4096'));

test('a scenario, a file that it names, one that breaks: the verdicts follow; Ctrl-C ends it', async () => {
  const child = spawn(process.execPath, [BIN, 'run', '.', '--watch', '--json'], { cwd: folder });
  const written = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (text) => {
      written[stream] += text;
    });
  }
  /** What is said on stderr until it watches again, and the results until then. */
  const round = async () => {
    while (!written.stderr.includes('watching') || !written.stdout.endsWith('\n}\n')) await sleep(20);
    const { stdout, stderr } = written;
    written.stdout = written.stderr = '';
    return { said: stderr, results: JSON.parse(stdout) };
  };

  const first = await round();
  expect(first.said).toBe('watching 3 files; Ctrl-C ends it\n');
  expect(first.results.exitCode).toBe(0);

  file('compose.yaml', compose(40960));
  const second = await round();
  expect(second.said).toBe('\nchanged: compose.yaml\nwatching 3 files; Ctrl-C ends it\n');
  expect(second.results.exitCode).toBe(1);
  expect(second.results.results.map(({ passed }: { passed: boolean }) => passed)).toEqual([false, true]);

  file('other.pool.yaml', 'version: 2\n');
  const third = await round();
  expect(third.said).toContain('changed: other.pool.yaml\nother.pool.yaml:1:1: hardware: missing\n');
  expect(third.results.exitCode).toBe(2);

  file('other.pool.yaml', scenario(6, 'command: vllm serve Qwen/Qwen3-8B --max-model-len 4096'));
  const fourth = await round();
  expect(fourth.said).toContain('changed: other.pool.yaml\n');
  expect(fourth.results.exitCode).toBe(1);
  expect(fourth.results.results[1].summary.requests.total).toBe(6);

  child.kill('SIGINT');
  expect(await once(child, 'close')).toEqual([130, null]);
});

test('in CI there is nobody who changes files', () => {
  const { status, stderr } = poolscopeIn(folder, ['run', '.', '--watch', '--ci']);
  expect(status).toBe(2);
  expect(stderr).toContain("'--watch' cannot be used with option '--ci'");
});
