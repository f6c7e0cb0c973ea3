import packageJson from '../../package.json' with { type: 'json' };
import { InputError } from '../../sim/error.ts';
import { oneLine } from '../../sim/one-line.ts';

/** What is needed to talk to a queue; the packages are optional. */
export interface QueueAccess {
  readonly bullmq: typeof import('bullmq');
  /** Waits for Redis as long as it is away; says so on stderr when it goes and when it is back. */
  readonly redis: import('ioredis').Redis;
  /** Results of other versions may differ, so each has a queue of its own. */
  readonly name: string;
}

/** A point that one worker more than these did not survive is given up. */
export const MOST_DEATHS = 5;

/** For how long Redis keeps what nobody fetched. */
export const KEPT_SECONDS = 7 * 24 * 3600;

/** Of queues, with the version behind it. */
const NAME = 'poolscope-';
const CONNECT_MS = 5000;
const LONGEST_WAIT_MS = 1000;

/** What the queue holds of a point; the job's id is its digest. */
export interface PointJob {
  /** Digest of the bundle, which lies beside the queue. */
  readonly bundle: string;
  readonly overrides: readonly import('../../sim/scenario/overrides.ts').Override[];
  /** Seconds. */
  readonly timeout?: number;
}

/** Where a bundle is kept, by its digest. */
export function bundleKey(digest: string): string {
  return `poolscope:bundle:${digest}`;
}

/**
 * Connects to Redis.
 * @throws InputError if it cannot be reached, or BullMQ is not installed.
 */
export async function openQueue(url: string): Promise<QueueAccess> {
  const shown = withoutPassword(url);
  const { bullmq, Redis } = await packages();
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    // As BullMQ wants it: commands wait for the connection to come back.
    maxRetriesPerRequest: null,
    retryStrategy: () => null,
  });
  // Without a listener ioredis prints its own; the rejection says the same.
  redis.on('error', () => {});
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    throw problem(`Redis at ${shown} cannot be reached: ${reasonOf(error)}`);
  }
  redis.options.retryStrategy = (times) => Math.min(50 * times, LONGEST_WAIT_MS);
  let isAway = false;
  // Not 'close', which comes when this side ends the connection too.
  redis.on('reconnecting', () => {
    if (!isAway) console.error(`Redis at ${shown} is away; waiting for it`);
    isAway = true;
  });
  redis.on('ready', () => {
    if (isAway) console.error(`Redis at ${shown} is back`);
    isAway = false;
  });
  return { bullmq, redis, name: `${NAME}${packageJson.version}` };
}

/** Versions of Poolscope whose workers are there, which take no points of this one. */
export async function otherVersions({ redis, name }: QueueAccess): Promise<string[]> {
  // BullMQ names the connections of workers after their queue, as `prefix:queue in base64`.
  const connections = await redis.client('LIST').catch(() => 'not for this user');
  const names = String(connections).matchAll(/ name=bull:([\w+/]+=*)/g);
  const queues = [...names].map(([, queue]) => Buffer.from(queue, 'base64').toString());
  const others = queues.filter((queue) => queue.startsWith(NAME) && queue !== name);
  return [...new Set(others)].map((queue) => oneLine(queue.slice(NAME.length))).sort();
}

async function packages() {
  try {
    const [bullmq, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')]);
    return { bullmq, Redis };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw problem('needs packages that are not installed: npm install bullmq ioredis');
  }
}

function withoutPassword(url: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.protocol !== 'redis:' && parsed.protocol !== 'rediss:') throw new TypeError(parsed.protocol);
    return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  } catch {
    throw problem('expected an address like redis://localhost:6379');
  }
}

function reasonOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message || code || 'no answer';
}

function problem(message: string): InputError {
  return new InputError([{ file: '--queue', message }]);
}
