import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { poolscope, ROOT, scratchFolder } from './cli.ts';

const HELLO = 'scenarios/hello.pool.yaml';
const { folder } = scratchFolder();

const documented = [
  ...readFileSync(join(ROOT, 'docs/cli.md'), 'utf8').matchAll(/^poolscope (export .*)$/gm),
].map(([, command]) => command.split(' '));

test.each(documented)('%s %s %s %s %s %s: as documented', (...args) => {
  const { status, stdout, stderr } = poolscope(...args);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout.length).toBeGreaterThan(1000);
});

test('all formats are documented', () => {
  expect(documented.map((args) => args[3])).toEqual(['json', 'csv', 'openmetrics', 'chrome-trace']);
});

test('hello: a row per request, preemptions on the timeline', () => {
  const { requests } = JSON.parse(poolscope('export', HELLO, '--format', 'json').stdout);
  expect(requests).toHaveLength(26);
  const rows = poolscope('export', HELLO, '--format', 'csv').stdout.trim().split('\r\n');
  expect(rows).toHaveLength(27);
  const { traceEvents } = JSON.parse(poolscope('export', HELLO, '--format', 'chrome-trace').stdout);
  const preempted = traceEvents.filter(({ name }: { name: string }) => name === 'preemption');
  const total = requests.reduce((sum: number, r: { numPreemptions: number }) => sum + r.numPreemptions, 0);
  expect(total).toBeGreaterThan(0);
  expect(preempted).toHaveLength(total);
});

test.each(['json', 'csv', 'openmetrics', 'chrome-trace'])(
  '%s: a recording gives what its scenario gives, on stdout and in a file',
  (format) => {
    const recording = join(folder, 'hello.poolrec');
    const output = join(folder, `hello.${format}`);
    poolscope('run', HELLO, '--record', recording);
    const ofScenario = poolscope('export', HELLO, '--format', format);
    expect(poolscope('export', recording, '--format', format, '--output', output)).toMatchObject({
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
])('%j is bad input', (args, message) => {
  const { status, stderr } = poolscope('export', ...args);
  expect(stderr.trim()).toBe(message);
  expect(status).toBe(2);
});

test('a format must be given, and known', () => {
  expect(poolscope('export', HELLO).status).toBe(2);
  expect(poolscope('export', HELLO, '--format', 'xml').status).toBe(2);
});

test('what is refused leaves the file that was there', () => {
  const output = join(folder, 'kept.txt');
  writeFileSync(output, 'kept');
  const slow = [HELLO, '--set', 'workload.request-rate=0.001', '--format', 'openmetrics', '--every', '1ms'];
  const { status, stderr } = poolscope('export', ...slow, '--output', output);
  expect(stderr).toContain('--every: is too short');
  expect(status).toBe(2);
  expect(readFileSync(output, 'utf8')).toBe('kept');
});
