import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
const HELLO = join(ROOT, 'scenarios/hello.pool.yaml');
const folder = mkdtempSync(join(tmpdir(), 'poolscope-diff-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function poolscope(...args: string[]) {
  return spawnSync(process.execPath, [join(ROOT, 'dist/cli/poolscope.js'), ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
}

test('a scenario and its own recording: every decision is the same, exit 0', () => {
  const out = join(folder, 'a.poolrec');
  poolscope('run', HELLO, '--record', out);
  const { status, stdout } = poolscope('diff', HELLO, out);
  expect(stdout).toContain('Every decision of 180 steps is the same.');
  expect(status).toBe(0);
});

test('two block sizes: settings, first difference, table, exit 1', () => {
  const other = join(folder, 'b.pool.yaml');
  writeFileSync(other, readFileSync(HELLO, 'utf8').replace('--block-size 16', '--block-size 32'));
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
