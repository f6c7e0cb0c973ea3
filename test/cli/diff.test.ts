import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, scratchFolder } from './cli.ts';
import { poolscopeHere } from './in-process.ts';

const HELLO = join(ROOT, 'scenarios/hello.pool.yaml');
const { folder, file } = scratchFolder();
const poolscope = (...args: string[]) => poolscopeHere(ROOT, args);

test('a scenario and its own recording: every decision is the same, exit 0', async () => {
  const out = join(folder, 'a.poolrec');
  await poolscope('run', HELLO, '--record', out);
  const { status, stdout } = await poolscope('diff', HELLO, out);
  expect(stdout).toContain('Every decision of 181 steps is the same.');
  expect(status).toBe(0);
});

test('two block sizes: settings, first difference, table, exit 1', async () => {
  const other = file(
    'b.pool.yaml',
    readFileSync(HELLO, 'utf8').replace('--block-size 16', '--block-size 32'),
  );
  const { status, stdout } = await poolscope('diff', HELLO, other);
  expect(stdout).toMatch(/groups +full\/16 → full\/32/);
  expect(stdout).toContain('First difference: step');
  expect(stdout).toMatch(/preemptions +10 +\d+/);
  expect(status).toBe(1);
  expect(JSON.parse((await poolscope('diff', HELLO, other, '--json')).stdout).comparesBlocks).toBe(false);
});

test('what holds no run is bad input', async () => {
  const { status, stderr } = await poolscope(
    'diff',
    HELLO,
    'scenarios/guides/004-r1-distill-qwen-7b-offload.pool.yaml',
  );
  expect(stderr).toContain('holds no run: vLLM would not start (unrecognized-argument)');
  expect(status).toBe(2);
});
