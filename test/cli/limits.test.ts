import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { poolscopeIn, scratchFolder } from './cli.ts';

/* Input that is too large is refused, or given up, before it takes the machine. */

const { folder, file } = scratchFolder();
const SMALL = `version: 1
command: vllm serve meta-llama/Llama-3.1-8B --max-model-len 2048
hardware: {gpu: rtx4090}
`;
const BOMB = `a: &a [x, x, x, x, x, x, x, x, x]\n${[...'bcdefghi']
  .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(', ')}]\n`)
  .join('')}`;

const MEGABYTES = `# ${'x'.repeat(11 * 1024 * 1024)}\n${SMALL}`;
file('large.pool.yaml', MEGABYTES);
file('large-compose.yaml', `services: {llm: {command: vllm serve x}}\n${MEGABYTES}`);
file('bomb.pool.yaml', `${SMALL}${BOMB}`);
file('bomb-compose.yaml', `services: {llm: {command: vllm serve x}}\n${BOMB}`);
file('itself.pool.yaml', `${SMALL}workload: &w {events: [*w]}\n`);
file('deep.pool.yaml', `${SMALL}workload: ${'['.repeat(20_000)}\n`);
for (const depth of [1000, 20_000, 1_000_000]) {
  file(`nested-${depth}.pool.yaml`, `${SMALL}workload: ${'['.repeat(depth)}${']'.repeat(depth)}\n`);
}
file('nested-compose.yaml', `services: {llm: {command: ${'{a: '.repeat(20_000)}1${'}'.repeat(20_000)}}}\n`);
file('many.pool.yaml', `${SMALL}workload: {num-prompts: 1000000000}\n`);
file('burst.pool.yaml', `${SMALL}workload: {events: [{at: 1s, burst: 1000000000}]}\n`);
file(
  'bursts.pool.yaml',
  `${SMALL}workload: {num-prompts: 1, events: [{at: 1s, burst: 9000000}, {at: 2s, burst: 9000000}]}\n`,
);
file('keys.pool.yaml', `${SMALL}${Array.from({ length: 60_000 }, (_, i) => `k${i}: 1\n`).join('')}`);
file(
  'flags.pool.yaml',
  `version: 1\nhardware: {gpu: l4}\nengine:\n${Array.from({ length: 20_000 }, (_, i) => `  k${i}: 1\n`).join('')}`,
);
file('pipe.pool.yaml', `${SMALL}workload: {trace: pipe.csv}\n`);
mkdirSync(join(folder, 'folder'));
spawnSync(
  'mkfifo',
  ['pipe.csv', 'folder/pipe.pool.yaml'].map((name) => join(folder, name)),
);
file('device.pool.yaml', `${SMALL}workload: {trace: device.csv}\n`);
symlinkSync('/dev/zero', join(folder, 'device.csv'));
file('long.pool.yaml', `${SMALL}workload: {input-len: 1000000000}\n`);
file(
  'points.pool.yaml',
  `${SMALL}sweep: {serve-params: [${Array(200).fill('{block-size: 16}')}], bench-params: [${Array(200).fill('{num-prompts: 1}')}]}\n`,
);

test.each([
  ['large.pool.yaml', 'is larger than 10 MB'],
  ['large-compose.yaml', 'is larger than 10 MB'],
  ['bomb.pool.yaml', 'uses more than 100 aliases'],
  ['bomb-compose.yaml', 'uses more than 100 aliases'],
  ['itself.pool.yaml', 'alias'],
  ['deep.pool.yaml', 'is nested more than 100 deep'],
  ['nested-1000.pool.yaml', 'is nested more than 100 deep'],
  ['nested-20000.pool.yaml', 'is nested more than 100 deep'],
  ['nested-1000000.pool.yaml', 'is nested more than 100 deep'],
  ['nested-compose.yaml', 'is nested more than 100 deep'],
  ['many.pool.yaml', 'many.pool.yaml:4:25: workload.num-prompts: expected a whole number from 1 to 10000000'],
  [
    'burst.pool.yaml',
    'burst.pool.yaml:4:37: workload.events.0.burst: expected a whole number from 1 to 10000000',
  ],
  [
    'bursts.pool.yaml',
    'bursts.pool.yaml:4:36: workload.events: 18000001 requests in all; at most 10000000 are allowed',
  ],
  ['keys.pool.yaml', 'keys.pool.yaml:4:1: k0: unknown key'],
  ['flags.pool.yaml', 'flags.pool.yaml:4:3: engine: expected at most 1000 flags'],
  ['pipe.pool.yaml', 'pipe.pool.yaml:4:19: workload.trace: pipe.csv: is no file'],
  ['device.pool.yaml', "workload.trace: device.csv: leads out of the scenario's folder"],
  ['long.pool.yaml', 'workload.input-len: expected'],
  ['points.pool.yaml', 'points; at most 10000 are allowed'],
])('%s is refused', (name, message) => {
  const { status, stdout, stderr } = poolscopeIn(folder, ['run', name, '--json', '--record', 'out.poolrec']);
  expect(stderr).toContain(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(status).toBe(2);
  expect(JSON.parse(stdout || '{"results":[]}').results).toEqual([]);
  expect(existsSync(join(folder, 'out.poolrec'))).toBe(false);
});

test('of a folder: no pipes, no links that lead nowhere or back, nothing of packages', () => {
  for (const name of ['b.pool.yaml', 'node_modules/p/c.pool.yaml', '.hidden/d.pool.yaml'])
    file(`folder/${name}`, SMALL);
  symlinkSync('.', join(folder, 'folder/loop'));
  symlinkSync('nowhere', join(folder, 'folder/a.pool.yaml'));
  symlinkSync('b.pool.yaml', join(folder, 'folder/c.pool.yaml'));
  const { status, stdout } = poolscopeIn(folder, ['check', 'folder']);
  expect(stdout).toBe('folder/b.pool.yaml: valid\nfolder/c.pool.yaml: valid\n');
  expect(status).toBe(0);
});
