import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { InputError } from '../../sim/error.ts';
import { ExitCode } from '../exit-code.ts';
import { counted } from '../text.ts';
import { LocalExecutor } from './local-executor.ts';
import { bundleKey, MOST_DEATHS, openQueue, type PointJob, type QueueAccess } from './redis.ts';
import type { PointOutcome } from './run-point.ts';

export interface WorkerOptions {
  readonly queue: string;
  readonly workers?: number;
}

/** A worker that was killed keeps its points for so long; then another takes them. */
const LOCK_MS = 10_000;
const BUNDLE_TRIES = 60;

/** How BullMQ learns that a worker is gone, and when it gives up to look for one that survives a point. */
export function survival(lockMs: number) {
  return { lockDuration: lockMs, stalledInterval: lockMs / 2, maxStalledCount: MOST_DEATHS };
}

/** `poolscope worker`: takes points from a queue until it is stopped. */
export async function worker({ queue, workers = availableParallelism() }: WorkerOptions): Promise<never> {
  const access = await openQueue(queue);
  const executors = new Executors(access, workers);
  const taking = new access.bullmq.Worker<PointJob, PointOutcome>(
    access.name,
    (job) => executors.run(job.data),
    { connection: access.redis, concurrency: workers, ...survival(LOCK_MS) },
  );
  // Told by the connection; a point whose lock was lost is in the queue again.
  taking.on('error', () => {});
  console.error(`worker: ${counted(workers, 'point')} at a time; Ctrl-C ends it`);
  const stop = () => process.exit(ExitCode.Interrupted);
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return new Promise(() => {});
}

interface Slot {
  readonly executor: Promise<LocalExecutor>;
  numRunning: number;
}

/** Processes for the bundle of the day; those of earlier ones go when they are idle. */
class Executors {
  private readonly access: QueueAccess;
  private readonly workers: number;
  private readonly slots = new Map<string, Slot>();

  constructor(access: QueueAccess, workers: number) {
    this.access = access;
    this.workers = workers;
  }

  async run({ bundle, overrides, timeout }: PointJob): Promise<PointOutcome> {
    const key = `${bundle} ${timeout}`;
    const slot = this.slots.get(key) ?? { executor: this.open(bundle, timeout), numRunning: 0 };
    this.slots.set(key, slot);
    slot.numRunning++;
    try {
      this.closeIdle();
      return await (await slot.executor).run(overrides);
    } catch (error) {
      this.slots.delete(key);
      throw error;
    } finally {
      slot.numRunning--;
    }
  }

  private async open(bundle: string, timeout: number | undefined): Promise<LocalExecutor> {
    return new LocalExecutor(JSON.parse(await this.fetch(bundle)), this.workers, timeout);
  }

  /** The sweep puts it beside the queue, again if Redis lost it. */
  private async fetch(bundle: string): Promise<string> {
    for (let i = 0; i < BUNDLE_TRIES; i++) {
      const text = await this.access.redis.get(bundleKey(bundle));
      if (text !== null) return text;
      await sleep(500);
    }
    throw new InputError([{ file: 'queue', message: 'the scenario of the point is not there any more' }]);
  }

  private closeIdle(): void {
    for (const [key, { executor, numRunning }] of this.slots) {
      if (numRunning > 0) continue;
      this.slots.delete(key);
      void executor.then((idle) => idle.close());
    }
  }
}
