import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const CLI = new URL('../../dist/cli/poolscope.js', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'poolscope-machine-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function poolscope(...args: string[]) {
  return spawnSync(process.execPath, [CLI, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
}

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return name;
}

const MINE = `version: 1
command: vllm serve meta-llama/Llama-3.1-8B --max-model-len 4096
hardware: {gpu: {name: mine, tflops: 180, hbm-tbs: 1.1, sms: 120, l2-mb: 64, memory-gib: 31.4}}
workload: {num-prompts: 10, request-rate: 5, input-len: 500, output-len: 20}
`;

describe('a GPU that the user describes', () => {
  test('plan takes its memory and says that it was given', () => {
    const { status, stdout, stderr } = poolscope('plan', file('mine.pool.yaml', MINE));
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain('1 × mine (user-given)');
    expect(stdout).toMatch(/GPU +31\.40/);
  });

  test('run says so, and what its times rest on', () => {
    const { status, stdout } = poolscope('run', file('mine.pool.yaml', MINE));
    expect(status).toBe(0);
    expect(stdout).toContain('1 × mine (user-given)');
    expect(stdout).toContain(
      'times      user-given GPU with generic constants · not measured: matrix products',
    );
    const { results } = JSON.parse(poolscope('run', 'mine.pool.yaml', '--json').stdout);
    expect(results[0].times.badge).toBe('user-given');
  });

  test('--gpu of plan takes another in its place', () => {
    const { stdout } = poolscope('plan', file('mine.pool.yaml', MINE), '--gpu', 'h100');
    expect(stdout).toContain('1 × h100');
    expect(stdout).not.toContain('user-given');
  });

  test('a figure can be set from outside', () => {
    const { stdout } = poolscope('plan', file('mine.pool.yaml', MINE), '--set', 'hardware.gpu.memory-gib=48');
    expect(stdout).toMatch(/GPU +48\.00/);
  });

  test('what is wrong with it is one line with its place; exit 2', () => {
    const { status, stdout, stderr } = poolscope('run', file('bad.pool.yaml', MINE.replace('sms', 'sm')));
    expect(stderr.trim()).toBe('bad.pool.yaml:3:57: hardware.gpu.sm: unknown key (did you mean sms?)');
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});
