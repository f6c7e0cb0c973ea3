import type { Report } from './located-yaml.ts';
import { paceOf, saysArrivals } from './pace.ts';
import { PACE_KEYS } from './pace-schema.ts';
import { resolvePath } from './paths.ts';
import type { WorkloadFile } from './workload-schema.ts';
import type { TraceWorkload } from './workload-spec.ts';

export const TRACE_KEYS = [
  'trace',
  'format',
  'time-scale',
  'limit',
  'timed-trace-chunk-hash-size',
  'timed-trace-sec-multiplier',
] as const;
const TIMED_TRACE_KEYS = ['timed-trace-chunk-hash-size', 'timed-trace-sec-multiplier'] as const;
/** Keys of either kind of workload. */
const COMMON_KEYS = ['reset-prefix-cache', 'reset-running-requests', 'goodput'];

/** The workload of a key `trace`, and the keys beside it. */
export function traceWorkloadOf(file: string, keys: WorkloadFile, report: Report): TraceWorkload {
  const known: readonly string[] = [...TRACE_KEYS, ...PACE_KEYS, ...COMMON_KEYS];
  for (const key of Object.keys(keys)) {
    if (!known.includes(key)) report(['workload', key], 'does not go with trace', null, true);
  }
  const path = resolvePath(file);
  if (path === null)
    report(['workload', 'trace'], "expected a path inside the scenario's folder (--trace takes any)");
  for (const key of TIMED_TRACE_KEYS) {
    if (keys[key] !== undefined && keys.format !== 'timed_trace') {
      report(['workload', key], 'goes with format: timed_trace', null, true);
    }
  }
  const pace = paceOf(keys, null, 1, report);
  const isPaced = saysArrivals(keys) || keys.users !== undefined;
  for (const key of ['burstiness', 'think-time'] as const) {
    if (!isPaced && keys[key] !== undefined) {
      report(
        ['workload', key],
        'the trace itself says when requests come: give request-rate or users too',
        null,
        true,
      );
    }
  }
  if (isPaced && keys['time-scale'] !== undefined) {
    report(
      ['workload', 'time-scale'],
      "does not go with request-rate and users: the trace's times do not count",
      null,
      true,
    );
  }
  return {
    kind: 'trace',
    path: path ?? file,
    format: keys.format ?? null,
    timeScale: keys['time-scale'] ?? 1,
    limit: keys.limit ?? null,
    timedTrace: {
      chunkHashSize: keys['timed-trace-chunk-hash-size'],
      secMultiplier: keys['timed-trace-sec-multiplier'],
    },
    pace: isPaced ? { ...pace, always: true } : null,
  };
}
