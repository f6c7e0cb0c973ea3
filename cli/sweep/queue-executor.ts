import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, Queue } from 'bullmq';
import type { Override } from '../../sim/scenario/overrides.ts';
import { remark } from '../tell.ts';
import type { Bundle } from './bundle.ts';
import type { Executor } from './local-executor.ts';
import {
  bundleKey,
  KEPT_SECONDS,
  MOST_DEATHS,
  otherVersions,
  type PointJob,
  type QueueAccess,
} from './redis.ts';
import type { PointOutcome } from './run-point.ts';

const POLL_MS = 200;
/** How often it is checked that Redis still knows of every point. */
const CHECK_MS = 3000;

interface Waiting {
  readonly overrides: readonly Override[];
  readonly resolve: (outcome: PointOutcome) => void;
}

/**
 * Points go to a queue in Redis, from which `poolscope worker` takes them. A point's id is its digest, so it is in the
 * queue once however often it is added; what Redis forgets is added again. Results are fetched, and removed a round
 * later, when they are on disk.
 */
export class QueueExecutor implements Executor {
  private readonly access: QueueAccess;
  private readonly queue: Queue<PointJob, PointOutcome>;
  private readonly bundle: { readonly digest: string; readonly text: string };
  private readonly timeout: number | undefined;
  private readonly waiting = new Map<string, Waiting>();
  private toAdd: string[] = [];
  private collected: Job[] = [];
  private checkedAt = 0;
  private saidNoWorkers = false;
  private readonly loop: Promise<void>;
  private isClosed = false;

  /** `timeout` is in seconds, for each point. */
  constructor(access: QueueAccess, bundle: Bundle, timeout: number | undefined) {
    this.access = access;
    this.queue = new access.bullmq.Queue(access.name, { connection: access.redis });
    const text = JSON.stringify(bundle);
    this.bundle = { text, digest: createHash('sha256').update(text).digest('hex') };
    this.timeout = timeout;
    this.loop = this.poll();
  }

  run(overrides: readonly Override[], digest: string): Promise<PointOutcome> {
    return new Promise((resolve) => {
      this.waiting.set(digest, { overrides, resolve });
      this.toAdd.push(digest);
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.loop;
    await this.queue.close();
    this.access.redis.disconnect();
  }

  private async poll(): Promise<void> {
    while (!this.isClosed) {
      try {
        await this.putBundle();
        await this.add(this.toAdd.splice(0));
        await this.collect();
        if (performance.now() - this.checkedAt > CHECK_MS) await this.check();
      } catch (error) {
        // Redis is loading, or went in the middle of a command: what was not done is found by the next check.
        if (!isTransient(error)) this.endAll(outcomeOfRedis(error as Error));
      }
      await sleep(POLL_MS);
    }
    await Promise.allSettled(this.collected.map((job) => job.remove()));
  }

  private async putBundle(): Promise<void> {
    const { redis } = this.access;
    const key = bundleKey(this.bundle.digest);
    if ((await redis.expire(key, KEPT_SECONDS)) === 0)
      await redis.set(key, this.bundle.text, 'EX', KEPT_SECONDS);
  }

  private async add(digests: readonly string[]): Promise<void> {
    if (digests.length === 0) return;
    await this.queue.addBulk(
      digests.flatMap((digest) => {
        const point = this.waiting.get(digest);
        if (point === undefined) return [];
        const data = { bundle: this.bundle.digest, overrides: point.overrides, timeout: this.timeout };
        return [
          { name: 'point', data, opts: { jobId: idOf(digest), removeOnComplete: { age: KEPT_SECONDS } } },
        ];
      }),
    );
  }

  private async collect(): Promise<void> {
    const onDisk = this.collected;
    this.collected = [];
    await Promise.all(onDisk.map((job) => job.remove()));
    for (const job of await this.queue.getCompleted()) {
      if (job?.id === undefined) continue;
      const digest = digestOfId(job.id);
      if (this.end(digest, job.returnvalue)) this.collected.push(job);
    }
  }

  /** Points that Redis lost, or that no worker survived. */
  private async check(): Promise<void> {
    this.checkedAt = performance.now();
    const digests = [...this.waiting.keys()];
    const states = await Promise.all(digests.map((digest) => this.queue.getJobState(idOf(digest))));
    await this.add(digests.filter((_, i) => states[i] === 'unknown'));
    for (const digest of digests.filter((_, i) => states[i] === 'failed')) {
      const job = await this.queue.getJob(idOf(digest));
      await job?.remove();
      this.end(digest, { kind: 'fault', message: whyFailed(job?.failedReason) });
    }
    if (this.waiting.size > 0 && !this.saidNoWorkers && (await this.queue.getWorkersCount()) === 0) {
      this.saidNoWorkers = true;
      const others = await otherVersions(this.access);
      const of = others.length === 0 ? '' : ` of this version (there are some of ${others.join(', ')})`;
      remark(`no worker yet${of}: start some with poolscope worker --queue, here or elsewhere`);
    }
  }

  private end(digest: string, outcome: PointOutcome): boolean {
    const point = this.waiting.get(digest);
    this.waiting.delete(digest);
    point?.resolve(outcome);
    return point !== undefined;
  }

  private endAll(outcome: PointOutcome): void {
    for (const digest of [...this.waiting.keys()]) this.end(digest, outcome);
  }
}

/** BullMQ takes no id that is a number. */
function idOf(digest: string): string {
  return `point-${digest}`;
}

function digestOfId(id: string): string {
  return id.slice('point-'.length);
}

/** A point that takes its workers with it, most likely by their memory, is told of as such. */
function whyFailed(reason = 'failed'): string {
  return /stalled/.test(reason)
    ? `${MOST_DEATHS + 1} workers took this point, and none of them was heard of again`
    : reason;
}

/** Redis may refuse, when it is full for instance: no fault in Poolscope. */
function outcomeOfRedis({ name, message, stack }: Error): PointOutcome {
  return name === 'ReplyError'
    ? { kind: 'limit', message: `Redis refuses: ${message}` }
    : { kind: 'fault', message: stack ?? message };
}

function isTransient(error: unknown): boolean {
  return /LOADING|READONLY|Connection is closed|ECONN|EPIPE|aborted/i.test(String(error));
}
