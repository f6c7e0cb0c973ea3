import * as v from 'valibot';
import { InputError } from '../error.ts';
import { parseAllocatorConf } from '../memory/caching-allocator/conf.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const stream = v.pipe(v.number(), v.safeInteger());
const id = v.union([v.number(), v.string()]);

const opSchema = v.union(
  [
    // Absurd sizes, beyond 2^53, are fair.
    v.tuple([v.literal('alloc'), id, v.pipe(v.number(), v.integer(), v.minValue(0)), stream]),
    v.tuple([v.literal('free'), id]),
    v.tuple([v.literal('record_stream'), id, stream]),
    v.tuple([v.literal('complete'), stream]),
    v.tuple([v.literal('empty_cache')]),
    v.tuple([v.literal('set_fraction'), v.pipe(v.number(), v.minValue(0), v.maxValue(1))]),
    v.tuple([v.literal('reset_peak')]),
  ],
  'is no operation on the allocator',
);

/** One recorded case of PyTorch's allocator; bytes throughout. */
const caseSchema = v.object({
  case: v.string(),
  config: v.object({
    capacity_bytes: count,
    context_overhead_bytes: count,
    conf: v.string(),
  }),
  ops: v.array(opSchema),
  results: v.array(
    v.nullable(
      v.union([
        v.object({ segment: count, offset: count, size_rounded: count }),
        v.object({ error: v.string() }),
        v.object({ null: v.literal(true) }),
      ]),
    ),
  ),
  /** [op, kind, segment, offset, size, ok] */
  device_calls: v.array(v.tuple([count, v.string(), v.number(), count, count, v.number()])),
  stats_columns: v.array(v.string()),
  stats_after: v.array(v.array(v.number())),
  final_snapshot: v.array(
    v.object({
      segment: count,
      offset: count,
      size: count,
      stream: v.number(),
      pool: v.picklist(['small', 'large']),
      expandable: v.boolean(),
      allocated: count,
      active: count,
      requested: count,
      /** [offset, size, state, requested] */
      blocks: v.array(v.tuple([count, count, v.string(), count])),
    }),
  ),
});

export type AllocatorCase = v.InferOutput<typeof caseSchema>;
export type AllocatorOp = AllocatorCase['ops'][number];
export type AllocatorResult = AllocatorCase['results'][number];
export type DeviceCall = AllocatorCase['device_calls'][number];
export type RecordedSegment = AllocatorCase['final_snapshot'][number];

/**
 * Reads a recorded case of PyTorch's allocator.
 * @returns null if it is a file of another kind.
 * @throws InputError if it is no JSON, lacks something, or frees what is not allocated.
 */
export function parseAllocatorCase(text: string, file: string): AllocatorCase | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError([{ file, message: `is no JSON: ${(error as Error).message}` }]);
  }
  if (!isOfAllocator(value)) return null;
  const { success, output, issues } = v.safeParse(caseSchema, value, { abortEarly: true });
  if (!success) {
    throw wrong(file, v.getDotPath(issues[0]) ?? '', issues[0].message);
  }
  try {
    parseAllocatorConf(output.config.conf);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw wrong(file, 'config.conf', error.problems[0].message);
  }
  const numOps = output.ops.length;
  if (output.results.length !== numOps) {
    throw wrong(file, 'results', `${output.results.length} of them for ${numOps} ops`);
  }
  checkIds(output, file);
  for (const field of ['device_calls', 'stats_after'] as const) {
    const stray = output[field].findIndex(([op]) => !(op < numOps));
    if (stray >= 0) throw wrong(file, `${field}.${stray}`, `there is no op ${output[field][stray][0]}`);
  }
  return output;
}

function isOfAllocator(value: unknown): boolean {
  const { source, ops } = (value ?? {}) as { source?: { system?: unknown }; ops?: unknown };
  return source?.system === 'PyTorch' && ops !== undefined;
}

/** An id names an allocation until it is freed; one that failed names nothing. */
function checkIds({ ops, results }: AllocatorCase, file: string): void {
  const live = new Set<string | number>();
  for (const [index, op] of ops.entries()) {
    if (op[0] !== 'alloc' && op[0] !== 'free' && op[0] !== 'record_stream') continue;
    const isLive = live.has(op[1]);
    if (op[0] === 'alloc' && isLive) throw wrong(file, `ops.${index}`, `${op[1]} is allocated already`);
    if (op[0] !== 'alloc' && !isLive) throw wrong(file, `ops.${index}`, `${op[1]} is not allocated`);
    const failed = results[index] !== null && 'error' in results[index];
    if (op[0] === 'alloc' && !failed) live.add(op[1]);
    if (op[0] === 'free') live.delete(op[1]);
  }
}

function wrong(file: string, field: string, message: string): InputError {
  return new InputError([{ file, field, message }]);
}
