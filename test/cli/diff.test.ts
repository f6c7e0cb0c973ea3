import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { poolscope, ROOT, scratchFolder } from './cli.ts';

const HELLO = join(ROOT, 'scenarios/hello.pool.yaml');
const { folder, file } = scratchFolder();

test('a scenario and its own recording: every decision is the same, exit 0', () => {
  const out = join(folder, 'a.poolrec');
  poolscope('run', HELLO, '--record', out);
  const { status, stdout } = poolscope('diff', HELLO, out);
  expect(stdout).toContain('Every decision of 181 steps is the same.');
  expect(status).toBe(0);
});

test('two block sizes: settings, first difference, table, exit 1', () => {
  const other = file(
    'b.pool.yaml',
    readFileSync(HELLO, 'utf8').replace('--block-size 16', '--block-size 32'),
  );
  const { status, stdout } = poolscope('diff', HELLO, other);
  expect(stdout).toMatch(/groups +full\/16 → full\/32/);
  expect(stdout).toContain('First difference: step');
  expect(stdout).toMatch(/preemptions +10 +\d+/);
  expect(status).toBe(1);
  expect(JSON.parse(poolscope('diff', HELLO, other, '--json').stdout).comparesBlocks).toBe(false);
});

test('what holds no run is bad input', () => {
  const { status, stderr } = poolscope(
    'diff',
    HELLO,
    'scenarios/guides/004-r1-distill-qwen-7b-offload.pool.yaml',
  );
  expect(stderr).toContain('holds no run: vLLM would not start (unrecognized-argument)');
  expect(status).toBe(2);
});
