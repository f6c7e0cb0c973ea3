import { InputError } from '../sim/error.ts';

/** One of several processes that share the work: `index` from 1 to `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads `--shard 2/8`; `--shard 8` takes the index from an indexed job of Kubernetes or an array of Slurm. Without
 * the option, an array of Slurm says both.
 * @returns null if the work is not shared.
 * @throws InputError
 */
export function shardOf(option: string | undefined, env: Env): Shard | null {
  const match = /^(?:(\d{1,6})\/)?(\d{1,6})$/.exec(option ?? '');
  if (option !== undefined && match === null) throw problem(`expected i/n like 2/8, got ${option}`);
  const given = fromEnvironment(env);
  if (match === null && given === null) return null;
  const count = match === null ? given?.count : Number(match[2]);
  if (count === undefined || count === null) {
    throw problem(
      `${given?.source} is set: say of how many, like --shard 8, or --shard 1/1 for all the work`,
    );
  }
  const index = match?.[1] === undefined ? given?.index : Number(match[1]);
  if (index === undefined) {
    throw problem(
      `expected i/n like 1/${count}: neither JOB_COMPLETION_INDEX nor SLURM_ARRAY_TASK_ID is set`,
    );
  }
  if (index < 1 || index > count) throw problem(`there is no shard ${index} of ${count}`);
  return { index, count };
}

/** Whether the shard has the item with this number, from 0. */
export function isInShard(item: number, shard: Shard | null): boolean {
  return shard === null || item % shard.count === shard.index - 1;
}

function fromEnvironment(env: Env): { source: string; index: number; count: number | null } | null {
  const number = (name: string) => (/^\d{1,9}$/.test(env[name] ?? '') ? Number(env[name]) : null);
  const completion = number('JOB_COMPLETION_INDEX');
  if (completion !== null) return { source: 'JOB_COMPLETION_INDEX', index: completion + 1, count: null };
  const task = number('SLURM_ARRAY_TASK_ID');
  if (task === null) return null;
  // Ids of an array may begin anywhere.
  const index = task - (number('SLURM_ARRAY_TASK_MIN') ?? 0) + 1;
  return { source: 'SLURM_ARRAY_TASK_ID', index, count: number('SLURM_ARRAY_TASK_COUNT') };
}

function problem(message: string): InputError {
  return new InputError([{ file: '--shard', message }]);
}
