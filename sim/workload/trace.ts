import { InputError } from '../error.ts';
import type { Trace } from '../trace/trace.ts';
import { type Run, WorkloadBuilder } from './builder.ts';
import type { Workload } from './workload.ts';

/** How much of a trace is played, and how fast. */
export interface TraceOptions {
  /** Named in errors. */
  readonly file: string;
  /** 2 = arrivals twice as fast. */
  readonly timeScale: number;
  /** At most this many requests, from the start of the file; null = all. */
  readonly limit: number | null;
}

/**
 * The requests of a trace. Arrivals count from the first request; rows out of order are sorted.
 * @throws InputError with file, line and field of the first row that is not understood.
 */
export function traceWorkload(trace: Trace, { file, timeScale, limit }: TraceOptions): Workload {
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
  for (const { timeNs, promptTokens, outputTokens, hashIds = [] } of requests) {
    builder.add({
      arrivalNs: Math.round((timeNs - first) / timeScale),
      prompt: hashedPrompt(builder, hashIds, trace.blockTokens, promptTokens),
      maxTokens: outputTokens,
    });
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
