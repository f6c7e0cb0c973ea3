import { expect, test } from 'vitest';
import type { Architecture, LocalAttention } from '../../../sim/catalog/architecture.ts';
import { findModel } from '../../../sim/catalog/models.ts';
import { parseModelConfig } from '../../../sim/catalog/parse-model-config.ts';
import { hybridManager, separatesKinds } from '../../../sim/memory/hybrid-manager.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';

const LLAMA = parseModelConfig(findModel('Llama-3.1-8B')!.config) as Architecture;
const scenarioOf = (flags: string, vllm = '2026-05') =>
  parseScenario(`version: 1\nvllm: "${vllm}"\ncommand: vllm serve m ${flags}\nhardware: {gpu: h100}\n`, 's');
const modelOf = (kind: LocalAttention['kind'], ...isLocal: boolean[]): Architecture => ({
  ...LLAMA,
  localAttention: { kind, window: 8192, isLocal },
});
const separates = (flags: string, model: Architecture, vllm?: string) =>
  separatesKinds(scenarioOf(flags, vllm), model);

const OFF = '--disable-hybrid-kv-cache-manager';
const EAGLE = `--speculative-config '{"method":"eagle","num_speculative_tokens":2}'`;

test('kinds of attention are kept apart, unless that is turned off; V0 never does', () => {
  const mixed = modelOf('sliding_window', true, false);
  expect([separates('', mixed), separates(OFF, mixed), separates('', mixed, '0.6.3')]).toEqual([
    true,
    false,
    false,
  ]);
});

test('layers that are all local stay so', () => {
  expect(separates(OFF, modelOf('sliding_window', true, true))).toBe(true);
});

test('chunked local attention goes without it where the environment says so', () => {
  const llama4 = modelOf('chunked_local', true, true, false);
  const scenario = scenarioOf('');
  const env = { VLLM_ALLOW_CHUNKED_LOCAL_ATTN_WITH_HYBRID_KV_CACHE: '0' };
  expect(separatesKinds({ ...scenario, env }, llama4)).toBe(false);
});

test('chunked local attention goes without it where hidden states draft; to ask for it is refused', () => {
  const llama4 = modelOf('chunked_local', true, true, false);
  expect([separates('', llama4), separates(EAGLE, llama4)]).toEqual([true, false]);
  const refusal = (flags: string) =>
    hybridManager({ scenario: scenarioOf(flags), architecture: llama4 } as Parameters<
      typeof hybridManager
    >[0]);
  expect(refusal(EAGLE)).toBeNull();
  expect(refusal(`${EAGLE} --no-disable-hybrid-kv-cache-manager`)?.message).toContain(
    'Hybrid KV cache manager was explicitly enabled',
  );
});
