import { Outcome, type RequestColumns } from '../recording/tables.ts';
import { FIRST_TOKEN_SECONDS, NUM_SEQUENCES, REQUEST_SECONDS, TOKEN_SECONDS } from './buckets.ts';
import * as latency from './latency.ts';
import type { Metric } from './metric.ts';
import { tokenIntervals } from './token-intervals.ts';

/** A value of finished requests. */
const ofFinished =
  (value: (requests: RequestColumns, i: number) => number) =>
  (requests: RequestColumns, i: number): number =>
    requests.outcome[i] === Outcome.Finished ? value(requests, i) : Number.NaN;

/** Metrics with a sample of each request, or of each of its tokens. */
export const REQUEST_METRICS: readonly Metric[] = [
  {
    name: 'vllm:time_to_first_token_seconds',
    unit: 'seconds',
    kind: 'request',
    about: 'From arrival to the first token.',
    span: 'first-token',
    buckets: FIRST_TOKEN_SECONDS,
    read: latency.timeToFirstToken,
  },
  {
    name: 'vllm:inter_token_latency_seconds',
    unit: 'seconds',
    kind: 'token',
    about:
      'From a token of a request to its next, preemptions included; tokens of one step are one sample. Aborted requests count.',
    needsEvents: true,
    buckets: TOKEN_SECONDS,
    read: tokenIntervals,
  },
  {
    name: 'vllm:request_time_per_output_token_seconds',
    unit: 'seconds',
    kind: 'request',
    about: '(end − first token) / (outputs − 1); finished requests with two outputs or more.',
    span: 'decode',
    buckets: TOKEN_SECONDS,
    read: latency.timePerOutputToken,
  },
  {
    name: 'vllm:e2e_request_latency_seconds',
    unit: 'seconds',
    kind: 'request',
    about: 'From arrival to the end; finished requests.',
    span: 'whole',
    buckets: REQUEST_SECONDS,
    read: latency.endToEnd,
  },
  {
    name: 'vllm:request_queue_time_seconds',
    unit: 'seconds',
    kind: 'request',
    about: 'From arrival to the first step that computes something of it.',
    span: 'first-token',
    buckets: REQUEST_SECONDS,
    read: latency.queueTime,
  },
  {
    name: 'vllm:request_prefill_time_seconds',
    unit: 'seconds',
    kind: 'request',
    about: 'From first scheduled to the first token.',
    span: 'first-token',
    buckets: REQUEST_SECONDS,
    read: latency.prefillTime,
  },
  {
    name: 'vllm:request_decode_time_seconds',
    unit: 'seconds',
    kind: 'request',
    about: 'From the first token to the end; finished requests.',
    span: 'decode',
    buckets: REQUEST_SECONDS,
    read: latency.decodeTime,
  },
  {
    name: 'vllm:request_inference_time_seconds',
    unit: 'seconds',
    kind: 'request',
    about: 'From first scheduled to the end; finished requests.',
    span: 'decode',
    buckets: REQUEST_SECONDS,
    read: latency.inferenceTime,
  },
  {
    name: 'vllm:request_prompt_tokens',
    unit: 'tokens',
    kind: 'request',
    about: 'Tokens of the prompt; finished requests.',
    buckets: 'lengths',
    read: ofFinished(({ numPromptTokens }, i) => numPromptTokens[i]),
  },
  {
    name: 'vllm:request_prefill_kv_computed_tokens',
    unit: 'tokens',
    kind: 'request',
    about: 'Tokens of the prompt that the prefix cache did not have; finished requests.',
    buckets: 'lengths',
    read: ofFinished(({ numPromptTokens, numCachedTokens }, i) => numPromptTokens[i] - numCachedTokens[i]),
  },
  {
    name: 'vllm:request_generation_tokens',
    unit: 'tokens',
    kind: 'request',
    about: 'Tokens of all its outputs; finished requests.',
    buckets: 'lengths',
    read: ofFinished(({ numOutputTokens }, i) => numOutputTokens[i]),
  },
  {
    name: 'vllm:request_params_max_tokens',
    unit: 'tokens',
    kind: 'request',
    about: 'The most tokens that it asked for; finished requests.',
    buckets: 'lengths',
    read: ofFinished(({ maxTokens }, i) => maxTokens[i]),
  },
  {
    name: 'vllm:request_params_n',
    unit: 'times',
    kind: 'request',
    about: 'Answers that it asked for; in V1 each answer is a request. Finished requests.',
    buckets: NUM_SEQUENCES,
    read: ofFinished(({ numSequences }, i) => Math.max(1, numSequences[i])),
  },
  {
    name: 'poolscope:request_prefill_rate',
    unit: 'per second',
    kind: 'request',
    about: 'Tokens of the prompt that were computed, by the prefill time.',
    read: latency.prefillRate,
  },
  {
    name: 'poolscope:request_decode_rate',
    unit: 'per second',
    kind: 'request',
    about: 'Outputs after the first by the decode time; finished requests with two outputs or more.',
    read: (requests, i) => 1 / latency.timePerOutputToken(requests, i),
  },
  {
    name: 'poolscope:request_preemptions',
    unit: 'times',
    kind: 'request',
    about: 'How often it was preempted.',
    span: 'whole',
    read: ({ numPreemptions }, i) => numPreemptions[i],
  },
];
