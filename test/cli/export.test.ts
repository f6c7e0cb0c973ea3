import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, scratchFolder } from './cli.ts';
import { poolscopeHere } from './in-process.ts';

const HELLO = 'scenarios/hello.pool.yaml';
const { folder } = scratchFolder();
const poolscope = (...args: string[]) => poolscopeHere(ROOT, args);

const documented = [
  ...readFileSync(join(ROOT, 'docs/cli.md'), 'utf8').matchAll(/^poolscope (export .*)$/gm),
].map(([, command]) => command.split(' '));

test.each(documented)('%s %s %s %s %s %s: as documented', async (...args) => {
  const { status, stdout, stderr } = await poolscope(...args);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout.length).toBeGreaterThan(1000);
});

test('all formats are documented', () => {
  expect(documented.map((args) => args[3])).toEqual(['json', 'csv', 'openmetrics', 'chrome-trace']);
});

test('hello: a row per request, preemptions on the timeline', async () => {
  const { requests } = JSON.parse((await poolscope('export', HELLO, '--format', 'json')).stdout);
  expect(requests).toHaveLength(26);
  const rows = (await poolscope('export', HELLO, '--format', 'csv')).stdout.trim().split('\r\n');
  expect(rows).toHaveLength(27);
  const { traceEvents } = JSON.parse((await poolscope('export', HELLO, '--format', 'chrome-trace')).stdout);
  const preempted = traceEvents.filter(({ name }: { name: string }) => name === 'preemption');
  const total = requests.reduce((sum: number, r: { numPreemptions: number }) => sum + r.numPreemptions, 0);
  expect(total).toBeGreaterThan(0);
  expect(preempted).toHaveLength(total);
});

test.each(['json', 'csv', 'openmetrics', 'chrome-trace'])(
  '%s: a recording gives what its scenario gives, on stdout and in a file',
  async (format) => {
    const recording = join(folder, 'hello.poolrec');
    const output = join(folder, `hello.${format}`);
    await poolscope('run', HELLO, '--record', recording);
    const ofScenario = await poolscope('export', HELLO, '--format', format);
    expect(await poolscope('export', recording, '--format', format, '--output', output)).toMatchObject({
      status: 0,
      stdout: '',
    });
    expect(readFileSync(output, 'utf8')).toBe(ofScenario.stdout);
  },
);

test.each([
  [['nowhere.poolrec', '--format', 'csv'], 'nowhere.poolrec: there is no such file'],
  [[HELLO, '--format', 'csv', '--every', '1s'], '--every: only openmetrics takes samples'],
  [
    [HELLO, '--format', 'openmetrics', '--every', '1us'],
    '--every: expected a duration like 500ms, 1s or 2m, at least 1ms, got "1us"',
  ],
  [
    [HELLO, '--format', 'csv', '--output', '/nowhere/x.csv'],
    '/nowhere/x.csv: cannot be written: there is no such folder',
  ],
])('%j is bad input', async (args, message) => {
  const { status, stderr } = await poolscope('export', ...args);
  expect(stderr.trim()).toBe(message);
  expect(status).toBe(2);
});

test('a format must be given, and known', async () => {
  expect((await poolscope('export', HELLO)).status).toBe(2);
  expect((await poolscope('export', HELLO, '--format', 'xml')).status).toBe(2);
});

test('what is refused leaves the file that was there', async () => {
  const output = join(folder, 'kept.txt');
  writeFileSync(output, 'kept');
  const slow = [HELLO, '--set', 'workload.request-rate=0.001', '--format', 'openmetrics', '--every', '1ms'];
  const { status, stderr } = await poolscope('export', ...slow, '--output', output);
  expect(stderr).toContain('--every: is too short');
  expect(status).toBe(2);
  expect(readFileSync(output, 'utf8')).toBe('kept');
});
