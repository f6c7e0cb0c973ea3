import type { Recording } from '../recording/recording.ts';
import { Outcome, type RequestColumns } from '../recording/tables.ts';
import { endToEnd, queueTime, timePerOutputToken, timeToFirstToken } from '../report/latency.ts';
import { NS_PER_S } from '../units.ts';

const STATUS: Readonly<Record<Outcome, string>> = {
  [Outcome.Unfinished]: 'unfinished',
  [Outcome.Finished]: 'finished',
  [Outcome.Aborted]: 'aborted',
  [Outcome.Rejected]: 'rejected',
  [Outcome.Elsewhere]: 'elsewhere',
};

type Read = (requests: RequestColumns, i: number) => number;

const seconds =
  (column: 'arrivalNs' | 'firstScheduledNs' | 'firstTokenNs' | 'endNs'): Read =>
  (requests, i) =>
    requests[column][i] / NS_PER_S;

/** Numbers of a request; NaN where it never came that far. Times are seconds of simulated time. */
const NUMBERS: readonly (readonly [name: string, read: Read])[] = [
  ['arrivalSeconds', seconds('arrivalNs')],
  ['firstScheduledSeconds', seconds('firstScheduledNs')],
  ['firstTokenSeconds', seconds('firstTokenNs')],
  ['endSeconds', seconds('endNs')],
  ['queueTime', queueTime],
  ['timeToFirstToken', timeToFirstToken],
  ['timePerOutputToken', timePerOutputToken],
  ['endToEnd', endToEnd],
  ['numPromptTokens', ({ numPromptTokens }, i) => numPromptTokens[i]],
  ['numCachedTokens', ({ numCachedTokens }, i) => numCachedTokens[i]],
  ['numOutputTokens', ({ numOutputTokens }, i) => numOutputTokens[i]],
  ['numPreemptions', ({ numPreemptions }, i) => numPreemptions[i]],
];

export const REQUEST_FIELDS: readonly string[] = ['id', 'status', ...NUMBERS.map(([name]) => name)];

/** The values of REQUEST_FIELDS, request by request; null where a request never came that far. */
export function* requestRows({ requests, requestIds }: Recording): Generator<(string | number | null)[]> {
  for (let i = 0; i < requestIds.length; i++) {
    if (requests.outcome[i] === Outcome.Elsewhere) continue;
    const numbers = NUMBERS.map(([, read]) => read(requests, i));
    yield [
      requestIds[i],
      STATUS[requests.outcome[i] as Outcome],
      ...numbers.map((value) => (Number.isFinite(value) ? value : null)),
    ];
  }
}
