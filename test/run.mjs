#!/usr/bin/env node
/*
 * Everything that must hold: types, lint, unit and conformance tests, the built command line, the page in a
 * real browser. Ends with a line `N passed, N failed`; nothing is skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

let passed = 0;
let failed = 0;

function step(name, command, ...args) {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (status === 0) passed++;
  else failed++;
}

/** Finds Chrome or Chromium; on Debian as root, installs it. */
function haveBrowser() {
  if (!findBrowser()) install('chromium');
  return findBrowser();
}

/** The same for Redis, of which the tests start one of their own. */
function haveRedis() {
  if (!findProgram('redis-server')) install('redis-server');
  return findProgram('redis-server');
}

/** Debian's package; nothing where that cannot be had. */
function install(name) {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return;
  console.log(`\n== installing ${name} (Debian) for the tests`);
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

function findBrowser() {
  if (process.env.CHROME_PATH) return existsSync(process.env.CHROME_PATH);
  return BROWSERS.some(findProgram);
}

function findProgram(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));
}

/** Vitest counts for itself: one line a test would be too long here, so its JSON report is read. */
function vitest(name, ...args) {
  console.log(`\n== ${name}`);
  const folder = mkdtempSync(join(tmpdir(), 'poolscope-test-'));
  const report = join(folder, 'report.json');
  const { status } = spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...args,
    ],
    { stdio: 'inherit' },
  );
  const { numPassedTests, numFailedTests, numTotalTests } = existsSync(report)
    ? JSON.parse(readFileSync(report, 'utf8'))
    : { numPassedTests: 0, numFailedTests: 1, numTotalTests: 1 };
  rmSync(folder, { recursive: true, force: true });
  passed += numPassedTests;
  // A skipped test, or a file that could not be loaded, has failed.
  const notPassed = numTotalTests - numPassedTests;
  failed += notPassed === 0 && status !== 0 ? 1 : Math.max(notPassed, numFailedTests);
}

const bin = (name) => join('node_modules', '.bin', name);
step('types of sim (no Node, no DOM)', bin('tsc'), '-p', 'sim');
step('types of everything', bin('tsc'), '-p', '.');
step('lint and format', bin('biome'), 'check', '.');
step('build the command line', bin('vite'), 'build', '--config', 'cli/vite.config.ts');
step('build the GitHub Action', bin('vite'), 'build', '--config', 'cli/vite.config.ts', '--mode', 'action');
step('build the page of reports', bin('vite'), 'build', '--config', 'viz/report/vite.config.ts');
const left = [];
if (!haveBrowser()) {
  console.error('The browser tests need Chromium or Chrome: install one, or set CHROME_PATH.');
  left.push('**/*.browser.test.ts');
}
if (!haveRedis()) {
  console.error('The tests of queues need redis-server: install it.');
  left.push('**/*.redis.test.ts');
}
failed += left.length;
vitest(left.length === 0 ? 'tests' : 'the other tests', ...left.flatMap((pattern) => ['--exclude', pattern]));
step('build the page', bin('vite'), 'build');
step('size of the page', bin('size-limit'));
step('build the budgets', bin('vite'), 'build', '--config', 'cli/vite.config.ts', '--mode', 'budgets');
step('budgets of time and size', process.execPath, 'dist/budgets/budgets.js');
if (findBrowser()) {
  const config = 'cli/vite.config.ts';
  step('build the budgets of the page', bin('vite'), 'build', '--config', config, '--mode', 'page-budgets');
  step('budgets of the page', process.execPath, 'dist/page-budgets/page.js');
}

console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
