import { expect, test } from 'vitest';
import { makeColumns } from '../../../sim/recording/column.ts';
import { Outcome, REQUEST_COLUMNS } from '../../../sim/recording/tables.ts';
import * as latency from '../../../sim/report/latency.ts';

/** A request that arrives at 1 s, is admitted at 3 s, has its first token at 4 s and ends at 14 s. */
function requestWith(numOutputTokens: number, numSequences: number, outcome: Outcome = Outcome.Finished) {
  const requests = makeColumns(REQUEST_COLUMNS, 1);
  requests.arrivalNs[0] = 1e9;
  requests.firstScheduledNs[0] = 3e9;
  requests.firstTokenNs[0] = 4e9;
  requests.endNs[0] = 14e9;
  requests.numPromptTokens[0] = 30;
  requests.numCachedTokens[0] = 10;
  requests.numOutputTokens[0] = numOutputTokens;
  requests.numSequences[0] = numSequences;
  requests.outcome[0] = outcome;
  return requests;
}

test('the durations of a request, in seconds', () => {
  const requests = requestWith(6, 1);
  expect(latency.queueTime(requests, 0)).toBe(2);
  expect(latency.timeToFirstToken(requests, 0)).toBe(3);
  expect(latency.prefillTime(requests, 0)).toBe(1);
  expect(latency.decodeTime(requests, 0)).toBe(10);
  expect(latency.inferenceTime(requests, 0)).toBe(11);
  expect(latency.endToEnd(requests, 0)).toBe(13);
  expect(latency.timePerOutputToken(requests, 0)).toBe(2);
  expect(latency.prefillRate(requests, 0)).toBe(20);
});

test('sequences that are sampled in parallel get their tokens at the same time', () => {
  expect(latency.timePerOutputToken(requestWith(18, 3), 0)).toBe(2);
  // Recordings of older versions say nothing of them.
  expect(latency.timePerOutputToken(requestWith(6, 0), 0)).toBe(2);
  expect(latency.timePerOutputToken(requestWith(3, 3), 0)).toBeNaN();
});

test('who gave up has no end, but a first token', () => {
  const requests = requestWith(6, 1, Outcome.Aborted);
  expect(latency.timeToFirstToken(requests, 0)).toBe(3);
  for (const duration of [latency.endToEnd, latency.decodeTime, latency.timePerOutputToken]) {
    expect(duration(requests, 0)).toBeNaN();
  }
});
