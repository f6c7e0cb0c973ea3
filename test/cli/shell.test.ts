import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { servePage } from '../../cli/page-server.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import { fromFragment } from '../../sim/share/fragment.ts';
import { BIN, poolscope, poolscopeIn, ROOT, scratchFolder } from './cli.ts';

const { folder, file } = scratchFolder();

describe('completions', () => {
  const script = poolscope('completions', 'bash').stdout;
  const complete = (...words: string[]) => {
    const line = words.map((word) => `'${word}'`).join(' ');
    const test = `${script}\nCOMP_WORDS=(poolscope ${line}); COMP_CWORD=${words.length}; _poolscope; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', test], { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.split('\n').filter((word) => word !== '');
  };

  test.each([
    [['ver'], ['verify']],
    [['verify', 'sch'], ['scheduler']],
    [['run', '--bas'], ['--baseline']],
    [['run', '--reporter', 'ju'], ['junit']],
    [['run', 'x.pool.yaml', '--reco'], ['--record']],
    [['completions', 'z'], []],
  ])('bash: %j', (words, expected) => {
    expect(complete(...words)).toEqual(expected);
  });

  test('bash: files', () => {
    file('my-scenario.pool.yaml', '');
    expect(complete('run', 'my-')).toEqual(['my-scenario.pool.yaml']);
  });

  test('every command is in the script of every shell, and shells that are here take it', () => {
    const names = [...poolscope('--help').stdout.matchAll(/^ {2}([a-z]+)[ |]/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(10);
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { stdout, status } = poolscope('completions', shell);
      expect(status).toBe(0);
      for (const name of names) expect(stdout).toMatch(new RegExp(`\\b${name}\\b`));
      const checked = spawnSync(shell, ['-n'], { input: stdout, encoding: 'utf8' });
      if (checked.error === undefined) expect(checked.stderr).toBe('');
    }
  });

  test('another shell is bad usage', () => {
    expect(poolscope('completions', 'tcsh').status).toBe(2);
  });
});

test('doctor: what is here, exit 0', () => {
  const { status, stdout } = poolscope('doctor');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^ {2}ok +Node v\d+/m);
  expect(stdout).toMatch(/ok +\d+ scenarios in scenarios\//);
  expect(poolscopeIn(folder, ['doctor']).stdout).toContain('no scenarios/ here');
});

describe('open', () => {
  const PAGE = ['--page', 'https://example.org/page/'];
  const stateOf = (stdout: string) => {
    const { hash, href } = new URL(stdout.trim());
    expect(href).toMatch(/^https:\/\/example\.org\/page\/#\/play\?s=1\./);
    return fromFragment(hash)!.state.scenario;
  };

  test('prints a link that holds the scenario', () => {
    const { status, stdout } = poolscope('open', 'scenarios/hello.pool.yaml', ...PAGE, '--set', 'seed=9');
    expect(status).toBe(0);
    const scenario = stateOf(stdout);
    expect(scenario).toMatchObject({ file: 'scenarios/hello.pool.yaml', sets: ['seed=9'] });
    expect(parseScenario(scenario.text, 'x').name).toBe('hello');
  });

  test('what the scenario starts comes along', () => {
    file('c.yaml', 'services: {llm: {command: vllm serve Qwen/Qwen3-8B}}');
    const path = file('c.pool.yaml', 'version: 1\nhardware: {gpu: l4}\ncompose: {file: c.yaml}\n');
    const { text } = stateOf(poolscope('open', path, ...PAGE).stdout);
    expect(parseScenario(text, 'x').command).toBe('vllm serve Qwen/Qwen3-8B');
  });

  test.each([
    ['x.poolrec', 'no link can hold a recording'],
    ['none.pool.yaml', 'there is no such file'],
  ])('%s is bad input', (name, message) => {
    const { status, stderr } = poolscope('open', join(folder, name), ...PAGE);
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });

  test('--page wants an address', () => {
    expect(poolscope('open', 'scenarios/hello.pool.yaml', '--page', 'x').stderr).toContain(
      'expected the address',
    );
  });

  test('without --page it says what is missing, or serves the page', async () => {
    const args = [BIN, 'open', 'scenarios/hello.pool.yaml', '--no-browser'];
    if (!existsSync(join(ROOT, 'dist/web/index.html'))) {
      const { status, stderr } = poolscope(...args.slice(1));
      expect(stderr).toContain('the page is not built');
      expect(status).toBe(2);
      return;
    }
    const child = spawn(process.execPath, args, { cwd: ROOT });
    const link = await new Promise<string>((done) => {
      child.stdout.once('data', (chunk) => done(String(chunk).split('\n')[0]));
    });
    expect(await (await fetch(link)).text()).toContain('<html');
    child.kill();
  });

  test('the server gives files of its folder, and no others', async () => {
    file('web/index.html', '<html>');
    file('web/a.js', '1');
    file('secret.txt', 'secret');
    const { server, address } = await servePage(join(folder, 'web'));
    const status = async (path: string) => (await fetch(address + path)).status;
    expect(await (await fetch(address)).text()).toBe('<html>');
    expect((await fetch(`${address}a.js`)).headers.get('content-type')).toBe('text/javascript');
    for (const path of ['none.js', '..%2fsecret.txt', '%2e%2e/secret.txt', '%00.js', '%zz']) {
      expect(await status(path)).toBe(404);
    }
    await new Promise((done) => server.close(done));
  });
});
