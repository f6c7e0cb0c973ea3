import { describe, expect, test } from 'vitest';
import type { Plan } from '../../../sim/memory/plan.ts';
import { plan } from '../../../sim/memory/planner.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { GIB } from '../../../sim/units.ts';

function started(command: string, gpu: string, count: number): Extract<Plan, { starts: true }> {
  const planned = plan(
    parseScenario(
      `version: 1\ncommand: ${JSON.stringify(`vllm serve ${command} --max-model-len 8192`)}\nhardware: {gpu: ${gpu}, count: ${count}}\n`,
      's.yaml',
    ),
  );
  if (!planned.starts) throw new Error(planned.message);
  return planned;
}
const LLAMA = 'meta-llama/Llama-3.1-8B';

describe('MTP', () => {
  const [alone, drafting] = ['', '--spec-method mtp --spec-tokens 1'].map((flags) =>
    started(`deepseek-ai/DeepSeek-V3 --tensor-parallel-size 8 ${flags}`, 'h200', 8),
  );

  test('one layer more, with its experts and the projection of two hidden states', () => {
    const [{ drafterBytes }] = drafting.ranks;
    // 11.3 billion parameters of experts in FP8 over eight ranks, and 98 MiB of the attention and two projections.
    expect(drafterBytes / GIB).toBeGreaterThan(11.3e9 / 8 / GIB);
    expect(drafterBytes / GIB).toBeLessThan(1.7);
    expect(alone.ranks[0].drafterBytes).toBe(0);
  });

  test('its KV cache is that of one layer more', () => {
    expect(drafting.blockBytes * 61).toBe(alone.blockBytes * 62);
    expect(drafting.pool.numGpuBlocks).toBeLessThan(alone.pool.numGpuBlocks);
    expect(drafting.log[0]).not.toBe(alone.log[0]);
  });
});

test('EAGLE’s layer joins those that see everything: twelve windows, thirteen not (gpt-oss-20b)', () => {
  const of = (flags: string) => started(`openai/gpt-oss-20b ${flags}`, 'h100', 1);
  const [alone, drafting] = [
    of(''),
    of(`--speculative-config '{"method":"eagle3","num_speculative_tokens":3}'`),
  ];
  expect(drafting.pool.groups).toEqual(alone.pool.groups);
  expect(drafting.blockBytes * 12).toBe(alone.blockBytes * 13);
  // Dense, as wide as the experts that a token visits.
  expect(drafting.ranks[0].drafterBytes / GIB).toBeLessThan(0.5);
});

test('a draft model has all its layers, embedding and head; one that nobody knows is left out', () => {
  const of = (draft: string) =>
    started(`${LLAMA} --speculative-config '{"model":"${draft}","num_speculative_tokens":3}'`, 'h100', 1);
  const known = of('meta-llama/Llama-3.2-1B');
  expect(known.ranks[0].drafterBytes / GIB).toBeCloseTo(2.31, 1);
  expect(known.pool.groups).toHaveLength(1);
  expect(known.kvBytesPerToken).toBe(32 * 4096 + 16 * 2048);
  const unknown = of('nobody/unheard-of');
  expect(unknown.ranks[0].drafterBytes).toBe(0);
  expect(unknown.notes.join()).toContain('the draft model is not in the catalogue');
});

test('pages that cannot be made equal are refused as vLLM does', () => {
  const of = (flags: string) =>
    started(
      `openai/gpt-oss-20b ${flags} --speculative-config '{"model":"microsoft/phi-4","num_speculative_tokens":3}'`,
      'h100',
      1,
    );
  expect(() => of('')).toThrowError('The page size of the layer is not divisible');
  expect(of('--disable-hybrid-kv-cache-manager').pool.groups).toHaveLength(1);
});

test('who drafts is on the last stage; drafts from the text take nothing', () => {
  const staged = started(
    `${LLAMA} --pipeline-parallel-size 2 --spec-method eagle --spec-tokens 2 --no-async-scheduling`,
    'h100',
    2,
  );
  const [first, last] = staged.ranks;
  expect(first.drafterBytes).toBe(0);
  expect(last.drafterBytes).toBeGreaterThan(0);
  expect(last.blockBytes * 16).toBe(first.blockBytes * 17);
  const ngram = started(`${LLAMA} --spec-method ngram --spec-tokens 2`, 'h100', 1);
  expect(ngram.ranks[0].drafterBytes).toBe(0);
});
