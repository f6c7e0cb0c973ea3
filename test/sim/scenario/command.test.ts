import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCommand } from '../../../sim/scenario/command.ts';
import { shellWords } from '../../../sim/scenario/shell-words.ts';

describe('the shell’s words', () => {
  test.each([
    ['a b  c', ['a', 'b', 'c']],
    ['a \'b c\' "d e"f', ['a', 'b c', 'd ef']],
    ['a \\\n  b', ['a', 'b']],
    ['a\\ b', ['a b']],
    ['{"a": 1}', ['{a:', '1}']],
    [`'{"a": 1}'`, ['{"a": 1}']],
    ['"a \\"b\\" $x"', ['a "b" $x']],
    ['a # comment\nb', ['a', 'b']],
    ["''", ['']],
    ['"never closed', ['never closed']],
  ])('%j', (text, words) => {
    expect(shellWords(text)).toEqual(words);
  });
});

describe('commands that start a server', () => {
  test.each([
    ['vllm serve org/model --max-num-seqs 8', 'org/model'],
    ['/usr/bin/vllm serve org/model --max_num_seqs=8', 'org/model'],
    ['CUDA_VISIBLE_DEVICES=0 vllm serve --max-num-seqs 8 --model org/model', 'org/model'],
    ['python3 -m vllm.entrypoints.openai.api_server --model org/model --max-num-seqs 8', 'org/model'],
    [
      'docker run --gpus all -p 8000:8000 --name vllm vllm/vllm-openai:latest --model org/model --max-num-seqs 8',
      'org/model',
    ],
    ['torchrun --nproc_per_node=8 vllm serve org/model --max-num-seqs 8', 'org/model'],
  ])('%s', (command, model) => {
    const parsed = parseCommand(command, '2026-05');
    expect(parsed?.model).toBe(model);
    expect(parsed?.flags.honoured).toEqual({ max_num_seqs: 8 });
    expect(parsed?.flags.unrecognized).toEqual([]);
  });

  test.each(['', 'echo vllm serve x'.slice(0, 9), 'python train.py', 'docker run ubuntu ls'])(
    'not %j',
    (command) => {
      expect(parseCommand(command, '2026-05')).toBeNull();
    },
  );
});

test.each([
  '| tee log',
  '> log 2>&1 &',
  '2>/dev/null',
  '&& echo done',
  '; true',
  '>>log',
  '&> log',
  '< /dev/null',
])('what a shell takes for itself is no argument: %s', (rest) => {
  const parsed = parseCommand(`vllm serve m --max-num-seqs 8 ${rest}`, '2026-05')!;
  expect(parsed.flags.honoured).toEqual({ max_num_seqs: 8 });
  expect(parsed.flags.unrecognized).toEqual([]);
});

describe('flags', () => {
  const flags = (text: string, version: '0.6.3' | '2026-05' = '2026-05') =>
    parseCommand(`vllm serve m ${text}`, version)!.flags;

  test('fields of JSON arguments, one by one', () => {
    const line =
      '--speculative-config.method ngram --speculative_config.num_speculative_tokens=4 --max-num-seqs 4 ' +
      '-cc.pass_config.fuse true -cc.sizes+ 1,2 -cc.sizes+=4 --hf-overrides.a.b 1 --hf-overrides.a.c x';
    const { honoured, unrecognized } = flags(line);
    expect(unrecognized).toEqual([]);
    expect(honoured).toEqual({
      max_num_seqs: 4,
      speculative_config: { method: 'ngram', num_speculative_tokens: 4 },
      compilation_config: { pass_config: { fuse: true }, sizes: ['1', '2', '4'] },
      hf_overrides: { a: { b: 1, c: 'x' } },
    });
    expect(flags('--rope-scaling.type yarn').unrecognized[0].text).toContain('--rope-scaling');
    expect(flags('--hf-overrides.a 1', '0.6.3').unrecognized[0].text).toBe('--hf-overrides.a 1');
  });

  test('no name of a field reaches a prototype', () => {
    flags('--hf-overrides.__proto__.polluted 1 --hf-overrides.constructor.prototype.polluted 1');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('whole numbers with a letter, where V1 takes them', () => {
    expect(flags('--max-model-len 25.6k').honoured).toEqual({ max_model_len: 25600 });
    expect(flags('--kv-cache-memory-bytes 2G').honoured).toEqual({ kv_cache_memory_bytes: 2147483648 });
    const refused = ['--max-model-len 1.5K', '--max-num-seqs 1k', '--max-model-len 1e4'];
    expect(refused.map((text) => flags(text).invalid[0].text)).toEqual([
      "argument --max-model-len: invalid human_readable_int_or_auto value: '1.5K'",
      "argument --max-num-seqs: invalid int value: '1k'",
      "argument --max-model-len: invalid human_readable_int_or_auto value: '1e4'",
    ]);
    expect(flags('--max-model-len 8k', '0.6.3').invalid[0].text).toContain("invalid int value: '8k'");
  });

  test('messages repeat the beginning of a value, on one line, as Python writes it', () => {
    const { invalid } = flags(`--max-num-seqs 'a\n::error::b\\' --max-num-seqs ${'9'.repeat(3_000_000)}`);
    expect(invalid[0].text).toBe("argument --max-num-seqs: invalid int value: 'a\\n::error::b\\\\'");
    expect(invalid[1].text.length).toBeLessThan(300);
    const [{ text, advice }] = flags(`--x${'9'.repeat(3_000_000)}`).unrecognized;
    expect(text.length + advice.length).toBeLessThan(600);
  });

  test('switches, --no-…, values with a minus, human numbers, the last of a name', () => {
    expect(
      flags(
        '--enable-prefix-caching --no-enable-chunked-prefill --max-model-len 8k --max-num-seqs 4 --max-num-seqs 6',
      ).honoured,
    ).toEqual({
      enable_prefix_caching: true,
      enable_chunked_prefill: false,
      max_model_len: 8000,
      max_num_seqs: 6,
    });
    expect(flags('--max-model-len 8K').honoured).toEqual({ max_model_len: 8192 });
  });

  test('what never existed, and what is gone, is refused as argparse would, with advice', () => {
    const { unrecognized } = flags('--enable-expert-cache --swap-space 16 --max-num-seq=4 stray');
    expect(unrecognized.map(({ text }) => text)).toEqual([
      '--enable-expert-cache',
      '--swap-space 16',
      '--max-num-seq=4',
      'stray',
    ]);
    expect(unrecognized[0].advice).toContain('never existed');
    expect(unrecognized[1].advice).toContain('removed in 0.18.0');
    expect(unrecognized[2].advice).toContain('did you mean --max-num-seqs?');
    expect(flags('--swap-space 16', '0.6.3').unrecognized).toEqual([]);
  });

  test('values that vLLM does not take', () => {
    expect(flags('--block-size 64', '0.6.3').invalid[0].text).toBe(
      'argument --block-size: invalid choice: 64 (choose from 8, 16, 32)',
    );
    expect(flags('--block-size 64').honoured).toEqual({ block_size: 64 });
    expect(flags('--kv-cache-dtype fp16', '0.6.3').invalid[0].text).toContain(
      "invalid choice: 'fp16' (choose from 'auto', 'fp8'",
    );
    expect(flags('--max-num-seqs many').invalid[0].text).toBe(
      "argument --max-num-seqs: invalid int value: 'many'",
    );
  });

  test('front-end flags are ignored by name, unmodelled ones are listed', () => {
    const { ignored, unmodelled } = flags('--port 8000 --api-key secret --trust-remote-code --enable-dbo');
    expect(ignored).toEqual(['port', 'api-key', 'trust-remote-code']);
    expect(unmodelled).toEqual(['enable-dbo']);
  });
});

test('any command line is read without a crash', () => {
  const word = fc.oneof(
    fc.constantFrom(
      'vllm',
      'serve',
      '--model',
      '--no-x',
      '--block-size',
      '-tp',
      '=',
      '--',
      '-',
      '__proto__',
      '--__proto__',
    ),
    fc.string({ maxLength: 8 }),
  );
  fc.assert(
    fc.property(
      fc.array(word, { maxLength: 12 }),
      fc.constantFrom('0.6.3' as const, '2026-05' as const),
      (words, version) => {
        const parsed = parseCommand(`vllm serve ${words.join(' ')}`, version);
        expect(parsed).not.toBeNull();
      },
    ),
    { numRuns: 2000 },
  );
});

describe('what stands before the server', () => {
  test.each([
    [
      'PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True vllm serve m',
      { PYTORCH_CUDA_ALLOC_CONF: 'expandable_segments:True' },
      null,
    ],
    ['env A=1 B="x y" vllm serve m', { A: '1', B: 'x y' }, null],
    ['docker run -e A=1 --env B=2 --env=C=3 -m 6g vllm/vllm-openai --model m', { A: '1', B: '2', C: '3' }, 6],
    [
      'docker run --memory=512m --memory-swap=12g --ulimit memlock=-1 vllm/vllm-openai:v0.6.3 --model m',
      {},
      0.5,
    ],
    ['docker run --memory 10737418240 vllm/vllm-openai --model m', {}, 10],
    ['python -m vllm.entrypoints.openai.api_server --model m', {}, null],
    ['docker run --memory=lots vllm/vllm-openai --model m', {}, null],
  ])('%s', (command, env, containerGib) => {
    expect(parseCommand(command, '2026-05')).toMatchObject({ model: 'm', env, containerGib });
    expect(Object.keys(parseCommand(command, '2026-05')?.env ?? {})).toEqual(Object.keys(env));
  });
});

test('a file that --config names is not read, and the command says so', () => {
  expect(parseCommand('vllm serve --config vllm.yaml', '2026-05')?.flags.unmodelled).toEqual(['config']);
});

test('of very many words that are none, the first are told', () => {
  const parsed = parseCommand(`vllm serve org/model ${'--no-such '.repeat(3000)}--max-num-seqs 8`, '2026-05');
  expect(parsed?.flags.unrecognized).toHaveLength(100);
  expect(parsed?.flags.honoured).toEqual({ max_num_seqs: 8 });
});
