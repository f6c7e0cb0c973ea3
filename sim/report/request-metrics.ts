import { Outcome } from '../recording/recording.ts';
import * as latency from './latency.ts';
import type { Metric } from './metric.ts';

/** Metrics with a sample of each request. */
export const REQUEST_METRICS: readonly Metric[] = [
  {
    name: 'vllm:time_to_first_token_seconds',
    unit: 'seconds',
    kind: 'request',
    about: 'From arrival to the first token.',
    span: 'first-token',
    read: latency.timeToFirstToken,
  },
  {
    name: 'vllm:request_time_per_output_token_seconds',
    unit: 'seconds',
    kind: 'request',
    about: '(end − first token) / (outputs − 1); finished requests with two outputs or more.',
    span: 'decode',
    read: latency.timePerOutputToken,
  },
  {
    name: 'vllm:e2e_request_latency_seconds',
    unit: 'seconds',
    kind: 'request',
    about: 'From arrival to the end; finished requests.',
    span: 'whole',
    read: latency.endToEnd,
  },
  {
    name: 'vllm:request_queue_time_seconds',
    unit: 'seconds',
    kind: 'request',
    about: 'From arrival to the first step that computes something of it.',
    span: 'first-token',
    read: latency.queueTime,
  },
  {
    name: 'vllm:request_prefill_time_seconds',
    unit: 'seconds',
    kind: 'request',
    about: 'From first scheduled to the first token.',
    span: 'first-token',
    read: latency.prefillTime,
  },
  {
    name: 'vllm:request_decode_time_seconds',
    unit: 'seconds',
    kind: 'request',
    about: 'From the first token to the end; finished requests.',
    span: 'decode',
    read: latency.decodeTime,
  },
  {
    name: 'vllm:request_inference_time_seconds',
    unit: 'seconds',
    kind: 'request',
    about: 'From first scheduled to the end; finished requests.',
    span: 'decode',
    read: latency.inferenceTime,
  },
  {
    name: 'vllm:request_prompt_tokens',
    unit: 'tokens',
    kind: 'request',
    about: 'Tokens of the prompt; finished requests.',
    read: ({ numPromptTokens, outcome }, i) =>
      outcome[i] === Outcome.Finished ? numPromptTokens[i] : Number.NaN,
  },
  {
    name: 'vllm:request_generation_tokens',
    unit: 'tokens',
    kind: 'request',
    about: 'Tokens of all its outputs; finished requests.',
    read: ({ numOutputTokens, outcome }, i) =>
      outcome[i] === Outcome.Finished ? numOutputTokens[i] : Number.NaN,
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
