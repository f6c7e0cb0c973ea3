import { describe, expect, test } from 'vitest';
import { InputError } from '../../../sim/error.ts';
import { plan } from '../../../sim/memory/planner.ts';
import { parseCommand } from '../../../sim/scenario/command.ts';
import rows from '../../../sim/scenario/data/flags.json' with { type: 'json' };
import { isWithoutEffect } from '../../../sim/scenario/flag-effects.ts';
import { isModelled } from '../../../sim/scenario/flag-values.ts';
import type { VllmVersion } from '../../../sim/scenario/flags.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';

type Row = [
  name: string,
  versions: 'both' | 'v0' | 'v1',
  kind: 'honour' | 'light' | 'serving',
  isSwitch: number,
];
const FLAGS = rows as Row[];
const VERSIONS: readonly VllmVersion[] = ['0.6.3', '2026-05'];

describe.each(VERSIONS)('every flag of vLLM %s', (version) => {
  const isKnown = (versions: Row[1]) =>
    versions === 'both' || versions === (version === '0.6.3' ? 'v0' : 'v1');

  test.each(FLAGS)('--%s', (name, versions, kind, isSwitch) => {
    const { flags } = parseCommand(`vllm serve m --${name}${isSwitch === 1 ? '' : ' 1'}`, version)!;
    const places = {
      honoured: Object.keys(flags.honoured).includes(name.replaceAll('-', '_')),
      ignored: flags.ignored.includes(name),
      unmodelled: flags.unmodelled.includes(name),
      invalid: flags.invalid.length > 0,
      unrecognized: flags.unrecognized.length > 0,
      model: name === 'model',
    };
    const here = Object.entries(places).filter(([, isHere]) => isHere);
    expect(here).toHaveLength(1);
    const [[place]] = here;
    if (!isKnown(versions)) {
      expect(place).toBe('unrecognized');
      expect(flags.unrecognized[0].advice).not.toBe('');
    } else if (isModelled(name)) {
      expect(['honoured', 'invalid', 'model']).toContain(place);
    } else if (kind === 'honour' && !isWithoutEffect(name, isSwitch === 1 ? true : '1')) {
      expect(place).toBe('unmodelled');
    } else {
      expect(place).toBe('ignored');
    }
  });
});

test.each([
  ['--prefill-context-parallel-size 1', '--prefill-context-parallel-size 2'],
  ['--no-enable-dbo', '--enable-dbo'],
  ['--runner generate', '--runner pooling'],
  ['--expert-placement-strategy linear', '--expert-placement-strategy round_robin'],
  [
    `--override-generation-config '{"temperature": 0}'`,
    `--override-generation-config '{"max_new_tokens": 9}'`,
  ],
])('%s changes nothing, and is ignored; %s does', (harmless, other) => {
  const flagsOf = (flag: string) => parseCommand(`vllm serve m ${flag}`, '2026-05')!.flags;
  expect(flagsOf(harmless)).toMatchObject({ ignored: [expect.anything()], unmodelled: [] });
  expect(flagsOf(other)).toMatchObject({ ignored: [], unmodelled: [expect.anything()] });
});

test('a switch that is off is named as it was written', () => {
  const { ignored } = parseCommand('vllm serve m --no-enable-dbo --no-enable-log-requests', '2026-05')!.flags;
  expect(ignored).toEqual(['no-enable-dbo', 'no-enable-log-requests']);
});

test('what changes memory, but is not modelled, ends with the flag’s name, unless that is allowed', () => {
  const text = (more: string) =>
    `version: 1\ncommand: vllm serve Qwen/Qwen3-8B --enable-dbo\nhardware: {gpu: h100}\n${more}`;
  expect(() => parseScenario(text(''), 's.yaml')).toThrowError(/not modelled yet: --enable-dbo/);
  const { notes } = parseScenario(text('allow-unmodelled: true\n'), 's.yaml');
  expect(notes.join()).toContain('not modelled, left out: --enable-dbo');
});

/** A value that changes the plan, of a model where that flag matters. */
const EFFECTS: readonly (readonly [flag: string, model?: string, vllm?: VllmVersion])[] = [
  ['--kv-cache-dtype fp8'],
  ['--block-size 32'],
  ['--dtype float32'],
  ['--gpu-memory-utilization 0.5'],
  ['--max-model-len 2048'],
  ['--max-num-seqs 8'],
  ['--max-num-batched-tokens 16384'],
  ['--no-enable-chunked-prefill'],
  ['--long-prefill-token-threshold 100'],
  ['--max-num-partial-prefills 2'],
  ['--max-num-partial-prefills 4 --max-long-partial-prefills 5'],
  ['--no-enable-prefix-caching'],
  ['--scheduling-policy priority'],
  ['--tensor-parallel-size 2'],
  ['--pipeline-parallel-size 2'],
  ['--data-parallel-size 2'],
  ['--tensor-parallel-size 2 --decode-context-parallel-size 2', 'zai-org/GLM-4.7-Flash'],
  ['--attention-backend FLASHMLA', 'zai-org/GLM-4.7-Flash'],
  // Its experts are padded: whole ones less than slices.
  ['--tensor-parallel-size 2 --enable-expert-parallel', 'openai/gpt-oss-20b'],
  ['--disable-hybrid-kv-cache-manager', 'openai/gpt-oss-20b'],
  ['--num-gpu-blocks-override 5000'],
  ['--kv-cache-memory-bytes 20G'],
  ['--no-scheduler-reserve-full-isl'],
  ['--no-async-scheduling'],
  ['--enforce-eager'],
  ['--optimization-level 0'],
  ['-O0'],
  [`--compilation-config '{"cudagraph_mode": "NONE"}'`],
  [`--compilation-config '{"mode": 0}'`],
  ['--performance-mode throughput'],
  ['--performance-mode interactivity'],
  ['--cudagraph-capture-sizes 1 2 4 8'],
  ['--max-cudagraph-capture-size 64'],
  ['--disable-sliding-window', 'mistralai/Mistral-7B-v0.1'],
  [`--hf-overrides '{"num_hidden_layers": 8}'`],
  [`--limit-mm-per-prompt '{"image": 0}'`, 'google/gemma-3-4b-it'],
  ['--language-model-only', 'google/gemma-3-4b-it'],
  ['--skip-mm-profiling', 'google/gemma-3-4b-it'],
  ['--tensor-parallel-size 2 --mm-encoder-tp-mode data', 'google/gemma-3-4b-it'],
  ['--enable-lora'],
  ['--enable-lora --max-loras 8'],
  ['--enable-lora --max-lora-rank 64'],
  ['--enable-lora --max-loras 8 --specialize-active-lora'],
  ['--enable-lora --max-loras 8 --max-cpu-loras 4'],
  ['--quantization fp8'],
  ['--cpu-offload-gb 4'],
  ['--load-format pt'],
  ['--api-server-count 4'],
  ['--mm-processor-cache-gb 0', 'google/gemma-3-4b-it'],
  [`--speculative-config '{"method": "ngram", "num_speculative_tokens": 4}'`],
  ['--spec-method ngram --spec-tokens 4'],
  ['--swap-space 8', undefined, '0.6.3'],
  ['--preemption-mode swap', undefined, '0.6.3'],
  ['--scheduler-delay-factor 0.5', undefined, '0.6.3'],
  ['--num-lookahead-slots 2', undefined, '0.6.3'],
  ['--disable-async-output-proc', undefined, '0.6.3'],
  ['--enable-lora --lora-extra-vocab-size 512', undefined, '0.6.3'],
  [`--rope-scaling '{"type": "linear", "factor": 2}'`, undefined, '0.6.3'],
];

describe('a flag that is honoured changes the plan', () => {
  const planned = (flags: string, model: string, vllm: VllmVersion) => {
    const command = `vllm serve ${model} ${flags}`;
    const { notes, ...rest } = plan(
      parseScenario(
        `version: 1\nvllm: "${vllm}"\ncommand: ${JSON.stringify(command)}\nhardware: {gpu: h100, count: 2}\n`,
        's.yaml',
      ),
    );
    return JSON.stringify(rest);
  };

  const cases = EFFECTS.map(([flags, model = 'meta-llama/Llama-2-7b-hf', vllm = '2026-05']) => ({
    flags,
    model,
    vllm,
  }));

  test.each(cases)('$flags', ({ flags, model, vllm }) => {
    const words = flags.split(/ (?=--)/);
    const without = words.slice(0, -1).join(' ');
    expect(planned(flags, model, vllm)).not.toBe(planned(without, model, vllm));
  });

  test('a format of the KV cache without a formula is refused by name', () => {
    expect(() => planned('--kv-cache-dtype nvfp4', 'Qwen/Qwen3-8B', '2026-05')).toThrowError(InputError);
  });

  test.each([
    ['--max-lora-rank 65', '2026-05', 'Input should be 1, 8, 16, 32, 64, 128, 256, 320 or 512'],
    ['--max-loras 2 --max-cpu-loras 1', '2026-05', 'max_cpu_loras (1) must be >= max_loras (2).'],
    ['--max-lora-rank 320', '0.6.3', 'max_lora_rank (320) must be one of (8, 16, 32, 64, 128, 256).'],
    ['--enable-chunked-prefill', '0.6.3', 'LoRA is not supported with chunked prefill yet.'],
  ] as const)('LoRA, refused in vLLM’s words: %s', (flags, vllm, message) => {
    expect(planned(`--enable-lora ${flags}`, 'meta-llama/Llama-2-7b-hf', vllm)).toContain(message);
  });
});

test('several values of one flag, and levels of optimization, are read as vLLM does', () => {
  const { flags } = parseCommand('vllm serve m --served-model-name a b c --max-num-seqs 4 -O2', '2026-05')!;
  expect(flags.unrecognized).toEqual([]);
  expect(flags.honoured).toEqual({ max_num_seqs: 4, optimization_level: 2 });
});
