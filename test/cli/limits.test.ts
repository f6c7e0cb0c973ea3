import { existsSync } from 'node:fs';
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
