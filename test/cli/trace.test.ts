import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ROOT, scratchFolder } from './cli.ts';
import { poolscopeHere } from './in-process.ts';

const { file } = scratchFolder();
const poolscope = (...args: string[]) => poolscopeHere(ROOT, args);
const FILES = 'test/sim/trace/files';
const docs = readFileSync(join(ROOT, 'docs/traces.md'), 'utf8');
const documented = [...docs.matchAll(/^poolscope (trace .*)$/gm)].map(([, command]) => command.split(' '));

test.each(documented)('%s %s %s %s %s %s %s: as documented', async (...args) => {
  const { status, stdout, stderr } = await poolscope(...args.filter(Boolean));
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout.length).toBeGreaterThan(50);
});

test('every subcommand is documented, and the report is the one that the docs show', async () => {
  expect(new Set(documented.map(([, command]) => command))).toEqual(
    new Set(['stats', 'fit', 'convert', 'generate']),
  );
  expect(docs).toContain((await poolscope('trace', 'stats', `${FILES}/mooncake.jsonl`)).stdout);
});

test.each([
  ['azure.csv', 40],
  ['burstgpt.csv', 3],
  ['mooncake.jsonl', 3],
  ['bailian.jsonl', 3],
  ['sharegpt.json', 3],
  ['vllm-bench.json', 3],
])('%s is summed up, gzipped or not, and played', async (name, requests) => {
  const text = readFileSync(join(ROOT, FILES, name));
  const zipped = file(`${name}.gz`, gzipSync(text));
  const plain = await poolscope('trace', 'stats', join(FILES, name), '--json');
  expect(JSON.parse(plain.stdout)).toMatchObject({ requests });
  expect((await poolscope('trace', 'stats', zipped, '--json')).stdout).toBe(plain.stdout);
  const played = await poolscope('run', 'scenarios/hello.pool.yaml', '--trace', zipped, '--json');
  const [result] = JSON.parse(played.stdout).results ?? JSON.parse(played.stdout);
  expect(JSON.stringify(result)).toContain(`"total":${requests}`);
});

test('what was estimated stands in the report of a run', async () => {
  const { stdout } = await poolscope('run', 'scenarios/hello.pool.yaml', '--trace', `${FILES}/sharegpt.json`);
  expect(stdout).toContain('lengths of 6 texts are estimated');
});

test('a fitted workload runs', async () => {
  const { stdout } = await poolscope('trace', 'fit', `${FILES}/azure.csv`);
  const scenario = file(
    'fitted.pool.yaml',
    `version: 1\ncommand: vllm serve meta-llama/Llama-3.1-8B-Instruct\nhardware: { gpu: a100-80g-sxm }\n${stdout}`,
  );
  const run = await poolscope('run', scenario);
  expect(run.stderr).toBe('');
  expect(run.stdout).toContain('40: 40 finished');
});

test('conversation turns are generated with the times of a run', async () => {
  const args = ['trace', 'generate', 'scenarios/hello.pool.yaml', '--set', 'workload.turns=2'];
  const { status, stdout, stderr } = await poolscope(...args);
  expect(status).toBe(0);
  expect(stderr).toContain('these times are those of a run');
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const times = lines.map(({ timestamp }) => timestamp);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

describe('bad input is one located error, exit code 2, and nothing is written', () => {
  const cut = file(
    'cut.csv',
    'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,374,44\n2023-11-16 18:',
  );

  test.each([
    [['trace', 'stats', cut], /cut\.csv:3:1: TIMESTAMP: the row has 1 of 3 fields: is the file cut off\?/],
    [['trace', 'stats', 'nowhere.csv'], /nowhere\.csv: there is no such file/],
    [['trace', 'fit', 'package.json'], /package\.json: its format is not known; expected azure, vidur/],
    [['trace', 'convert', `${FILES}/azure.csv`, '--to', 'sharegpt'], /Allowed choices are azure, vidur/],
    [['trace', 'stats', file('bad.csv.gz', 'no gzip')], /bad\.csv\.gz: is no gzip file, or is damaged/],
    [
      [
        'trace',
        'stats',
        file('short.csv.gz', gzipSync(readFileSync(join(ROOT, FILES, 'azure.csv'))).subarray(0, 400)),
      ],
      /short\.csv\.gz: the gzip file was cut off/,
    ],
  ])('%j', async (args, message) => {
    const { status, stdout, stderr } = await poolscope(...args);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
    expect(stdout).toBe('');
  });

  test('a file that was there stays', async () => {
    const output = file('out.csv', 'kept');
    expect((await poolscope('trace', 'convert', cut, '--to', 'vidur', '--output', output)).status).toBe(2);
    expect(readFileSync(output, 'utf8')).toBe('kept');
  });
});
