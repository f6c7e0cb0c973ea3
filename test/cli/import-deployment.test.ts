import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { poolscope, poolscopeIn, ROOT, scratchFolder } from './cli.ts';

const { folder, file } = scratchFolder();
const FILES = 'scenarios/guides/files';

test('every file of a guide is imported as it is written', () => {
  for (const name of readdirSync(join(ROOT, FILES))) {
    const { status, stderr } = poolscope(
      'import',
      `${FILES}/${name}`,
      '--var',
      'MODEL_PATH=THUDM/glm-4-9b-chat',
    );
    expect(stderr.replace(/^note: .*\n/gm, '')).toBe('');
    expect(status).toBe(0);
  }
});

test('a compose file gets its verdict at once', () => {
  const { status, stdout } = poolscope('run', `${FILES}/003-docker-compose.yml`, '--gpu', 'a100-80g-pcie');
  expect(status).toBe(1);
  expect(stdout).toContain('vLLM would not start: unrecognized-argument');
  expect(stdout).toContain('--async-workers: never existed');
  expect(stdout).toContain('8 × a100-80g-pcie');
});

test('a file for vllm serve --config runs; one that could be a scenario is told as such', () => {
  const config = file('vllm.yaml', 'model: Qwen/Qwen3-8B\nhost: 127.0.0.1\nmax-model-len: 8192\n');
  expect(poolscope('run', config, '--gpu', 'a100-80g').stdout).toContain('Qwen/Qwen3-8B · 1 × a100-80g');
  const scenario = file('chat.yaml', 'model: Qwen/Qwen3-8B\nhardware: { gpu: l4 }\n');
  expect(poolscope('run', scenario).stderr).toContain('version: missing');
});

describe('into a file', () => {
  file('docker-compose.yaml', 'services: {llm: {image: vllm/vllm-openai, command: --model Qwen/Qwen3-8B}}\n');
  const here = (...args: string[]) => poolscopeIn(folder, args);

  test('copied, it runs; a file that is there stays', () => {
    const { status, stdout, stderr } = here(
      'import',
      'docker-compose.yaml',
      '--gpu',
      'l4',
      '-o',
      'a.pool.yaml',
    );
    expect(status).toBe(0);
    expect(stdout).toContain('a.pool.yaml: written. Next: poolscope run a.pool.yaml');
    expect(stderr).toContain('note: the file does not say how many GPUs');
    expect(readFileSync(join(folder, 'a.pool.yaml'), 'utf8')).toContain('vllm serve --model Qwen/Qwen3-8B');
    expect(here('check', 'a.pool.yaml').stdout).toContain('a.pool.yaml: valid');
    const again = here('import', 'docker-compose.yaml', '-o', 'a.pool.yaml');
    expect(again.status).toBe(2);
    expect(again.stderr).toContain('a.pool.yaml: is there already');
  });

  test('linked, it follows the file', () => {
    expect(
      here('import', 'docker-compose.yaml#llm', '--link', '--gpu', 'l4', '-o', 'b.pool.yaml').status,
    ).toBe(0);
    expect(here('plan', 'b.pool.yaml').stdout).toContain('Qwen/Qwen3-8B');
    file(
      'docker-compose.yaml',
      'services: {llm: {image: vllm/vllm-openai, command: --model Qwen/Qwen3-4B}}\n',
    );
    expect(here('plan', 'b.pool.yaml').stdout).toContain('Qwen/Qwen3-4B');
  });

  test('--baseline compares with the compose file as it was', () => {
    const compose = (seqs: number) =>
      `services: {llm: {image: vllm/vllm-openai, command: --model Qwen/Qwen3-8B --max-num-seqs ${seqs} --max-model-len 4096}}\n`;
    file('repo/docker-compose.yaml', compose(64));
    file(
      'repo/a.pool.yaml',
      `version: 1
hardware: { gpu: rtx4090 }
compose: { file: docker-compose.yaml }
workload: { num-prompts: 20, random-input-len: 200, random-output-len: 20 }
expect: { vllm:time_to_first_token_seconds: p(99) <= 1.05 * baseline }
`,
    );
    const repo = join(folder, 'repo');
    const git = (...args: string[]) =>
      spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd: repo });
    for (const args of [
      ['init', '-q'],
      ['add', '.'],
      ['commit', '-qm', 'x'],
    ])
      expect(git(...args).status).toBe(0);
    const run = () => poolscopeIn(repo, ['run', 'a.pool.yaml', '--baseline', 'HEAD']).status;
    expect(run()).toBe(0);
    file('repo/docker-compose.yaml', compose(2));
    expect(run()).toBe(1);
  });

  test.each([
    [['import', 'none.yaml'], 'none.yaml: there is no such file'],
    [['import', 'docker-compose.yaml', '--link'], '--link: goes with a file, and with --output'],
    [['import', '../x/docker-compose.yaml#y'], 'there is no such file'],
    [['import', 'docker-compose.yaml#web'], 'starts no vLLM server called web; expected one of llm'],
    [['import', 'python train.py'], 'command line: starts no vLLM server'],
    [['import', 'docker-compose.yaml', '--var', 'x'], 'Expected NAME=VALUE'],
    [['import', 'events.jsonl'], 'goes with --record OUT'],
  ])('%j', (args, message) => {
    file('events.jsonl', '');
    const { status, stderr } = here(...args);
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });
});
