import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodeRecording, digestOf } from '../../sim/recording/codec.ts';
import { poolscope, ROOT, scratchFolder } from './cli.ts';

const { folder, file } = scratchFolder();

const SMALL = `version: 1
name: small
command: vllm serve meta-llama/Llama-3.1-8B --max-model-len 2048
hardware: {gpu: rtx4090}
workload: {num-prompts: 5, random-input-len: 100, random-output-len: 10}
`;

describe('run', () => {
  test('hello: the report, exit 0', () => {
    const { status, stdout, stderr } = poolscope('run', 'scenarios/hello.pool.yaml');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain('64 blocks of 16 tokens');
    for (const label of [
      'requests',
      'throughput',
      'TTFT',
      'TPOT',
      'KV use',
      'prefix',
      'preempted',
      'slots',
    ]) {
      expect(stdout).toContain(`  ${label}`);
    }
  });

  test('hello shows everything within 200 steps', () => {
    const { stdout } = poolscope('run', 'scenarios/hello.pool.yaml', '--json');
    const [{ summary, passed }] = JSON.parse(stdout).results;
    expect(passed).toBe(true);
    expect(summary.numSteps).toBeLessThanOrEqual(200);
    expect(summary.numPreemptions).toBeGreaterThan(0);
    expect(summary.prefixHitRate).toBeGreaterThan(0);
    expect(summary.requests.aborted).toBeGreaterThan(0);
    expect(summary.kvCacheUse.max).toBe(1);
  });

  test('a model with experts has lines of its own, and a dense one has none', () => {
    const path = 'scenarios/moe/glm-4.7-flash-expert-cache.pool.yaml';
    const { status, stdout } = poolscope('run', path);
    expect(status).toBe(0);
    expect(stdout).toMatch(/experts +64 in 46 layers · 12\.94 GiB a rank · 38\.81 GiB in host memory/);
    expect(stdout).toMatch(/buffers +\S+ MiB a rank at most/);
    expect(stdout).toMatch(/on host +16 slots a layer, lru · \S+ % hits/);
    expect(stdout).toContain('no vLLM has an expert cache: this is an experiment');
    const [{ moe }] = JSON.parse(poolscope('run', path, '--json').stdout).results;
    expect(moe.cache.hits / (moe.cache.hits + moe.cache.misses)).toBe(moe.cache.hitRate);
    const [dense] = JSON.parse(poolscope('run', 'scenarios/hello.pool.yaml', '--json').stdout).results;
    expect(dense.moe).toBeNull();
  });

  test('all shipped scenarios do as they expect', () => {
    const { status, stdout } = poolscope('run', 'scenarios', '--json');
    const { results } = JSON.parse(stdout);
    expect(results.length).toBeGreaterThanOrEqual(13);
    expect(results.filter((result: { passed: boolean }) => !result.passed)).toEqual([]);
    expect(status).toBe(0);
  });

  test('a recording that can be read again, equal for equal seeds', () => {
    const out = join(folder, 'a.poolrec');
    const { stdout } = poolscope('run', 'scenarios/hello.pool.yaml', '--record', out, '--json');
    const recording = decodeRecording(readFileSync(out));
    expect(digestOf(recording)).toBe(JSON.parse(stdout).results[0].digest);
    const other = poolscope('run', 'scenarios/hello.pool.yaml', '--seed', '4', '--json');
    expect(JSON.parse(other.stdout).results[0].digest).not.toBe(digestOf(recording));
  });

  test('a trace, gzipped too, with its limit and scale', () => {
    const csv =
      'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n2023-11-16 18:15:59.9951690,10,9\n';
    const trace = file('t.csv.gz', gzipSync(csv));
    const { stdout, status } = poolscope(
      'run',
      file('s.pool.yaml', SMALL),
      '--trace',
      trace,
      '--limit',
      '2',
      '--json',
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout).results[0].summary.requests).toMatchObject({ total: 2, finished: 2 });
  });

  test('a command line instead of a file', () => {
    const { stdout, status } = poolscope(
      'run',
      'vllm serve meta-llama/Llama-3.1-8B --max-model-len 8192',
      '--gpu',
      'l4',
    );
    expect(status).toBe(0);
    expect(stdout).toContain('command line  vLLM 2026-05 · meta-llama/Llama-3.1-8B · 1 × l4 ·');
  });

  test('a start that fails unexpectedly is exit 1, with vLLM’s words', () => {
    const { stdout, status } = poolscope('run', file('f.pool.yaml', SMALL.replace('rtx4090', 't4')));
    expect(status).toBe(1);
    expect(stdout).toContain('vLLM would not start: weights-do-not-fit');
    expect(stdout).toContain('FAILED     expected vLLM to start');
  });
});

describe('bad input is one clear line, exit 2, and no stack trace', () => {
  test.each([
    [
      'a misspelt key',
      'k.pool.yaml',
      SMALL.replace('num-prompts', 'num-promts'),
      ':5:12: workload.num-promts: unknown key (did you mean num-prompts?)',
    ],
    [
      'an unknown GPU',
      'g.pool.yaml',
      SMALL.replace('rtx4090', 'rtx4900'),
      ':4:17: hardware.gpu: "rtx4900" is not in the catalogue of GPUs; a scenario describes one of your own as gpu: {name, tflops, hbm-tbs, sms, l2-mb, memory-gib}, or {name, like, …} with what differs (did you mean rtx4090?)',
    ],
    [
      'an unknown model',
      'm.pool.yaml',
      SMALL.replace('Llama-3.1-8B', 'Lama-3.1-8B'),
      ':3:10: command: "meta-llama/Lama-3.1-8B" is not in the catalogue of models; give its config.json with --config PATH, or as model: {config: PATH} (did you mean Llama-3.1-8B?)',
    ],
    ['no YAML', 'y.pool.yaml', 'a: [', 'is no YAML'],
  ])('%s', (_, name, text, message) => {
    const { status, stdout, stderr } = poolscope('run', file(name, text));
    expect(stderr).toContain(`${name}`);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  test.each([
    [
      'a trace that was cut off',
      'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,37',
      'c.csv:2:1: TIMESTAMP: the row has 2 of 3 fields: is the file cut off?',
    ],
    [
      'text in a number',
      'arrived_at,num_prefill_tokens,num_decode_tokens\n1.5,many,3\n',
      'c.csv:2:5: num_prefill_tokens: expected a number of tokens, got "many"',
    ],
  ])('%s', (_, text, message) => {
    const trace = file('c.csv', text);
    const { status, stderr } = poolscope('run', file('s.pool.yaml', SMALL), '--trace', trace);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(2);
  });

  test('one bad file does not keep the others from running', () => {
    const bad = file('b.pool.yaml', 'version: 1');
    const { status, stdout, stderr } = poolscope('run', bad, 'scenarios/hello.pool.yaml');
    expect(stderr).toContain('hardware: missing');
    expect(stdout).toContain('TTFT');
    expect(status).toBe(2);
  });

  test.each([
    [['run', 'nowhere.pool.yaml'], 'there is no such file'],
    [['run'], 'missing required argument'],
    [['frobnicate'], 'unknown command'],
    [['run', 'scenarios/hello.pool.yaml', '--seed', 'x'], 'Expected a whole number'],
    [['run', 'test/bench'], 'test/bench: holds no scenario: *.pool.yaml, *.pool.yml or *.pool.json'],
    [['check', 'test/bench'], 'test/bench: holds no scenario: *.pool.yaml, *.pool.yml or *.pool.json'],
    [['init', 'nowhere/x.pool.yaml'], 'nowhere/x.pool.yaml: cannot be written: there is no such folder'],
    [['run', 'scenarios', '--record', 'x.poolrec'], '--record: takes one scenario'],
    [['verify', 'scheduler', 'scenarios'], 'holds no recorded case'],
    [
      ['verify', 'allocator', 'test/conformance/v1/dev/v1-basic-000.json.gz'],
      "holds no recorded case of PyTorch's",
    ],
    [['verify', 'allocator', 'nowhere'], 'nowhere: there is no such file'],
  ])('%j', (args, message) => {
    const { status, stderr } = poolscope(...args);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(status).toBe(2);
  });
});

describe('check and verify', () => {
  test('check validates without running', () => {
    const { status, stdout } = poolscope('check', 'scenarios');
    expect(status).toBe(0);
    expect(stdout).toContain('hello.pool.yaml: valid');
  });

  test('verify scheduler reports exact cases', () => {
    const { status, stdout } = poolscope(
      'verify',
      'scheduler',
      'test/conformance/v1/dev/v1-basic-000.json.gz',
      'test/conformance/v1/dev/v1-swa-001.json.gz',
    );
    expect(stdout).toContain('2 of 2 cases exact');
    expect(status).toBe(0);
  });

  test('verify scheduler names the first difference, exit 1', () => {
    const kase = JSON.parse(
      gunzipSync(readFileSync(join(ROOT, 'test/conformance/v1/dev/v1-basic-000.json.gz'))).toString(),
    );
    kase.steps[2].running.push('r99');
    const { status, stdout } = poolscope('verify', 'scheduler', file('wrong.json', JSON.stringify(kase)));
    expect(status).toBe(1);
    expect(stdout).toContain('v1-basic-000: step 2, running');
    expect(stdout).toContain('0 of 1 cases exact');
  });

  test('verify allocator reports exact cases by category', () => {
    const { status, stdout } = poolscope('verify', 'allocator', 'test/conformance/allocator/dev');
    expect(stdout).toMatch(/exact\s+coalesce\s+4 of 4 cases, 1232 operations/);
    expect(stdout).toContain('71 of 71 cases exact');
    expect(status).toBe(0);
  });

  test('verify allocator names the first difference, exit 1, as JSON too', () => {
    const path = 'test/conformance/allocator/dev/03-coalesce-mid.json.gz';
    const kase = JSON.parse(gunzipSync(readFileSync(join(ROOT, path))).toString());
    kase.results[0].offset += 512;
    const wrong = file('wrong-allocator.json', JSON.stringify(kase));
    const { status, stdout } = poolscope('verify', 'allocator', wrong);
    expect(status).toBe(1);
    expect(stdout).toContain('dev/03-coalesce-mid: op 0, result');
    expect(stdout).toContain('0 of 1 cases exact');
    const { results } = JSON.parse(poolscope('verify', 'allocator', wrong, '--json').stdout);
    expect(results[0].difference).toMatchObject({ op: 0, field: 'result', expected: { offset: 512 } });
  });
});

test('the README’s way in: npx finds the built command and may run it', () => {
  // At its first use npx would build it again, while other tests run what is built.
  const { status, stdout } = spawnSync(
    'npx',
    ['--no-install', '--ignore-scripts', 'poolscope', '--version'],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  );
  expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  expect(status).toBe(0);
});

test('help and version', () => {
  expect(poolscope('--help').stdout).toContain('verify');
  expect(poolscope('--help').status).toBe(0);
  expect(poolscope('--version').stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
});

describe('verify time', () => {
  test('kernels with their errors; what is no measurement is named; a wrong row fails', () => {
    const head =
      'source,gpu,model,tp,op,kind,m,k,n,batch,ctx,chunk,ndec,ctxdec,hq,hkv,hd,experts,width,ms,use';
    const made = (ms: number) => `${head}\nmade,RTX4090,-,1,o_proj,gemm,512,4096,4096,,,,,,,,,,,${ms},fit\n`;
    const wrong = poolscope('verify', 'time', file('kernels-wrong.csv', made(9)));
    expect(wrong.status).toBe(1);
    expect(wrong.stdout).toContain('2.6 / 5.7');
    expect(wrong.stdout).toMatch(/gemm .* above$/m);
    expect(wrong.stdout).toContain('1 above the limit');
    const { status, stderr } = poolscope('verify', 'time', file('params.json', '{}'));
    expect(status).toBe(2);
    expect(stderr).toContain('params.json: there is no .requests.csv beside it');
    const elsewhere = made(9).replace('RTX4090', 'TPU-v9');
    const nothing = poolscope('verify', 'time', file('kernels-elsewhere.csv', elsewhere));
    expect(nothing.status).toBe(2);
    expect(nothing.stderr).toContain('nothing to compare: 1 row GPU TPU-v9 is not in the catalogue');
    const marked = poolscope('verify', 'time', file('kernels-marked.csv', `\uFEFF${made(9)}`));
    expect(marked.stdout).toBe(wrong.stdout.replaceAll('kernels-wrong', 'kernels-marked'));
  });
});
