import { invariant } from '../../../sim/error.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { numUsableBlocks, type Recording } from '../../../sim/recording/recording.ts';
import { requestChange } from '../../../sim/recording/request-changes.ts';
import { findMetric } from '../../../sim/report/metrics.ts';
import { measure } from '../../../sim/report/series.ts';
import { summarize } from '../../../sim/report/summary.ts';
import type { Experiment } from '../outcome.ts';
import { poolCells, run, scenario, tokensAt } from './lab.ts';

/* Who runs, who waits, and what it costs. */

const BLOCK = 16;
const NAMES = ['oldest', 'middle', 'newest'];

/** The first step that preempts somebody, and whom; null if none does. */
export function firstPreemption(recording: Recording): { step: number; request: number } | null {
  const { steps, numSteps } = recording;
  let event = 0;
  for (let step = 0; step < numSteps; step++) {
    for (; event < steps.eventEnd[step]; event++) {
      const change = requestChange(recording, event, step);
      if (change?.kind === 'preempt') return { step, request: change.request };
    }
  }
  return null;
}

/** Three requests that grow in a pool of so many usable blocks. */
export const preemption: Experiment = (numBlocks) => {
  const source = scenario(
    'preemption',
    `version: 1
name: Preemption
vllm: "2026-05"
seed: 1
command: >
  vllm serve meta-llama/Llama-3.1-8B-Instruct --block-size ${BLOCK} --no-async-scheduling
  --num-gpu-blocks-override ${numBlocks + 1} --max-model-len 96
hardware: { gpu: l4, count: 1 }
workload: { num-prompts: 3, request-rate: inf, input-len: 40, output-len: 50 }
`,
  );
  const recording = run(source);
  const cursor = new Cursor(recording);
  const found = firstPreemption(recording);
  const at = (step: number, caption: string, ...values: number[]) => {
    cursor.seek(step);
    const rows = [{ label: ['pool'] as const, cells: poolCells(cursor) }];
    return { caption: [caption, ...values] as const, rows };
  };
  const total = summarize(recording).numPreemptions;
  if (found === null) {
    let fullest = 0;
    for (let step = 0; step < recording.numSteps; step++) {
      if (recording.steps.numFreeBlocks[step] < recording.steps.numFreeBlocks[fullest]) fullest = step;
    }
    const { steps } = recording;
    return {
      facts: { numBlocks, total, lost: 0, lostTokens: 0, stillFree: steps.numFreeBlocks[fullest] },
      answer: 'nobody',
      figure: {
        kind: 'frames',
        frames: [at(0, 'all-start'), at(fullest, 'all-fit', steps.numFreeBlocks[fullest])],
      },
      scenario: source,
    };
  }
  cursor.seek(found.step - 1);
  const lost = cursor.table(found.request).length;
  const lostTokens = tokensAt(cursor, found.request);
  const stillFree = cursor.numFree;
  const frames = [
    at(0, 'all-start'),
    at(found.step - 1, 'pool-full', stillFree),
    at(found.step, 'preempted', lost, lostTokens),
  ];
  return {
    facts: { numBlocks, total, lost, lostTokens, stillFree },
    answer: NAMES[found.request],
    before: { kind: 'frames', frames: frames.slice(0, 2) },
    figure: { kind: 'frames', frames },
    scenario: source,
  };
};

function value(recording: Recording, metric: string, name: 'p' | 'mean' | 'max' | 'value', p = 0): number {
  const found = findMetric(metric);
  invariant(found !== null, `there is a metric ${metric}`);
  const result = measure(found, { name, p }, recording);
  invariant(result !== null, `the run has ${metric}`);
  return result;
}

const BUDGETS = [512, 1024, 2048, 4096, 8192];

/** Chats, and now and then a long prompt, with one token budget after the other. */
export const chunkedPrefill: Experiment = () => {
  const source = (budget: number) =>
    scenario(
      `budget-${budget}`,
      `version: 1
name: Chunked prefill, ${budget} tokens a step
vllm: "2026-05"
seed: 1
command: >
  vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 16384 --max-num-batched-tokens ${budget}
hardware: { gpu: h100, count: 1 }
workload:
  num-prompts: 120
  request-rate: 6
  # Nine of ten are short chats, one has a long document.
  input-len: { quantiles: { p0: 60, p89: 140, p90: 8000, p100: 8000 } }
  output-len: 120
`,
    );
  const rows = BUDGETS.map((budget) => {
    const recording = run(source(budget));
    return [
      1000 * value(recording, 'vllm:inter_token_latency_seconds', 'p', 50),
      1000 * value(recording, 'vllm:inter_token_latency_seconds', 'max'),
      1000 * value(recording, 'vllm:time_to_first_token_seconds', 'p', 99),
    ];
  });
  const [small, large] = [rows[0], rows[BUDGETS.length - 1]];
  const factor = large[1] / small[1];
  return {
    facts: {
      factor,
      small: small[1],
      large: large[1],
      smallMedian: small[0],
      largeMedian: large[0],
      smallFirst: small[2],
      largeFirst: large[2],
    },
    answer: factor < 1.5 ? 'none' : factor < 4 ? 'double' : 'tenfold',
    figure: {
      kind: 'measures',
      columns: [
        { label: ['interval-median'], unit: 'milliseconds' },
        { label: ['interval-max'], unit: 'milliseconds' },
        { label: ['first-token-p99'], unit: 'milliseconds' },
      ],
      rows: BUDGETS.map((budget, i) => ({
        label: ['budget', budget],
        values: rows[i],
        marked: budget === 8192,
      })),
    },
    scenario: source(8192),
    beside: [source(512)],
  };
};

/** How many requests of the mean length, prompt and outputs, fill the pool. */
function fittingRequests({ header, requests }: Recording): number {
  const { numPromptTokens, maxTokens } = requests;
  const tokens = numPromptTokens.reduce((sum, prompt, i) => sum + prompt + maxTokens[i], 0);
  const slots = numUsableBlocks(header) * header.pool.groups[0].blockSize;
  return Math.floor((slots * maxTokens.length) / tokens);
}

const LIMITS = [8, 16, 32, 64, 128];

/** The same requests, and how many may run at once. */
export const admission: Experiment = () => {
  const source = (limit: number) =>
    scenario(
      `max-num-seqs-${limit}`,
      `version: 1
name: Admission, ${limit} at once
vllm: "2026-05"
seed: 1
command: >
  vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 4096 --num-gpu-blocks-override 2500
  --no-enable-prefix-caching --max-num-seqs ${limit}
hardware: { gpu: l4, count: 1 }
workload:
  num-prompts: 150
  request-rate: inf
  input-len: { uniform: [50, 250] }
  output-len: { uniform: [1000, 2000] }
`,
    );
  const rows = LIMITS.map((limit) => {
    const recording = run(source(limit));
    const summary = summarize(recording);
    return [
      value(recording, 'poolscope:output_token_throughput', 'value'),
      summary.numPreemptions,
      summary.kvCacheUse?.mean ?? 0,
      value(recording, 'vllm:inter_token_latency_seconds', 'max'),
    ];
  });
  const [, , fits, more, most] = rows;
  return {
    facts: {
      fitting: fittingRequests(run(source(8))),
      fits: fits[0],
      more: more[0],
      most: most[0],
      preemptionsFits: fits[1],
      preemptionsMost: most[1],
      use: most[2],
      stallFits: fits[3],
      stallMost: most[3],
    },
    answer: most[0] > 1.05 * more[0] ? 'faster' : most[0] < 0.95 * more[0] ? 'slower' : 'same',
    figure: {
      kind: 'measures',
      columns: [
        { label: ['throughput'], unit: 'per second' },
        { label: ['preemptions'], unit: 'count' },
        { label: ['use'], unit: 'share' },
        { label: ['longest-stall'], unit: 'seconds' },
      ],
      rows: LIMITS.map((limit, i) => ({
        label: ['at-once', limit],
        values: rows[i],
        marked: limit === 128,
      })),
    },
    scenario: source(128),
    beside: [source(32)],
  };
};
