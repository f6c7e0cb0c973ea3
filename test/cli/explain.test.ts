import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './cli.ts';
import { poolscopeHere } from './in-process.ts';

const poolscope = (...args: string[]) => poolscopeHere(ROOT, args);

const explain = (...args: string[]) => poolscope('explain', 'scenarios/hello.pool.yaml', ...args);

test('a step in words, each with the vLLM function that it mirrors', async () => {
  const { status, stdout } = await explain('--step', '93');
  expect(status).toBe(0);
  expect(stdout).toContain(
    'r18 is admitted from the head of the queue: 64 tokens came from the prefix cache',
  );
  expect(stdout).toContain('KVCacheManager.get_computed_blocks');
});

test('without a step, what mattered most in the run', async () => {
  const { status, stdout } = await explain();
  expect(status).toBe(0);
  expect(stdout).toMatch(/^What mattered most in the 181 steps of hello:/);
  expect(stdout).toContain('Blocks run short for the first time, step 25, at ');
  expect(stdout).toContain('r8 waits: it needs 5 free blocks');
  const { moments } = JSON.parse((await explain('--json')).stdout);
  expect(moments[0]).toMatchObject({ kind: 'shortage', step: 25, request: 'r8' });
  expect(moments[0].reasons[0]).toMatchObject({ requests: ['r8'], rule: 'KVCacheManager.allocate_slots' });
});

test('one request computes, two compute', async () => {
  expect((await explain('--step', '3')).stdout).toContain(
    ': 1 request computes 1 token, 1 running, 0 waiting',
  );
  expect((await explain('--step', '93')).stdout).toMatch(/: (?!1 )\d+ requests compute (?!1 )\d+ tokens/);
});

test("a step of V0 and one with drafts have their time's parts", async () => {
  const drafts = join(mkdtempSync(join(tmpdir(), 'poolscope-')), 'drafts.pool.yaml');
  const command = `vllm serve meta-llama/Llama-3.1-8B --max-model-len 2048 --speculative-config '{"method":"eagle","model":"an/eagle","num_speculative_tokens":2}'`;
  const workload = { 'num-prompts': 2, 'random-input-len': 100, 'random-output-len': 20 };
  writeFileSync(drafts, JSON.stringify({ version: 1, command, hardware: { gpu: 'rtx4090' }, workload }));
  expect((await poolscope('explain', drafts, '--step', '4')).stdout).toMatch(/time.* · drafts \d/);
  const v0 = 'scenarios/claims/4.1-default-of-0.6.3.pool.yaml';
  expect((await poolscope('explain', v0, '--step', '4')).stdout).toMatch(
    /time {2}matrix products.* · CPU \d/,
  );
});

test('only what concerns a request or a block', async () => {
  expect((await explain('--step', '93', '--request', 'r19')).stdout.trim().split('\n')).toHaveLength(3);
  expect((await explain('--step', '93', '--block', '1')).stdout).toContain('nothing of it in this step');
  const { reasons } = JSON.parse((await explain('--step', '93', '--request', 'r19', '--json')).stdout);
  expect(reasons[0]).toMatchObject({ requests: ['r19'], rule: 'KVCacheManager.allocate_slots' });
});

test.each([
  [['--step', '900'], '--step: expected a step from 0 to 180, got 900'],
  [['--request', 'r1'], '--request: goes with --step'],
  [['--step', '9', '--request', 'r99'], '--request: there is no request "r99"'],
  [['--step', '9', '--block', '64'], '--block: expected a block from 0 to 63, got 64'],
])('%j is bad input', async (args, message) => {
  const { status, stderr } = await explain(...args);
  expect(stderr.trim()).toBe(message);
  expect(status).toBe(2);
});

test('of an engine that dies in its first step, what it dies of', async () => {
  const command = 'vllm serve THUDM/glm-4-9b-chat --max-model-len 8192 --enforce-eager';
  const scenario = {
    version: 1,
    vllm: '0.6.3',
    command,
    // Another process leaves room for the start, and none for a prompt.
    hardware: { gpu: 'a6000', 'other-gib': 5.4 },
    workload: { 'num-prompts': 1, 'random-input-len': 3000 },
  };
  const file = join(mkdtempSync(join(tmpdir(), 'poolscope-')), 'full.pool.yaml');
  writeFileSync(file, JSON.stringify(scenario));
  const { status, stderr } = await poolscope('explain', file, '--step', '0');
  expect(stderr).toMatch(
    /^--step: the run has no steps: the engine dies of CUDA out of memory on GPU 0, for the/,
  );
  expect(status).toBe(2);
  const run = await poolscope('run', file);
  expect(run.stdout).toContain('engine-crash (CUDA out of memory on GPU 0, for the');
  expect(run.status).toBe(1);
});
