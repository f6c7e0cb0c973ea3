import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { BIN, poolscopeIn } from '../cli.ts';
import { file, folder, freePort, start, startRedis, stopStarted } from './redis-server.ts';

/* A queue in a Redis of the test's own; whoever is killed, no point is lost or counted twice. */

const NUM_POINTS = 40;
file(
  'grid.pool.yaml',
  `version: 1
name: grid
command: vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 8192
hardware: { gpu: a100-80g }
workload: { num-prompts: 2000, request-rate: 8, random-input-len: 512, random-output-len: 256 }
sweep:
  grid: { seed: [${Array.from({ length: NUM_POINTS }, (_, i) => i)}] }
`,
);
const undisturbed = poolscopeIn(folder, ['sweep', 'grid.pool.yaml', '--json']).stdout;

afterEach(stopStarted);

const cli = (...args: string[]) => start(process.execPath, [BIN, ...args]);
const startWorker = (url: string) => cli('worker', '--queue', url, '--workers', '1');
const startSweep = (url: string, dir: string) =>
  cli('sweep', 'grid.pool.yaml', '--queue', url, '--resume', dir, '--json');

function numPoints(dir: string): number {
  const path = join(folder, dir, 'points');
  return existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('.json')).length : 0;
}

/** Waits until the sweep has so many results, and is not at its end. */
async function pointsDone(dir: string, least: number): Promise<void> {
  while (numPoints(dir) < least) await sleep(20);
  expect(numPoints(dir)).toBeLessThan(NUM_POINTS);
}

async function outputOf(child: ChildProcess): Promise<string> {
  let stdout = '';
  child.stdout!.on('data', (data) => {
    stdout += data;
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  return stdout;
}

test('workers are added, killed with -9 and restarted: the result is that of an undisturbed run', async () => {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  await startRedis(port);
  const first = startWorker(url);
  const output = outputOf(startSweep(url, 'workers'));
  await pointsDone('workers', 4);
  first.kill('SIGKILL');
  const second = startWorker(url);
  const third = startWorker(url);
  await pointsDone('workers', 10);
  second.kill('SIGKILL');
  third.kill('SIGKILL');
  startWorker(url);
  expect(await output).toBe(undisturbed);
  expect(numPoints('workers')).toBe(NUM_POINTS);
});

test('Redis is killed and restarted', async () => {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const redis = await startRedis(port);
  startWorker(url);
  const output = outputOf(startSweep(url, 'redis'));
  await pointsDone('redis', 4);
  redis.kill('SIGKILL');
  await once(redis, 'exit');
  await startRedis(port);
  expect(await output).toBe(undisturbed);
});

test('Redis comes back empty: what it lost is added again', async () => {
  const [port, url] = await freePort().then((free) => [free, `redis://127.0.0.1:${free}`] as const);
  await startRedis(port);
  startWorker(url);
  const output = outputOf(startSweep(url, 'empty'));
  await pointsDone('empty', 4);
  const flush = start('redis-cli', ['-p', String(port), 'flushall']);
  await once(flush, 'exit');
  expect(await output).toBe(undisturbed);
});

test('the sweep is killed and resumed while workers go on', async () => {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  await startRedis(port);
  startWorker(url);
  const sweep = startSweep(url, 'killed');
  await pointsDone('killed', 4);
  sweep.kill('SIGKILL');
  await once(sweep, 'exit');
  expect(await outputOf(startSweep(url, 'killed'))).toBe(undisturbed);
});

test('no Redis, or no address: exit 2, and nothing is written', async () => {
  const port = await freePort();
  for (const command of [['sweep', 'grid.pool.yaml', '--resume', 'nowhere'], ['worker']]) {
    const away = poolscopeIn(folder, [...command, '--queue', `redis://:secret@127.0.0.1:${port}`]);
    expect(away).toMatchObject({ status: 2, stdout: '' });
    expect(away.stderr).toContain(`--queue: Redis at redis://127.0.0.1:${port} cannot be reached: `);
    expect(away.stderr).not.toContain('secret');
    const wrong = poolscopeIn(folder, [...command, '--queue', 'localhost']);
    expect(wrong).toMatchObject({ status: 2, stdout: '' });
    expect(wrong.stderr).toContain('expected an address like redis://localhost:6379');
  }
  expect(existsSync(join(folder, 'nowhere'))).toBe(false);
});
