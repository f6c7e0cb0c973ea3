import type { Plan } from '../../../sim/memory/plan.ts';
import { plan } from '../../../sim/memory/planner.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import type { ScenarioSource } from '../../../sim/share/fragment.ts';
import { GIB } from '../../../sim/units.ts';
import { scenario, started } from '../experiments/lab.ts';
import type { MythOutcome } from './outcome.ts';

/* Myths on what vLLM takes when it starts. */

function starting(name: string, command: string, hardware: string, more = ''): ScenarioSource {
  return scenario(
    name,
    `version: 1
name: ${name}
vllm: "2026-05"
command: vllm serve ${command}
hardware: { ${hardware} }
${more}workload: { num-prompts: 40, request-rate: 2, input-len: 300, output-len: 100 }
`,
  );
}

function planned({ text, file }: ScenarioSource): Plan {
  return plan(parseScenario(text, file));
}

const cacheGib = (source: ScenarioSource) => started(source).ranks[0].kvCacheBytes / GIB;
const LLAMA = 'meta-llama/Llama-3.1-8B-Instruct';

/** Blocks and length change by a factor; the batch that is profiled stays. */
export function poolSize(): MythOutcome {
  const of = (length: number, block: number) =>
    starting(
      'pool-size',
      `${LLAMA} --max-model-len ${length} --block-size ${block} --max-num-batched-tokens 2048`,
      'gpu: l4, count: 1',
    );
  const source = of(4096, 16);
  const [gib, longer, larger] = [source, of(16_384, 16), of(4096, 64)].map(cacheGib);
  const differs = (other: number) => Math.abs(other / gib - 1) > 0.01;
  return { holds: differs(longer) || differs(larger), facts: { gib, longer, larger }, scenario: source };
}

export function float16(): MythOutcome {
  const of = (dtype: string) =>
    starting('float16', `${LLAMA} --max-model-len 8192 --dtype ${dtype}`, 'gpu: l4, count: 1');
  const source = of('float16');
  const [half, brain] = [source, of('bfloat16')].map(started);
  const weights = half.ranks[0].weightBytes / GIB;
  return {
    holds: half.kvCacheTokens > brain.kvCacheTokens || half.ranks[0].weightBytes < brain.ranks[0].weightBytes,
    facts: { weights, tokens: half.kvCacheTokens, tokensBrain: brain.kvCacheTokens },
    scenario: source,
  };
}

export function sixteenKilobytes(): MythOutcome {
  const of = (model: string) =>
    starting('block-bytes', `${model} --max-model-len 4096 --block-size 16`, 'gpu: h100, count: 1');
  const source = of(LLAMA);
  const [llama, small] = [source, of('Qwen/Qwen2.5-0.5B-Instruct')].map(
    (each) => started(each).blockBytes / 1024,
  );
  return { holds: llama === 16 && small === 16, facts: { llama, small }, scenario: source };
}

export function everyCardACopy(): MythOutcome {
  const of = (count: number) =>
    starting(
      'tensor-parallel',
      `${LLAMA} --max-model-len 8192 --tensor-parallel-size ${count}`,
      `gpu: l4, count: ${count}`,
    );
  const source = of(2);
  const [one, each] = [of(1), source].map((each) => started(each).ranks[0].weightBytes / GIB);
  return { holds: each > 0.9 * one, facts: { one, each }, scenario: source };
}

/** Another process holds 6 GiB of one card, of both, of none. */
export function cardsBalance(): MythOutcome {
  const of = (other: string) =>
    starting(
      'shared-cards',
      `${LLAMA} --max-model-len 8192 --tensor-parallel-size 2 --gpu-memory-utilization 0.7`,
      `gpu: l4, count: 2, other-gib: ${other}`,
    );
  const source = of('[0, 6]');
  const [oneShared, bothShared, none] = [source, of('[6, 6]'), of('[0, 0]')].map(
    (each) => started(each).kvCacheTokens,
  );
  return { holds: oneShared > 1.05 * bothShared, facts: { oneShared, bothShared, none }, scenario: source };
}

export function overrideZero(): MythOutcome {
  const source = starting(
    'override-zero',
    `${LLAMA} --max-model-len 8192 --num-gpu-blocks-override 0`,
    'gpu: l4, count: 1',
  );
  return { holds: planned(source).starts, facts: {}, scenario: source };
}

export function expertCacheFlag(): MythOutcome {
  const source = starting(
    'expert-cache',
    'Qwen/Qwen3-30B-A3B --max-model-len 8192 --enable-expert-cache',
    'gpu: h100, count: 1',
  );
  const found = planned(source);
  return { holds: found.starts || found.because !== 'unrecognized-argument', facts: {}, scenario: source };
}

/** A container of 10 GiB for a model of 18. */
export function hostMemory(): MythOutcome {
  const source = starting(
    'host-memory',
    'THUDM/glm-4-9b-chat --trust-remote-code --max-model-len 4096',
    'gpu: l4, count: 1',
    'host: { memory-gib: 16, container-limit-gib: 10 }\n',
  );
  const found = planned(source);
  const weights = found.ranks.length > 0 ? found.ranks[0].weightBytes / GIB : 0;
  return { holds: !found.starts, facts: { weights, limit: 10 }, scenario: source };
}

/** What is taken when nobody has asked anything yet. */
export function above95(): MythOutcome {
  const source = starting(
    'utilization-0.97',
    `${LLAMA} --max-model-len 8192 --gpu-memory-utilization 0.97`,
    'gpu: h100, count: 1',
  );
  const [{ totalBytes, budgetBytes, kvCacheBytes }] = started(source).ranks;
  return {
    holds: budgetBytes / totalBytes < 0.95,
    facts: { taken: budgetBytes / totalBytes, cache: kvCacheBytes / GIB },
    scenario: source,
  };
}
