import { describe, expect, test } from 'vitest';
import { usualGraphs } from '../../../sim/memory/graph-capture.ts';
import { graphsOf } from '../../../sim/memory/graph-flags.ts';
import type { Plan } from '../../../sim/memory/plan.ts';
import { plan } from '../../../sim/memory/planner.ts';
import { resolveHardware } from '../../../sim/memory/resolve.ts';
import { limitsOf } from '../../../sim/memory/startup-input.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';

const scenarioOf = (flags: string, gpu = 'a100-80g', model = 'meta-llama/Llama-3.1-8B') =>
  parseScenario(
    `version: 1\ncommand: ${JSON.stringify(`vllm serve ${model} --max-num-seqs 8 ${flags}`)}\nhardware: {gpu: ${gpu}}\n`,
    's.yaml',
  );
const captured = (flags: string, gpu?: string) => {
  const scenario = scenarioOf(flags, gpu);
  const hardware = resolveHardware(scenario);
  return graphsOf(scenario, hardware, limitsOf(scenario, hardware));
};
const config = (json: object) => `--compilation-config '${JSON.stringify(json)}'`;
const drafts = (count: number) =>
  `--speculative-config '{"method": "ngram", "num_speculative_tokens": ${count}}'`;
const usual = [1, 2, 4, 8, 16];

test('sizes as vLLM logs them: 51 up to 512, 35 up to 256', () => {
  const sizes = (maxNumSeqs: number, maxNumBatchedTokens: number) =>
    usualGraphs({ maxNumSeqs, maxNumBatchedTokens }).piecewise;
  expect(sizes(1024, 8192)).toHaveLength(51);
  expect(sizes(128, 8192)).toHaveLength(35);
  expect(sizes(8, 2048)).toEqual(usual);
  expect(sizes(1024, 100).slice(-3)).toEqual([88, 96, 100]);
  expect(sizes(1024, 104).slice(-3)).toEqual([88, 96, 104]);
});

describe('what is captured', () => {
  test('every size but for the attention, those of decodes whole', () => {
    expect(captured('')).toEqual({ piecewise: usual, full: [1, 2, 4, 8], fullTakesAll: false, copies: 1 });
  });

  test('with drafts: whole requests only, up to so many times the sequences', () => {
    expect(captured(drafts(2))).toMatchObject({
      piecewise: [3, 6, 9, 18, 24, 33, 42, 48],
      full: [3, 6, 9, 18, 24],
    });
  });

  test.each([
    ['-O0', [], []],
    ['-O1', usual, []],
    ['--enforce-eager', [], []],
    [config({ mode: 0 }), [], []],
    [config({ mode: 0, cudagraph_mode: 'FULL_DECODE_ONLY' }), [], [1, 2, 4, 8]],
    [config({ cudagraph_mode: 'PIECEWISE' }), usual, []],
    [`${config({ cudagraph_mode: 'piecewise' })} ${drafts(2)}`, [...usual, 24, 32, 40, 48], []],
    [config({ cudagraph_mode: 'FULL_DECODE_ONLY' }), [], [1, 2, 4, 8]],
    // Only Hopper's FlashAttention captures batches of all kinds whole.
    [config({ cudagraph_mode: 'FULL' }), usual, [1, 2, 4, 8]],
  ])('%s', (flags, piecewise, full) => {
    expect(captured(flags)).toMatchObject({ piecewise, full, fullTakesAll: false });
  });

  test('whole steps of any batch on Hopper', () => {
    expect(captured(config({ cudagraph_mode: 'FULL' }), 'h100')).toMatchObject({
      piecewise: [],
      full: usual,
      fullTakesAll: true,
    });
  });

  test.each([
    ['--cudagraph-capture-sizes 8 1 300', [1, 8, 300]],
    [config({ cudagraph_capture_sizes: [2, 4, 9000] }), [2, 4]],
    ['--max-cudagraph-capture-size 24', [...usual, 24]],
    [config({ max_cudagraph_capture_size: 3 }), [1, 2]],
    ['--performance-mode interactivity', Array.from({ length: 16 }, (_, i) => i + 1)],
  ])('%s', (flags, piecewise) => expect(captured(flags).piecewise).toEqual(piecewise));

  test.each([
    ['--enable-lora', 2],
    [`--enable-lora ${config({ cudagraph_specialize_lora: false })}`, 1],
    // None, 1, 2, 4 and 6.
    ['--enable-lora --max-loras 5 --specialize-active-lora', 5],
    ['--enable-lora --max-loras 7 --specialize-active-lora', 5],
  ])('adapters: %s, %i times', (flags, copies) => expect(captured(flags).copies).toBe(copies));
});

test('the log counts them', () => {
  const of = (flags: string): Plan => plan(scenarioOf(`--max-model-len 4096 ${flags}`, 'h100'));
  const line = (flags: string) => {
    const planned = of(flags);
    return planned.starts ? planned.log.find((each) => each.startsWith('Profiling CUDA')) : planned.message;
  };
  expect(line('')).toBe('Profiling CUDA graph memory: PIECEWISE=5 (largest=16), FULL=4 (largest=8)');
  expect(line('-O1')).toBe('Profiling CUDA graph memory: PIECEWISE=5 (largest=16)');
  expect(line('--enable-lora')).toContain('PIECEWISE=10 (largest=16), FULL=8 (largest=8)');
});

test.each([
  [
    `--cudagraph-capture-sizes 1 2 ${config({ cudagraph_capture_sizes: [4] })}`,
    'cudagraph_capture_sizes and compilation_config.cudagraph_capture_sizes are mutually exclusive',
  ],
  [config({ cudagraph_mode: 'whole' }), "KeyError: 'WHOLE'"],
  [
    '--cudagraph-capture-sizes 1 2 --max-cudagraph-capture-size 4',
    'customized max_cudagraph_capture_size(=4) should be consistent with the max value of cudagraph_capture_sizes(=2)',
  ],
  [`--cudagraph-capture-sizes 1 2 ${drafts(3)}`, 'No valid cudagraph sizes after rounding to multiple of 4'],
  ['--cudagraph-capture-sizes 1 x', "argument --cudagraph-capture-sizes: invalid int value: 'x'"],
  [
    `--spec-tokens 3 ${drafts(3)}`,
    "--spec-tokens and --speculative-config['num_speculative_tokens'] are mutually exclusive",
  ],
])('%s is refused as vLLM does', (flags, message) => {
  expect(plan(scenarioOf(flags))).toMatchObject({
    starts: false,
    message: expect.stringContaining(message),
  });
});

test.each([
  ['2026-05', '--max-num-batched-tokens 1000000000 --max-cudagraph-capture-size 1000000000'],
  ['0.6.3', '--max-num-batched-tokens 1000000000 --max-num-seqs 1000000000'],
])('in %s, batches of 10⁹ tokens are refused for want of memory, not a fault of ours: %s', (vllm, flags) => {
  const text = `vllm serve meta-llama/Llama-3.1-8B --max-model-len 8192 ${flags}`;
  const scenario = parseScenario(
    `version: 1\nvllm: "${vllm}"\ncommand: ${text}\nhardware: {gpu: h100}\n`,
    's.yaml',
  );
  expect(plan(scenario)).toMatchObject({ starts: false, because: 'weights-do-not-fit' });
});
