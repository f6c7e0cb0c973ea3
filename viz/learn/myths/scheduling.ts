import { plan } from '../../../sim/memory/planner.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { summarize } from '../../../sim/report/summary.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { WorkloadBuilder } from '../../../sim/workload/builder.ts';
import { run, scenario } from '../experiments/lab.ts';
import { admission, firstPreemption } from '../experiments/scheduling.ts';
import { onDemand } from '../experiments/tables.ts';
import type { MythOutcome } from './outcome.ts';
import { BLOCK, mostRunning, serving } from './serving.ts';

/* Myths on who runs, who waits and who loses. */

/** "Maximum concurrency for 8,192 tokens per request: …x" in vLLM's log. */
export function hardLimit(): MythOutcome {
  const source = serving(
    'hard-limit',
    '--max-model-len 8192 --num-gpu-blocks-override 2361',
    'num-prompts: 200, request-rate: inf, input-len: 100, output-len: 100',
  );
  const start = plan(parseScenario(source.text, source.file));
  const said = start.starts ? start.maxConcurrency : 0;
  const ran = mostRunning(run(source));
  return { holds: ran <= said, facts: { said, ran }, scenario: source };
}

export function maxTokens(): MythOutcome {
  const { facts, scenario: source } = onDemand(1);
  const wanted = Math.ceil(121 / BLOCK);
  return { holds: facts.blocks === wanted, facts: { blocks: facts.blocks, wanted }, scenario: source };
}

/** The oldest request is the largest. */
export function largestEvicted(): MythOutcome {
  const source = serving(
    'largest-evicted',
    '--no-async-scheduling --num-gpu-blocks-override 13 --max-model-len 128',
    'num-prompts: 3, request-rate: inf, input-len: 40, output-len: 50',
  );
  const builder = new WorkloadBuilder();
  const prompts = [76, 44, 28];
  for (const prompt of prompts) {
    builder.add({ arrivalNs: 0, prompt: [[builder.newSegment(), 0, prompt]], maxTokens: 40 });
  }
  const recording = run(source, builder.finish());
  const found = firstPreemption(recording);
  const sizes = new Cursor(recording);
  sizes.seek((found?.step ?? 0) - 1);
  const [oldest, lost] = [0, found?.request ?? 0].map((request) => sizes.table(request).length);
  return { holds: found?.request === 0, facts: { oldest, lost }, scenario: source };
}

export function moreAtOnce(): MythOutcome {
  const { answer, facts, scenario: source } = admission(0);
  return { holds: answer === 'faster', facts, scenario: source };
}

/** vLLM 0.6.3 under pressure, with 8 GiB of swap space. */
export function swapForBursts(): MythOutcome {
  const source = scenario(
    'swap-for-bursts',
    `version: 1
name: swap-for-bursts
vllm: "0.6.3"
seed: 1
command: >
  vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 1024 --num-gpu-blocks-override 200 --swap-space 8
hardware: { gpu: l4, count: 1 }
workload: { num-prompts: 60, request-rate: inf, input-len: 100, output-len: 200 }
`,
  );
  const recording = run(source);
  const { numPreemptions } = summarize(recording);
  const swapped = recording.header.traffic?.swappedOut ?? 0;
  return { holds: swapped > 0 || numPreemptions === 0, facts: { numPreemptions, swapped }, scenario: source };
}

/** The same quiet load with much memory and with more. */
export function utilizationIsWork(): MythOutcome {
  const of = (share: number) =>
    serving(
      'quiet',
      `--max-model-len 4096 --gpu-memory-utilization ${share}`,
      'num-prompts: 60, request-rate: 0.5, input-len: 200, output-len: 100',
    );
  const source = of(0.95);
  const rates = [of(0.85), source].map((each) => {
    const recording = run(each);
    const tokens = recording.requests.numOutputTokens.reduce((sum, n) => sum + n, 0);
    return tokens / summarize(recording).simulatedSeconds;
  });
  const [low, high] = rates;
  return { holds: high > 1.01 * low, facts: { low, high }, scenario: source };
}
