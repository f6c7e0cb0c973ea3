import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poolscope, ROOT, scratchFolder } from './cli.ts';
import { LanguageServer } from './language-server.ts';

/* What an editor makes of scenarios with the schema that `poolscope schema` prints. */

const { folder, file } = scratchFolder();
const server = new LanguageServer();
beforeAll(async () => {
  file('pool.schema.json', poolscope('schema').stdout);
  await server.start();
});
afterAll(() => server.stop());

const HEAD = `# yaml-language-server: $schema=./pool.schema.json
version: 1
hardware: { gpu: l4 }
`;
const uriOf = (name: string) => pathToFileURL(join(folder, name)).href;

/** Opens HEAD and the text; `|` in it is where the cursor is. */
async function open(name: string, text: string) {
  const whole = HEAD + text;
  const before = whole.slice(0, whole.indexOf('|')).split('\n');
  const at = { line: before.length - 1, character: before.at(-1)!.length };
  const problems = await server.open(uriOf(name), whole.replace('|', ''));
  return { uri: uriOf(name), at, problems };
}

test('flags of vLLM are completed under engine:', async () => {
  const { uri, at } = await open('engine.pool.yaml', 'engine:\n  model: x/y\n  max-num|\n');
  const labels = await server.complete(uri, at);
  expect(labels).toEqual(expect.arrayContaining(['max-num-seqs', 'max-num-batched-tokens']));
});

test('keys, metrics and values are completed', async () => {
  const key = await open('key.pool.yaml', 'workload:\n  num-prompts: 5\n  |\n');
  expect(await server.complete(key.uri, key.at)).toEqual(
    expect.arrayContaining(['request-rate', 'input-len']),
  );
  const metric = await open('metric.pool.yaml', 'expect:\n  |\n');
  expect(await server.complete(metric.uri, metric.at)).toContain('vllm:num_preemptions_total');
  const value = await open('value.pool.yaml', 'workload:\n  dataset-name: |\n');
  expect(await server.complete(value.uri, value.at)).toContain('prefix_repetition');
});

test('pointing at a flag or a metric tells what it is', async () => {
  const flag = await open('hover.pool.yaml', 'engine:\n  block-|size: 16\n');
  expect(flag.problems).toEqual([]);
  expect(await server.hover(flag.uri, flag.at)).toMatch(/vllm serve.*block.*Changes memory or scheduling/);
  const metric = await open('hover2.pool.yaml', 'expect:\n  vllm:num_pre|emptions_total: value == 0\n');
  expect(await server.hover(metric.uri, metric.at)).toMatch(/preempt/i);
});

test.each([
  ['worklod: {}\n', 3, 'worklod'],
  ['engine:\n  blok-size: 16\n', 4, 'blok-size'],
  ['workload: { num-prompts: many }\n', 3, 'integer'],
  ['expect:\n  vllm:num_preemption: value == 0\n', 4, 'num_preemption'],
])('a mistake has a diagnostic at its line: %j', async (text, line, message) => {
  const { problems } = await open(`wrong-${line}-${message}.pool.yaml`, text);
  expect(problems).toHaveLength(1);
  expect(problems[0].message).toContain(message);
  expect(problems[0].range.start.line).toBe(line);
});

test('scenarios that are shipped have none', async () => {
  const names = readdirSync(join(ROOT, 'scenarios'), { recursive: true }).map(String);
  const scenarios = names.filter((each) => each.endsWith('.pool.yaml'));
  const found = await Promise.all(
    scenarios.map(async (name) => {
      const text = readFileSync(join(ROOT, 'scenarios', name), 'utf8').replace(
        /^# yaml-language-server.*\n/,
        '',
      );
      const uri = uriOf(name.replaceAll(/[/\\]/g, '-'));
      const problems = await server.open(uri, `# yaml-language-server: $schema=./pool.schema.json\n${text}`);
      return { name, problems };
    }),
  );
  expect(found.length).toBeGreaterThan(50);
  expect(found.filter(({ problems }) => problems.length > 0)).toEqual([]);
});
