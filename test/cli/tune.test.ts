import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { poolscopeIn, ROOT, scratchFolder } from './cli.ts';

const { folder, file } = scratchFolder();
const CHAT = `version: 1
name: chat
command: vllm serve --max-num-seqs=16 meta-llama/Llama-3.1-8B-Instruct --port 8000
  --max-model-len 8192 --enable-prefix-caching
hardware: { gpu: l4 }
workload: { num-prompts: 60, request-rate: 1, random-input-len: 512, random-output-len: 64 }
expect:
  vllm:time_to_first_token_seconds: p(99) < 1s
`;
file('chat.pool.yaml', CHAT);
/** Few values, so that the search is short. */
const AXES = [
  ...['--axis', 'engine.max-num-seqs=[8,64]', '--axis', 'engine.block-size=[16]'],
  ...['--axis', 'engine.max-num-batched-tokens=[2048]', '--axis', 'engine.gpu-memory-utilization=[0.9]'],
];
const tune = (...args: string[]) => poolscopeIn(folder, ['tune', 'chat.pool.yaml', ...AXES, ...args]);
const json = (...args: string[]) => JSON.parse(tune(...args, '--json').stdout);

describe('tune', () => {
  test('highest load: what it finds holds, what it says fails does', () => {
    const { best, own, runnerUp, load } = json('--goal', 'highest-load');
    expect(best.settings).toEqual({ 'engine.max-num-seqs': 64 });
    expect(best.value).toBeGreaterThan(own.value);
    expect(best.failsAt).toBeGreaterThan(best.value);
    expect(best.failsAt).toBeLessThan(best.value * 1.05);
    expect(load).toBe('workload.request-rate');
    const line = best.command;
    expect(line).toBe(
      'vllm serve meta-llama/Llama-3.1-8B-Instruct --port 8000 --max-model-len 8192 --enable-prefix-caching --max-num-seqs 64',
    );
    const statusAt = (rate: number) => {
      file('best.pool.yaml', CHAT.replace(/command:.*\n.*\n/, `command: ${line}\n`));
      return poolscopeIn(folder, ['run', 'best.pool.yaml', '--set', `workload.request-rate=${rate}`]).status;
    };
    expect(statusAt(best.value)).toBe(0);
    expect(statusAt(best.failsAt)).toBe(1);
    expect(runnerUp.failsOn[0]).toContain('vllm:time_to_first_token_seconds: expected p(99) < 1 s, got');
  });

  test('says it in words, the same whatever the number of workers', () => {
    const { status, stdout, stderr } = tune('--workers', '2');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/limits +vllm:time_to_first_token_seconds: p\(99\) < 1 s: \d+/);
    expect(stdout).toMatch(/best +vllm serve .* --max-num-seqs 64/);
    expect(stdout).toMatch(
      /requests\/s hold\n.*requests\/s do not: vllm:time_to_first_token_seconds: expected/,
    );
    expect(stdout).toMatch(/why +max-num-seqs: .* at 8, .* at 64/);
    expect(tune('--workers', '1').stdout).toBe(stdout);
  });

  test('smallest GPU, cheapest GPU: the first in the order that holds', () => {
    const smallest = json('--goal', 'smallest-gpu');
    // The card's own among those of equal memory.
    expect(smallest.best.settings['hardware.gpu']).toBe('l4');
    expect(smallest.runnerUp.failsOn[0]).toContain('expected vLLM to start');
    const prices = ['--price', 'l4=0.8', 't4=0.3', '4090=0.35'];
    const cheapest = json('--goal', 'lowest-cost', ...prices);
    expect(cheapest.best).toMatchObject({
      value: 0.35,
      settings: { 'hardware.gpu': 'rtx4090', 'hardware.count': 1 },
    });
    const chosen = json('--goal', 'smallest-gpu', '--gpu', 'h100', 'a100-80g');
    expect(chosen.best.settings).toMatchObject({ 'hardware.gpu': 'h100-sxm', 'hardware.count': 1 });
  });

  test('highest throughput: where the load is the limit it says so', () => {
    expect(tune('--goal', 'highest-throughput').stdout).toContain('try --set workload.request-rate=inf');
    const all = ['--set', 'workload.request-rate=inf', '--set', 'expect={}'];
    const { best, limitsAssumed } = json('--goal', 'highest-throughput', ...all);
    expect(limitsAssumed).toBe(true);
    expect(best.settings).toEqual({ 'engine.max-num-seqs': 64 });
  });

  test('nothing holds: exit 1, and what the nearest fails on', () => {
    const { status, stdout } = tune('--set', 'expect={vllm:time_to_first_token_seconds: max < 1ms}');
    expect(status).toBe(1);
    expect(stdout).toContain('nothing that was tried holds the limits; nearest:');
    expect(stdout).toContain('fails on vllm:time_to_first_token_seconds: expected max < 1 ms');
  });

  test('bad options: exit 2, nothing ran', () => {
    for (const [args, message] of [
      [['--goal', 'best'], 'Allowed choices are highest-load'],
      [['--goal', 'lowest-cost'], 'needs prices'],
      [['--goal', 'lowest-cost', '--price', 'l4'], '--price l4: expected GPU=PRICE'],
      [['--goal', 'lowest-cost', '--price', 'l5=1'], '--price l5=1: "l5" is not in the catalogue of GPUs'],
      [['--goal', 'smallest-gpu', '--gpu', 'l44'], '(did you mean l4?)'],
      [['--axis', 'engine.block-size=16'], 'expected KEY=[VALUES]'],
      [['--axis', 'engine.blok-size=[16]'], 'did you mean block-size'],
    ] as const) {
      const { status, stdout, stderr } = poolscopeIn(folder, ['tune', 'chat.pool.yaml', ...args]);
      expect({ args, status, stdout }).toEqual({ args, status: 2, stdout: '' });
      expect(stderr).toContain(message);
    }
  });

  test('docs/tune.md: its commands run', () => {
    const text = readFileSync(join(ROOT, 'docs/tune.md'), 'utf8');
    const commands = [...text.matchAll(/^poolscope (tune .*)$/gm)].map(([, command]) => command.split(' '));
    expect(commands.length).toBeGreaterThanOrEqual(4);
    for (const command of commands) {
      const { status, stderr } = poolscopeIn(folder, [...command, '--set', 'workload.num-prompts=20']);
      expect([command, stderr, status]).toEqual([command, '', 0]);
    }
  });
});
