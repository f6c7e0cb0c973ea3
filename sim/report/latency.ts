import { Outcome, type RequestColumns } from '../recording/tables.ts';
import { NS_PER_S } from '../units.ts';

/** Durations of a request in seconds, and what follows from them; NaN where it never came that far. */
type Duration = (requests: RequestColumns, i: number) => number;

export const timeToFirstToken: Duration = ({ firstTokenNs, arrivalNs }, i) =>
  (firstTokenNs[i] - arrivalNs[i]) / NS_PER_S;

export const queueTime: Duration = ({ firstScheduledNs, arrivalNs }, i) =>
  (firstScheduledNs[i] - arrivalNs[i]) / NS_PER_S;

export const prefillTime: Duration = ({ firstTokenNs, firstScheduledNs }, i) =>
  (firstTokenNs[i] - firstScheduledNs[i]) / NS_PER_S;

export const endToEnd: Duration = (requests, i) => untilEnd(requests, i, requests.arrivalNs[i]);
export const decodeTime: Duration = (requests, i) => untilEnd(requests, i, requests.firstTokenNs[i]);
export const inferenceTime: Duration = (requests, i) => untilEnd(requests, i, requests.firstScheduledNs[i]);

/** Over the outputs after the first. Sequences sampled in parallel get their tokens at the same time. */
export const timePerOutputToken: Duration = (requests, i) => {
  const outputs = requests.numOutputTokens[i] / Math.max(1, requests.numSequences[i]);
  return outputs < 2 ? Number.NaN : decodeTime(requests, i) / (outputs - 1);
};

/** Computed tokens of the prompt per second. */
export const prefillRate: Duration = (requests, i) =>
  (requests.numPromptTokens[i] - requests.numCachedTokens[i]) / prefillTime(requests, i);

function untilEnd({ endNs, outcome }: RequestColumns, i: number, sinceNs: number): number {
  return outcome[i] === Outcome.Finished ? (endNs[i] - sinceNs) / NS_PER_S : Number.NaN;
}
