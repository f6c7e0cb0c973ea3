import { InputError } from '../error.ts';
import type { PaceSpec } from '../scenario/workload-spec.ts';
import type { Trace } from '../trace/trace.ts';
import { type Run, WorkloadBuilder } from './builder.ts';
import { Pace } from './pace.ts';
import type { Workload } from './workload.ts';

/** How much of a trace is played, and how fast. */
export interface TraceOptions {
  /** Named in errors. */
  readonly file: string;
  /** 2 = arrivals twice as fast. */
  readonly timeScale: number;
  /** At most this many requests, from the start of the file; null = all. */
  readonly limit: number | null;
  /** When requests come, if not as the file says. */
  readonly pace?: PaceSpec | null;
  readonly seed?: number;
}

/**
 * The requests of a trace. Arrivals count from the first request; rows out of order are sorted.
 * @throws InputError with file, line and field of the first row that is not understood.
 */
export function traceWorkload(trace: Trace, options: TraceOptions): Workload {
  const { file, timeScale, limit } = options;
  const builder = new WorkloadBuilder();
  const requests = takeRows(trace, limit);
  if (requests.length === 0) throw new InputError([{ file, message: 'holds no requests' }]);
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { timeNs } of requests) {
    first = Math.min(first, timeNs);
    last = Math.max(last, timeNs);
  }
  if (!Number.isSafeInteger(Math.round((last - first) / timeScale))) {
    const message = `at time scale ${timeScale} the last request would arrive after more than 104 days`;
    throw new InputError([{ file, message }]);
  }
  const pace = options.pace ? new Pace(options.pace, requests.length, options.seed ?? 0) : null;
  for (const { timeNs, promptTokens, outputTokens, hashIds = [] } of requests) {
    const request = builder.add({
      ...(pace?.start() ?? { arrivalNs: Math.round((timeNs - first) / timeScale) }),
      prompt: hashedPrompt(builder, hashIds, trace.blockTokens, promptTokens),
      maxTokens: outputTokens,
    });
    pace?.ends(request);
  }
  return builder.finish();
}

function takeRows({ rows }: Trace, limit: number | null) {
  const taken = [];
  for (const row of rows) {
    taken.push(row);
    if (taken.length === limit) break;
  }
  return taken;
}

/** Blocks with an id are the same wherever the id is; what no id covers is of this request alone. */
function hashedPrompt(
  builder: WorkloadBuilder,
  hashIds: readonly number[],
  blockTokens: number,
  tokens: number,
): Run[] {
  const runs: Run[] = hashIds.map((id, i) => [
    builder.segment(`hash ${id}`),
    0,
    Math.min(blockTokens, tokens - i * blockTokens),
  ]);
  const covered = hashIds.length * blockTokens;
  if (covered < tokens) runs.push([builder.newSegment(), 0, tokens - covered]);
  return runs;
}
