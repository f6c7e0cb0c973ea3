import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { ROOT, scratchFolder } from './cli.ts';

/* The package as `npx poolscope` gets it, in an empty folder, without a network. */

const { folder, file } = scratchFolder();
let files: readonly string[] = [];

const npm = (cwd: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(stderr);
  return stdout;
};
const npx = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync('npx', ['--offline', 'poolscope', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', npm_config_loglevel: 'silent' },
  });
  return { status, stdout, stderr };
};

beforeAll(() => {
  const packed = npm(ROOT, 'pack', '--ignore-scripts', '--json', '--pack-destination', folder);
  const [{ filename, files: listed }] = JSON.parse(packed);
  files = listed.map(({ path }: { path: string }) => path);
  file('package.json', '{}');
  npm(folder, 'install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', filename);
});

test('it holds what it needs, and nothing that it does not', () => {
  for (const needed of [
    'README.md',
    'LICENSE',
    'action.yml',
    'dist/action/index.js',
    'dist/cli/poolscope.js',
    'dist/cli/sweep-worker.js',
    'dist/cli/entry/worker.js',
    'dist/report/report.html',
    'dist/pool.schema.json',
    'docs/scenarios.md',
    'scenarios/hello.pool.yaml',
  ]) {
    expect(files).toContain(needed);
  }
  for (const path of files)
    expect(path).toMatch(/^(action\.yml|dist|docs|exercises|scenarios|README\.md|LICENSE|package\.json)/);
  for (const path of files) expect(path).not.toMatch(/\.test\.|^dist\/(bench|budgets|fit)|\.tsx?$/);
  const { files: wanted } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(wanted).toContain('dist/web');
  expect(existsSync(join(folder, 'node_modules/commander'))).toBe(false);
});

test('npm pack prints the package’s name alone, which pre-commit takes it for', () => {
  file('hook/.npmrc', readFileSync(join(ROOT, '.npmrc')));
  const scripts = { prepack: 'echo packing', prepare: 'echo preparing' };
  file('hook/package.json', JSON.stringify({ name: 'hook', version: '1.0.0', scripts }));
  expect(npm(join(folder, 'hook'), 'pack')).toBe('hook-1.0.0.tgz\n');
});

test('a compose file of a guide, pasted: a verdict and its reason', () => {
  file('docker-compose.yml', readFileSync(join(ROOT, 'scenarios/guides/files/003-docker-compose.yml')));
  const { status, stdout } = npx('run', 'docker-compose.yml', '--gpu', 'a100-80g-pcie');
  expect(status).toBe(1);
  expect(stdout).toContain('vLLM would not start: unrecognized-argument');
  expect(stdout).toContain('--async-workers: never existed');
});

test('a first scenario, an HTML report, a sweep in threads', () => {
  expect(npx('init').status).toBe(0);
  expect(npx('run', 'first.pool.yaml', '--reporter', 'html=report.html')).toEqual({
    status: 0,
    stdout: '',
    stderr: '',
  });
  expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('id="report-runs"');
  file(
    'sweep.pool.yaml',
    `${readFileSync(join(folder, 'first.pool.yaml'), 'utf8')}
sweep: {serve-params: [{block-size: 16}, {block-size: 32}], bench-params: [{num-prompts: 10}]}
`,
  );
  const { status, stdout } = npx('sweep', 'sweep.pool.yaml', '--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout).points ?? JSON.parse(stdout).results).toHaveLength(2);
  expect(JSON.parse(npx('schema').stdout)).toEqual(
    JSON.parse(readFileSync(join(folder, 'node_modules/poolscope/dist/pool.schema.json'), 'utf8')),
  );
});
