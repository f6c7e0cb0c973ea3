import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT, scratchFolder } from './cli.ts';

/* The bundle of action.yml, started as GitHub's runner starts it. */

const ACTION = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8'));
const BUNDLE = join(ROOT, ACTION.runs.main);
if (!existsSync(BUNDLE)) throw new Error('build the action first: npm run build:cli');

const { folder, file } = scratchFolder();
const scenario = (expectation: string) => `version: 1
name: small
command: vllm serve meta-llama/Llama-3.1-8B --max-model-len 2048
hardware: {gpu: rtx4090}
workload: {num-prompts: 5, random-input-len: 100, random-output-len: 10}
expect:
  vllm:num_preemptions_total: ${expectation}
`;

/** Stands for api.github.com: keeps comments, and what it was asked. */
const requests: { method: string; url: string; authorization: string }[] = [];
let comments: { id: number; body: string }[] = [];
let status = 200;
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    const { method = '', url = '', headers } = request;
    requests.push({ method, url, authorization: headers.authorization ?? '' });
    const answer = (value: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    const page = Number(new URL(url, 'http://x').searchParams.get('page'));
    if (method === 'GET') return answer(comments.slice((page - 1) * 100, page * 100));
    const { body: text } = JSON.parse(body);
    if (method === 'POST') comments.push({ id: comments.length + 1, body: text });
    else comments = comments.map((each) => (url.endsWith(`/${each.id}`) ? { ...each, body: text } : each));
    answer({});
  });
});
beforeAll(() => new Promise<void>((done) => server.listen(0, '127.0.0.1', done)));
afterAll(() => new Promise((done) => server.close(done)));
beforeEach(() => {
  requests.length = 0;
  comments = [];
  status = 200;
});

/** Inputs as the runner gives them: those of action.yml, and the defaults of the others. */
async function run(inputs: Record<string, string>, event: object = {}) {
  const env: Record<string, string> = {};
  for (const [name, { default: value }] of Object.entries<{ default: string }>(ACTION.inputs)) {
    env[`INPUT_${name.toUpperCase()}`] = name === 'github-token' ? 'secret' : value;
  }
  for (const [name, value] of Object.entries(inputs)) {
    expect(ACTION.inputs).toHaveProperty(name);
    env[`INPUT_${name.toUpperCase()}`] = value;
  }
  const child = spawn(process.execPath, [BUNDLE], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      ...env,
      GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      GITHUB_REPOSITORY: 'owner/name',
      GITHUB_EVENT_PATH: file('event.json', JSON.stringify(event)),
      GITHUB_OUTPUT: file('output.txt', ''),
      GITHUB_STEP_SUMMARY: file('summary.md', ''),
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise<number | null>((done) => child.on('close', done));
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { code, stdout, stderr, output: read('output.txt'), summary: read('summary.md') };
}
const PULL_REQUEST = { pull_request: { number: 7 } };

test('action.yml names every output that is written', () => {
  expect(Object.keys(ACTION.outputs)).toEqual(['passed', 'failed', 'exit-code']);
  expect(ACTION.runs.using).toBe('node24');
  const keys = (entries: object) => new Set(Object.values(entries).flatMap(Object.keys));
  // A comma in a text without quotes would make keys of the rest.
  expect(keys(ACTION.outputs)).toEqual(new Set(['description']));
  expect(keys(ACTION.inputs)).toEqual(new Set(['description', 'default']));
});

describe('the action', () => {
  test('passes: summary, outputs, no annotation, no request without a pull request', async () => {
    file('ok/a.pool.yaml', scenario('value == 0'));
    const { code, stdout, stderr, output, summary } = await run({ scenarios: 'ok' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain('::');
    expect(output).toBe('passed=1\nfailed=0\nexit-code=0\n');
    expect(summary).toContain('### Poolscope: 1 passed, 0 failed');
    expect(requests).toEqual([]);
  });

  test('fails: annotation on the line, reports beside it', async () => {
    file('bad/a.pool.yaml', scenario('value > 0'));
    const { code, stdout, output } = await run({
      scenarios: 'bad\nok',
      reporter: 'junit=junit.xml\njson=results.json',
    });
    expect(code).toBe(1);
    expect(stdout).toContain('::error file=bad/a.pool.yaml,line=7,');
    expect(output).toBe('passed=1\nfailed=1\nexit-code=1\n');
    expect(readFileSync(join(folder, 'junit.xml'), 'utf8')).toContain('<testsuites');
    expect(JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')).results).toHaveLength(2);
  });

  test.each([
    ['error', 'value > 0', 1],
    ['never', 'value > 0', 0],
    ['error', '{check: value > 0, severity: warning}', 0],
    ['warning', '{check: value > 0, severity: warning}', 1],
    ['never', 'value >', 2],
  ])('fail-on %s with %s: %i', async (failOn, expectation, expected) => {
    file('on/a.pool.yaml', scenario(expectation));
    expect((await run({ scenarios: 'on', 'fail-on': failOn })).code).toBe(expected);
  });

  test('one comment, written once and then changed, found on a later page', async () => {
    comments = Array.from({ length: 130 }, (_, i) => ({ id: i + 1, body: 'somebody says something' }));
    file('on/a.pool.yaml', scenario('value == 0'));
    await run({ scenarios: 'on' }, PULL_REQUEST);
    expect(comments).toHaveLength(131);
    file('on/a.pool.yaml', scenario('value > 0'));
    await run({ scenarios: 'on' }, PULL_REQUEST);
    expect(comments).toHaveLength(131);
    expect(comments[130].body).toMatch(/^<!-- poolscope -->\n### Poolscope: 0 passed, 1 failed/);
    expect(requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST', 'GET', 'GET', 'PATCH']);
    expect(requests.every(({ authorization }) => authorization === 'Bearer secret')).toBe(true);
  });

  test('a token that may not write is a warning', async () => {
    status = 403;
    file('on/a.pool.yaml', scenario('value == 0'));
    const { code, stdout } = await run({ scenarios: 'on' }, PULL_REQUEST);
    expect(code).toBe(0);
    expect(stdout).toMatch(/::warning title=Poolscope::.*could not comment.*403/);
    expect(stdout).not.toContain('secret');
  });

  test('comment: false asks nobody', async () => {
    file('on/a.pool.yaml', scenario('value == 0'));
    await run({ scenarios: 'on', comment: 'false' }, PULL_REQUEST);
    expect(requests).toEqual([]);
  });

  test.each([
    [{ 'fail-on': 'x' }, 'action: fail-on: expected one of error, warning, never, got "x"'],
    [{ comment: 'x' }, 'action: comment: expected true or false'],
    [{ reporter: 'junit' }, 'action: reporter: expected NAME=FILE'],
    [{ scenarios: 'none' }, 'none: there is no such file'],
    [{ scenarios: 'empty' }, 'empty: holds no scenario: *.pool.yaml'],
  ])('%j is bad input', async (inputs, message) => {
    file('empty/readme.txt', '');
    const { code, stdout } = await run(inputs);
    expect(stdout).toContain(`::error::${message}`);
    expect(code).toBe(2);
  });
});
