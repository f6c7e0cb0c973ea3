import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { BIN, poolscopeIn, scratchFolder } from '../cli.ts';

/* A sweep that is ended in the middle goes on where it was. */

const { folder, file } = scratchFolder();
const NUM_POINTS = 16;
const scenario = (name: string, numPrompts: readonly number[]) => `version: 1
name: ${name}
command: vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 8192
hardware: { gpu: a100-80g }
workload: { request-rate: 8, random-input-len: 512, random-output-len: 256 }
sweep:
  grid: { workload.num-prompts: [${numPrompts}] }
`;
file(
  'slow.pool.yaml',
  scenario(
    'slow',
    Array.from({ length: NUM_POINTS }, (_, i) => 1000 + i),
  ),
);
/** Three points that are quickly done, and some that take many minutes. */
file('stuck.pool.yaml', scenario('stuck', [10, 11, 12, 9e6, 9.1e6, 9.2e6, 9.3e6]));

function numPoints(dir: string): number {
  const path = join(folder, dir, 'points');
  return existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('.json')).length : 0;
}

/** A sweep of its own process group, with a few of its points done. */
async function underWay(name: string, dir: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [BIN, 'sweep', `${name}.pool.yaml`, '--resume', dir], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  while (numPoints(dir) < 3 && child.exitCode === null) await sleep(5);
  return child;
}

/** State and parent of a process, on Linux; null if there is none. */
function statOf(pid: number | string): { state: string; parent: number } | null {
  try {
    // pid (name) state ppid …, where the name may hold anything.
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return null;
  }
}

function childrenOf({ pid }: ChildProcess): number[] {
  return readdirSync('/proc')
    .filter((other) => statOf(other)?.parent === pid)
    .map(Number);
}

/** Z: it has ended, and nobody has asked for its exit code yet. */
const isAlive = (pid: number) => ![undefined, 'Z'].includes(statOf(pid)?.state);

const finish = (dir: string) => poolscopeIn(folder, ['sweep', 'slow.pool.yaml', '--resume', dir, '--json']);

test('SIGKILL of the whole process group: resumed, the result is that of an undisturbed run', async () => {
  const undisturbed = finish('undisturbed');
  expect(undisturbed.status).toBe(0);
  const child = await underWay('slow', 'killed');
  process.kill(-child.pid!, 'SIGKILL');
  await once(child, 'exit');
  const done = numPoints('killed');
  expect(done).toBeGreaterThanOrEqual(3);
  expect(done).toBeLessThan(NUM_POINTS);
  expect(finish('killed').stdout).toBe(undisturbed.stdout);
});

test('SIGKILL of its workers: others run their points, the result is that of an undisturbed run', async () => {
  const child = await underWay('slow', 'orphaned');
  const workers = childrenOf(child);
  expect(workers.length).toBeGreaterThan(0);
  for (const pid of workers) process.kill(pid, 'SIGKILL');
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  expect(numPoints('orphaned')).toBe(NUM_POINTS);
  expect(finish('orphaned').stdout).toBe(finish('undisturbed').stdout);
});

test('Ctrl-C stops at once in the middle of points: exit 130, what is finished is kept', async () => {
  const child = await underWay('stuck', 'stopped');
  const workers = childrenOf(child);
  let stderr = '';
  child.stderr!.on('data', (data) => {
    stderr += data;
  });
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  expect(code).toBe(130);
  expect(stderr).toContain('interrupted; go on with: poolscope sweep stuck.pool.yaml --resume stopped');
  expect(numPoints('stopped')).toBe(3);
  await expect.poll(() => workers.filter(isAlive)).toEqual([]);
});

test('a point that takes too long: exit 4, the others are there', () => {
  const args = ['sweep', 'stuck.pool.yaml', '--resume', 'stopped', '--timeout', '1', '--json'];
  const { status, stdout, stderr } = poolscopeIn(folder, args);
  expect(status).toBe(4);
  expect(stderr).toContain('point 4 (workload.num-prompts=9000000): takes longer than the time limit of 1 s');
  expect(JSON.parse(stdout).points).toHaveLength(3);
});

test('a point that needs too much memory: exit 4, the others are there', () => {
  file('large.pool.yaml', scenario('large', [10, 9e6]));
  const { status, stdout, stderr } = poolscopeIn(folder, ['sweep', 'large.pool.yaml'], {
    NODE_OPTIONS: '--max-old-space-size=100',
  });
  expect(status).toBe(4);
  expect(stderr).toBe('point 2 (workload.num-prompts=9000000): needs more memory than there is\n');
  expect(stdout).toContain('1 of 1 points pass, 1 have no result');
});
