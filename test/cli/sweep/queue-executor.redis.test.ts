import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { QueueExecutor } from '../../../cli/sweep/queue-executor.ts';
import { survival } from '../../../cli/sweep/queue-worker.ts';
import { MOST_DEATHS, openQueue, type QueueAccess } from '../../../cli/sweep/redis.ts';
import { freePort, startRedis, stopStarted } from './redis-server.ts';

/* What becomes of points that no worker can run, in a Redis of the test's own. */

const BUNDLE = { file: 'a.pool.yaml', text: '', files: {}, sweep: null } as never;
let url = '';
beforeAll(async () => {
  const port = await freePort();
  await startRedis(port);
  url = `redis://127.0.0.1:${port}`;
});
afterAll(stopStarted);

const heard = vi.spyOn(console, 'error').mockImplementation(() => {});

/** The outcome of a point, while workers do something else than to run it. */
async function outcomeWhile(
  digest: string,
  work: (access: QueueAccess, isDone: () => boolean) => Promise<void>,
) {
  const executor = new QueueExecutor(await openQueue(url), BUNDLE, undefined);
  const access = await openQueue(url);
  let isDone = false;
  const outcome = executor.run([], digest).finally(() => {
    isDone = true;
  });
  await work(access, () => isDone);
  const found = await outcome;
  await executor.close();
  access.redis.disconnect();
  return found;
}

test('a point that takes every worker with it is given up, in words', async () => {
  let numTaken = 0;
  const outcome = await outcomeWhile('poisoned', async (access, isDone) => {
    while (!isDone()) {
      const hadTaken = numTaken;
      const worker = new access.bullmq.Worker(
        access.name,
        () => {
          numTaken++;
          return new Promise(() => {});
        },
        { connection: access.redis, ...survival(200) },
      );
      worker.on('error', () => {});
      while (!isDone() && numTaken === hadTaken) await sleep(20);
      // As if it was killed: it says nothing to Redis, and its lock runs out.
      await worker.close(true);
    }
  });
  expect(numTaken).toBe(MOST_DEATHS + 1);
  expect(outcome).toEqual({
    kind: 'fault',
    message: '6 workers took this point, and none of them was heard of again',
  });
});

test('a Redis that is full is no fault of Poolscope', async () => {
  const outcome = await outcomeWhile('full', async (access, isDone) => {
    await access.redis.config('SET', 'maxmemory', '1');
    while (!isDone()) await sleep(50);
    await access.redis.config('SET', 'maxmemory', '0');
  });
  expect(outcome).toMatchObject({ kind: 'limit', message: expect.stringMatching(/^Redis refuses: .*OOM/) });
});

test('workers of another version take nothing, and are named', async () => {
  heard.mockClear();
  const told = () => heard.mock.calls.flat().join('\n');
  await outcomeWhile('versions', async (access, isDone) => {
    const idle = () => Promise.resolve();
    const other = new access.bullmq.Worker('poolscope-0.0.1', idle, { connection: access.redis.duplicate() });
    other.on('error', () => {});
    while (told() === '') await sleep(50);
    const own = new access.bullmq.Worker(access.name, () => Promise.reject(new Error('no')), {
      connection: access.redis.duplicate(),
    });
    while (!isDone()) await sleep(50);
    await Promise.all([other.close(true), own.close(true)]);
  });
  expect(told()).toBe(
    'no worker yet of this version (there are some of 0.0.1): start some with poolscope worker --queue, here or elsewhere',
  );
});
