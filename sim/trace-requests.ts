import type { TraceWorkload as TraceSpec } from './scenario/workload-spec.ts';
import { openTrace } from './trace/open-trace.ts';
import { traceWorkload } from './workload/trace.ts';
import type { Workload } from './workload/workload.ts';

/** The requests of a trace, and what was estimated or left out when they were read. */
export function readTraceWorkload(
  text: string,
  { path, format, timeScale, limit, timedTrace, pace }: TraceSpec,
  seed: number,
): { workload: Workload; notes: readonly string[] } {
  const trace = openTrace([text], { file: path, format, timedTrace });
  const isPaced = pace?.always === true || !trace.isTimed;
  const workload = traceWorkload(trace, { file: path, timeScale, limit, seed, pace: isPaced ? pace : null });
  return { workload, notes: trace.notes() };
}
