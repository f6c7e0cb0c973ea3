import { describe, expect, test } from 'vitest';
import { ROOT, scratchFolder } from './cli.ts';
import { poolscopeHere } from './in-process.ts';

const { file } = scratchFolder();
const poolscope = (...args: string[]) => poolscopeHere(ROOT, args);

describe('plan', () => {
  test.each([
    ['nohup vllm serve Qwen/Qwen3-8B --max-model-len 4096 > log 2>&1 &'],
    ['cd /srv && uv run vllm serve Qwen/Qwen3-8B --max-model-len 4096 | tee log'],
    ['sudo docker run --rm vllm/vllm-openai:latest --model Qwen/Qwen3-8B --max-model-len 4096'],
    ['sh -c "LEN=4096; exec vllm serve Qwen/Qwen3-8B --max-model-len $LEN"'],
  ])('a line that starts a server further on: %s', async (line) => {
    const { status, stdout, stderr } = await poolscope('plan', line);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain('requests of 4,096');
  });

  test.each([
    [['--gpu', 'l4'], 'assumed: 1 GPU (as many as TP × PP × DP needs); --gpu-count says more'],
    [['--gpu-count', '2'], 'assumed: a100-80g-sxm; --gpu says another'],
    [['--gpu', 'l4', '--gpu-count', '1'], null],
  ])('of %j, what is not said is assumed: %s', async (options, note) => {
    const { stdout } = await poolscope('plan', 'vllm serve Qwen/Qwen3-8B --max-model-len 8192', ...options);
    if (note === null) expect(stdout).not.toContain('assumed');
    else expect(stdout).toContain(note);
  });

  test('a command line: what was assumed, memory by kind, what vLLM logs; exit 0', async () => {
    const { status, stdout, stderr } = await poolscope(
      'plan',
      'vllm serve Qwen/Qwen3-30B-A3B --tensor-parallel-size 2 --max-model-len 8192',
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^ {2}start +vLLM starts, with room for [\d,]+ tokens: [\d.]+ requests of 8,192$/m,
    );
    expect(stdout).toContain('assumed: 2 × a100-80g-sxm (as many as TP × PP × DP needs)');
    for (const label of [
      'GPU',
      'weights',
      'experts',
      'activation peak',
      'outside torch',
      'KV cache',
      'left',
    ]) {
      expect(stdout).toMatch(new RegExp(`^ +${label} `, 'm'));
    }
    expect(stdout).toContain('ranks 0–1');
    expect(stdout).toMatch(/GPU KV cache size: [\d,]+ tokens/);
    expect(stdout).not.toContain('NaN');
  });

  test('one that does not start: vLLM’s words, advice, exit 1', async () => {
    const { status, stdout } = await poolscope('plan', 'vllm serve meta-llama/Llama-3.1-8B', '--gpu', 'l4');
    expect(status).toBe(1);
    expect(stdout).toContain('vLLM would not start: kv-cache-too-small');
    expect(stdout).toContain('the estimated maximum model length is');
    expect(stdout).toMatch(/remedies +--max-model-len \d+ or less/);
  });

  test('a line has the rules that its image’s tag asks for, unless it is said otherwise', async () => {
    const line =
      'docker run vllm/vllm-openai:v0.6.3 --model THUDM/glm-4-9b-chat --max-model-len 8192 --swap-space 4';
    const old = await poolscope('plan', line);
    expect(old.stdout).toContain('vLLM 0.6.3 · THUDM/glm-4-9b-chat');
    expect(old.status).toBe(0);
    const today = await poolscope('plan', line, '--vllm', '2026-05');
    expect(today.stdout).toContain('unrecognized arguments: --swap-space 4');
    expect(today.stdout).toContain('(vLLM 0.6.3 has it)');
    expect(today.status).toBe(1);
  });

  test('another GPU than the scenario’s', async () => {
    const { stdout, status } = await poolscope('plan', 'scenarios/hello.pool.yaml', '--gpu', 't4');
    expect(stdout).toContain('· 1 × t4');
    expect(stdout).toContain('the weights take 14.99 GiB on one GPU, which has 14.74');
    expect(status).toBe(1);
  });

  test('fewer GPUs than the parallel sizes need', async () => {
    const { status, stdout } = await poolscope(
      'plan',
      'vllm serve meta-llama/Llama-3.1-8B --tensor-parallel-size 4',
      '--gpu-count',
      '2',
    );
    expect(status).toBe(1);
    expect(stdout).toContain('World size (4) is larger than the number of available GPUs (2)');
  });

  test('scenario files, versions and JSON', async () => {
    const { status, stdout } = await poolscope('plan', 'scenarios/hello.pool.yaml', '--json');
    expect(status).toBe(0);
    const [{ plan }] = JSON.parse(stdout).results;
    expect(plan.pool.numGpuBlocks).toBe(64);
    const old = await poolscope(
      'plan',
      'vllm serve THUDM/glm-4-9b-chat --max-model-len 8192',
      '--vllm',
      '0.6.3',
    );
    expect(old.stdout).toContain('# CPU blocks: 6553');
  });

  test('a config.json that the catalogue does not know', async () => {
    const config = {
      num_hidden_layers: 4,
      hidden_size: 64,
      num_attention_heads: 4,
      vocab_size: 100,
      max_position_embeddings: 512,
      intermediate_size: 128,
    };
    const path = file('config.json', JSON.stringify(config));
    expect((await poolscope('plan', 'vllm serve me/mine', '--config', path)).status).toBe(0);
    const bad = await poolscope('plan', 'vllm serve me/mine', '--config', file('bad.json', '[]'));
    expect(bad.status).toBe(2);
    expect(bad.stderr).toContain('holds no JSON object');
  });

  test('what cannot be read or is not known is one line, exit 2', async () => {
    for (const args of [
      ['nowhere.pool.yaml'],
      ['vllm serve no/such-model'],
      ['vllm serve x', '--gpu', 'h1000'],
    ]) {
      const { status, stderr } = await poolscope('plan', ...args);
      expect(status).toBe(2);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
  });
});

describe('verify capacity', () => {
  test('the public records agree, exit 0', async () => {
    const { status, stdout } = await poolscope('verify', 'capacity', 'test/capacity');
    expect(status).toBe(0);
    expect(stdout).toContain(' 0 outside');
    expect(stdout).toContain('agrees (median at most 3.00 %, p90 at most 10.00 %)');
    expect(stdout).toContain('the log does not name the GPU');
  });

  test('JSON has every record', async () => {
    const { stdout } = await poolscope('verify', 'capacity', 'test/capacity/records.jsonl', '--json');
    const { summary, results, agrees } = JSON.parse(stdout);
    expect(results).toHaveLength(117);
    expect(summary.records).toBe(117);
    expect(agrees).toBe(true);
  });

  test('a wrong figure is exit 1, a bad line exit 2', async () => {
    const record = {
      id: 'x',
      engine: 'v0',
      observed: { kv_cache_gib: 1, num_gpu_blocks: 1 },
      model: 'Llama-3.1-8B',
      consistent: true,
      hybrid: false,
      arch: {
        num_hidden_layers: 32,
        num_key_value_heads: 8,
        head_dim: 128,
        hidden: 4096,
        intermediate: 14336,
        vocab: 128256,
        q_heads: 32,
        params_b: 8,
        kind: 'dense',
        mla: null,
        indexer_bytes: null,
        experts: null,
        topk: null,
        multimodal: false,
        swa: null,
      },
    };
    const wrong = await poolscope('verify', 'capacity', file('wrong.jsonl', JSON.stringify(record)));
    expect(wrong.stderr).toBe('');
    expect(wrong.stdout).toContain('outside: gpu blocks 1, expected');
    expect(wrong.status).toBe(1);
    const bad = await poolscope('verify', 'capacity', file('bad.jsonl', '{}'));
    expect(bad.status).toBe(2);
    expect(bad.stderr).toContain('bad.jsonl:1:1');
    expect((await poolscope('verify', 'capacity', file('empty.jsonl', ''))).status).toBe(2);
  });
});
