import { type Columns, makeColumns } from './column.ts';
import type { Recording, RecordingHeader, RunEnd, V0Traffic } from './recording.ts';
import { EVENT_COLUMNS, type RequestColumns, SPAN_COLUMNS, STEP_COLUMNS } from './tables.ts';

/** Worse than drained, the worst first. */
const ENDS: readonly RunEnd[] = ['engine-crash', 'hang', 'step-limit', 'cancelled', 'drained'];

/**
 * What replicas did together: all requests, and the steps of all in the order in which they start. It has no
 * events: each step's queues and blocks are those of one replica, so there is no one state to be replayed.
 */
export function mergeRecordings(
  name: string,
  replicas: readonly Recording[],
  requests: RequestColumns,
): Recording {
  const [{ requestIds }] = replicas;
  const order = replicas
    .flatMap((replica, r) => Array.from({ length: replica.numSteps }, (_, step) => [r, step] as const))
    .sort(([a, i], [b, j]) => replicas[a].steps.startNs[i] - replicas[b].steps.startNs[j]);
  const steps = makeColumns(STEP_COLUMNS, order.length);
  for (const name of Object.keys(STEP_COLUMNS) as (keyof Columns<typeof STEP_COLUMNS>)[]) {
    if (name === 'scheduleEnd' || name === 'eventEnd') continue;
    order.forEach(([replica, step], row) => {
      steps[name][row] = replicas[replica].steps[name][step];
    });
  }
  return {
    header: { ...mergeHeaders(replicas.map(({ header }) => header)), name },
    requestIds,
    numSteps: order.length,
    numEvents: 0,
    steps,
    events: makeColumns(EVENT_COLUMNS, 0),
    spans: makeColumns(SPAN_COLUMNS, 0),
    requests,
  };
}

function mergeHeaders(headers: readonly RecordingHeader[]): RecordingHeader {
  const [first] = headers;
  const sum = (read: (header: RecordingHeader) => number) =>
    headers.reduce((total, header) => total + read(header), 0);
  const { experts: _, crash: __, replica, ...header } = first;
  const crash = headers.find((one) => one.crash !== undefined)?.crash;
  const ends = headers.map(({ end }) => end);
  const traffic = (name: keyof V0Traffic) => sum((one) => one.traffic?.[name] ?? 0);
  return {
    ...header,
    ...(replica && { replica: { ...replica, index: null } }),
    ...(first.traffic && {
      traffic: {
        swappedOut: traffic('swappedOut'),
        swappedIn: traffic('swappedIn'),
        copied: traffic('copied'),
        forks: traffic('forks'),
      },
    }),
    ...(first.pipeline && { pipeline: mergePipelines(headers, replica?.of.kind === 'virtual engine') }),
    end: ENDS.find((end) => ends.includes(end)) ?? 'drained',
    ...(crash && { crash }),
    prefixCacheQueries: sum(({ prefixCacheQueries }) => prefixCacheQueries),
    prefixCacheHits: sum(({ prefixCacheHits }) => prefixCacheHits),
  };
}

/** Stages of replicas are added up; virtual engines share theirs. */
function mergePipelines(
  headers: readonly RecordingHeader[],
  areShared: boolean,
): NonNullable<RecordingHeader['pipeline']> {
  const pipelines = headers.flatMap(({ pipeline }) => (pipeline === undefined ? [] : [pipeline]));
  if (areShared) return pipelines[0];
  return {
    busyNs: pipelines[0].busyNs.map((_, stage) =>
      pipelines.reduce((sum, { busyNs }) => sum + busyNs[stage], 0),
    ),
    activeNs: pipelines.reduce((sum, { activeNs }) => sum + activeNs, 0),
  };
}
