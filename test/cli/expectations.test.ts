import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XmlDocument, XsdValidator } from 'libxml2-wasm';
import { describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { githubReporter } from '../../cli/reporters/github.ts';
import { ROOT, scratchFolder } from './cli.ts';
import { poolscopeHere } from './in-process.ts';

const HELLO = readFileSync(join(ROOT, 'scenarios/hello.pool.yaml'), 'utf8');
const scratch = scratchFolder();
const { folder } = scratch;
/** By its name: the commands run in the folder. */
function file(name: string, content: string): string {
  scratch.file(name, content);
  return name;
}

const poolscope = (args: readonly string[], env?: Record<string, string>) => poolscopeHere(folder, args, env);

const FAILS = file(
  'fails.pool.yaml',
  `${HELLO}  vllm:num_preemptions_total: value == 0
  vllm:kv_cache_usage_perc: {check: max < 95%, severity: warning}
  vllm:time_to_first_token_seconds: count >= 10
`,
);
/** Whatever could be read as markup, in a name. */
const NASTY = `</testsuite><x a="b" c='d'>&|\`[l](u)@me www.x.y #1 ::error::\\n::set-output name=a::b\\u0007`;
const HOSTILE = file(
  'hostile.pool.yaml',
  `${HELLO.replace('name: hello', `name: "${NASTY.replaceAll('"', '\\"')}"`)}  vllm:num_preemptions_total: value == 0\n`,
);
const INVALID = file('invalid.pool.yaml', `${HELLO}  vllm:num_preemption_total: value == 0\n`);

describe('expectations', () => {
  test('one that fails says what was expected, what was found, why, and how to see it', async () => {
    const { status, stdout, stderr } = await poolscope(['run', FAILS]);
    expect(stderr).toBe('');
    expect(status).toBe(1);
    expect(stdout).toContain('FAILED     vllm:num_preemptions_total: expected value == 0, got 10');
    expect(stdout).toContain('the first preemption: step 44');
    expect(stdout).toContain('r7 is preempted: r3 needs 1 block more than are free');
    expect(stdout).toContain('warning    vllm:kv_cache_usage_perc: expected max < 95 %, got 100 %');
    expect(stdout).toContain('passed     vllm:time_to_first_token_seconds: count >= 10: 26');
    const command = /poolscope (explain fails.pool.yaml --step 44 --request r7)/.exec(stdout)![1];
    expect((await poolscope(command.split(' '))).stdout).toContain('r7 is preempted');
  });

  test('the command shows the same run, whatever was set', async () => {
    const { stdout } = await poolscope(['run', FAILS, '--set', 'workload.request-rate=9', '--seed', '4']);
    const [command, request] = /explain fails.pool.yaml --step \d+ --request (r\d+) .*/.exec(stdout)!;
    expect(command).toContain('--seed 4 --set workload.request-rate=9');
    expect((await poolscope(command.split(' '))).stdout).toContain(`${request} is preempted`);
    const trace = file(
      't.csv',
      'arrived_at,num_prefill_tokens,num_decode_tokens\n0,300,100\n0,300,100\n0,300,100\n',
    );
    const traced = (await poolscope(['run', FAILS, '--trace', trace])).stdout;
    expect(traced).toContain('FAILED');
    expect(traced).not.toContain('poolscope explain');
  });

  test('check looks at expectations and baselines too', async () => {
    expect((await poolscope(['check', INVALID])).status).toBe(2);
    const gone = file('gone2.pool.yaml', `${HELLO}baseline: nowhere.pool.yaml\n`);
    expect((await poolscope(['check', gone])).stderr).toContain('there is no such file');
  });

  test('warnings gate nothing, and it says so', async () => {
    const only = file(
      'warn.pool.yaml',
      `${HELLO}  vllm:num_preemptions_total: {check: value == 0, severity: warning}\n`,
    );
    const { status, stdout } = await poolscope(['run', only]);
    expect(stdout).toContain('0 gating checks');
    expect(status).toBe(0);
  });

  test('an unknown metric is bad input', async () => {
    const { status, stderr } = await poolscope(['run', INVALID]);
    expect(stderr).toMatch(
      /invalid\.pool\.yaml:\d+:3: expect\.vllm:num_preemption_total: unknown key \(did you mean vllm:num_preemptions_total\?\)/,
    );
    expect(status).toBe(2);
  });

  test('several seeds: all run, the worst and the mean are told', async () => {
    const seeds = file(
      'seeds.pool.yaml',
      readFileSync(join(folder, FAILS), 'utf8').replace('seed: 3', 'seeds: [4, 3]'),
    );
    const { stdout } = await poolscope(['run', seeds]);
    expect(stdout).toMatch(/got 10 \(worst of 2 seeds, seed 3; mean 9\)/);
    expect(stdout).toContain('--step 44 --request r7 --seed 3');
    const [{ checks, seeds: runs }] = JSON.parse((await poolscope(['run', seeds, '--json'])).stdout).results;
    expect(runs).toHaveLength(2);
    expect(checks.find((check: { metric: string }) => /preempt/.test(check.metric)).seeds).toHaveLength(2);
    expect((await poolscope(['run', seeds, '--seed', '3'])).stdout).toContain('got 10\n');
  });
});

test('abort-on-fail: a seed for which it fails is the last', async () => {
  const aborts = (check: string) =>
    file(
      'aborts.pool.yaml',
      `${HELLO.replace('seed: 3', 'seeds: [3, 4, 5]')}  vllm:num_preemptions_total: {check: ${check}, abort-on-fail: true}\n`,
    );
  const { status, stdout } = await poolscope(['run', aborts('value == 0')]);
  expect(status).toBe(1);
  expect(stdout).toContain(
    'abort-on-fail: vllm:num_preemptions_total: value == 0 fails with seed 3; not run: 4, 5',
  );
  expect(stdout).toContain('expected value == 0, got 10\n');
  const held = await poolscope(['run', aborts('value >= 0'), '--json']);
  expect(held.status).toBe(0);
  expect(JSON.parse(held.stdout).results[0].seeds).toHaveLength(3);
  expect((await poolscope(['check', aborts('value == 0, severity: warning')])).stderr).toContain(
    'abort-on-fail: does not go with a warning',
  );
});

test('a bound that is no number is bad input', async () => {
  const divides = file('divides.pool.yaml', `${HELLO}  vllm:num_preemptions_total: value < 1 / 0\n`);
  const { status, stderr } = await poolscope(['run', divides]);
  expect(stderr).toMatch(
    /^divides\.pool\.yaml:\d+:31: .*compares with no number: "value < 1 \/ 0" divides by zero/,
  );
  expect(status).toBe(2);
});

describe('baselines', () => {
  const compares = (bound: string) =>
    `${HELLO}  vllm:time_to_first_token_seconds: p(99) <= ${bound}\nbaseline: base.pool.yaml\n`;
  file('base.pool.yaml', HELLO);

  test('another file', async () => {
    expect((await poolscope(['run', file('same.pool.yaml', compares('baseline'))])).status).toBe(0);
    const { status, stdout } = await poolscope(['run', file('less.pool.yaml', compares('0.5 * baseline'))]);
    expect(stdout).toMatch(/expected p\(99\) <= 2\.18\d s, got 4\.3\d\d s/);
    expect(status).toBe(1);
    const slower = ['run', 'same.pool.yaml', '--set', 'workload.request-rate=20'];
    expect((await poolscope(slower)).status).toBe(1);
  });

  test('the same file at a git revision', async () => {
    const git = (...args: string[]) =>
      spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
        cwd: folder,
        encoding: 'utf8',
      });
    git('init', '-q');
    const path = file('git.pool.yaml', compares('baseline').replace('baseline: base.pool.yaml\n', ''));
    git('add', path);
    git('commit', '-qm', 'first');
    file('git.pool.yaml', compares('baseline').replace('request-rate: 7', 'request-rate: 20'));
    expect((await poolscope(['run', path, '--baseline', 'HEAD'])).status).toBe(1);
    for (const revision of ['nothing', '--output=x', 'HEAD:base.pool.yaml']) {
      const { status, stderr } = await poolscope(['run', path, `--baseline=${revision}`]);
      expect(stderr.trim()).toBe(`--baseline: git knows no revision "${revision}" here`);
      expect(status).toBe(2);
    }
  });

  test('none, though an expectation needs one; one that is not there', async () => {
    const none = file('none.pool.yaml', compares('baseline').replace('baseline: base.pool.yaml\n', ''));
    expect((await poolscope(['run', none])).stderr).toContain('compares with a baseline, but there is none');
    const gone = file('gone.pool.yaml', compares('baseline').replace('base.pool.yaml', 'gone/x.pool.yaml'));
    const { status, stderr } = await poolscope(['run', gone]);
    expect(stderr).toContain('there is no such file');
    expect(status).toBe(2);
  });
});

describe('reporters', () => {
  const run = (reporter: string, ...files: string[]) => poolscope(['run', ...files, '--reporter', reporter]);

  test('junit: valid by the schema, and so for Jenkins, whatever names hold', async () => {
    const { stdout, status } = await run('junit', FAILS, HOSTILE, INVALID);
    expect(status).toBe(2);
    const document = XmlDocument.fromString(stdout);
    const schema = XmlDocument.fromString(readFileSync(join(ROOT, 'test/cli/junit.xsd'), 'utf8'));
    const validator = XsdValidator.fromDoc(schema);
    validator.validate(document);
    expect(() => validator.validate(XmlDocument.fromString(stdout.replace('classname', 'class')))).toThrow();
    const count = (path: string) => document.find(path).length;
    const attributes = (path: string) => document.find(path).map((node) => node.content);
    expect(attributes('/testsuites/testsuite/@tests')).toEqual(['4', '2', '1']);
    expect(attributes('/testsuites/@*')).toEqual(['poolscope', '7', '2', '1']);
    expect([count('//testcase'), count('//failure'), count('//error')]).toEqual([7, 2, 1]);
    expect(attributes('//testsuite/@name')).toContain(NASTY.replaceAll('\\n', '\n').replace('\\u0007', ''));
  });

  test('github: annotations at their lines, ten of a kind at most, a summary', async () => {
    const summary = join(folder, 'summary.md');
    const files = [
      FAILS,
      HOSTILE,
      ...Array.from({ length: 10 }, (_, i) =>
        file(`f${i}.pool.yaml`, readFileSync(join(folder, FAILS), 'utf8')),
      ),
    ];
    const { stdout } = await poolscope(['run', ...files, '--reporter', 'github'], {
      GITHUB_STEP_SUMMARY: summary,
    });
    const lines = stdout.trim().split('\n');
    for (const line of lines) expect(line).toMatch(/^::(error|warning) file=/);
    expect(lines[0]).toMatch(
      /^::error file=fails\.pool\.yaml,line=28,col=31,title=hello%3A vllm%3Anum_preemptions_total%3A value == 0::expected/,
    );
    expect(lines.filter((line) => line.startsWith('::error'))).toHaveLength(10);
    expect(lines.filter((line) => line.startsWith('::warning'))).toHaveLength(10);
    expect(stdout).toContain('title=and 3 more::');
    expect(readFileSync(summary, 'utf8')).toContain('### Poolscope: 0 passed, 12 failed');
  });

  test('markdown: names stay text', async () => {
    const { stdout } = await run('markdown', HOSTILE, INVALID);
    expect(stdout).not.toMatch(/<(?!br>)|@|`|\[|::|www\./);
    expect(stdout).toContain('&#60;&#47;testsuite&#62;');
    expect(stdout).toContain('did you mean vllm&#58;num&#95;preemptions&#95;total&#63;');
  });

  test('several at once, each where it is asked for', async () => {
    const reporters = [
      '--reporter',
      'junit=both.xml',
      '--reporter',
      'markdown=both.md',
      '--reporter',
      'github',
    ];
    const { status, stdout } = await poolscope(['run', FAILS, ...reporters]);
    expect(status).toBe(1);
    expect(stdout).toBe((await run('github', FAILS)).stdout);
    expect(readFileSync(join(folder, 'both.xml'), 'utf8')).toBe((await run('junit', FAILS)).stdout);
    expect(readFileSync(join(folder, 'both.md'), 'utf8')).toBe((await run('markdown', FAILS)).stdout);
  });

  test('github: a summary that GitHub would refuse is cut at a line, and says so', async () => {
    const summary = join(folder, 'long.md');
    const problems = Array.from({ length: 10_000 }, (_, i) => ({
      file: `${i}.pool.yaml`,
      message: 'é'.repeat(100),
    }));
    vi.stubEnv('GITHUB_STEP_SUMMARY', summary);
    const annotations = githubReporter.end?.([{ file: 'a.pool.yaml', problems, code: 2 }], 2) ?? '';
    vi.unstubAllEnvs();
    expect(annotations.split('\n')).toHaveLength(10);
    expect(annotations).toContain('title=and 9991 more::');
    const text = readFileSync(summary, 'utf8');
    expect(Buffer.byteLength(text)).toBeGreaterThan(800_000);
    expect(Buffer.byteLength(text)).toBeLessThan(950_000);
    expect(text).toMatch(/\n\nThe rest is left out: GitHub takes no more\.\n$/);
  });

  test('markdown: a picture of the pool in bars', async () => {
    expect((await run('markdown', FAILS)).stdout).toMatch(
      /^KV cache in use&#58; [▁▂▃▄▅▆▇█]{20,48} at most 100\.0 %$/m,
    );
  });

  test('default: names keep their line', async () => {
    expect(
      (await run('default', HOSTILE)).stdout.split('\n').filter((line) => line.startsWith('::')),
    ).toEqual([]);
  });

  test('json, into a file; the same bytes for the same input', async () => {
    for (const out of ['a.json', 'b.json']) {
      const { status, stdout } = await poolscope([
        'run',
        FAILS,
        INVALID,
        '--reporter',
        'json',
        '--output',
        out,
      ]);
      expect(stdout).toBe('');
      expect(status).toBe(2);
    }
    const text = readFileSync(join(folder, 'a.json'), 'utf8');
    expect(readFileSync(join(folder, 'b.json'), 'utf8')).toBe(text);
    const { results, problems, exitCode } = JSON.parse(text);
    expect(results[0].failures).toEqual(['vllm:num_preemptions_total: value == 0']);
    expect(results[0].checks[0]).toMatchObject({
      actual: 10,
      bound: 0,
      passed: false,
      why: { step: 44, request: 'r7' },
    });
    expect(problems[0]).toMatchObject({ place: { column: 3 } });
    expect(exitCode).toBe(2);
  });

  test.each([
    [['run', FAILS, '--reporter', 'tap'], 'Allowed choices are default, json, junit, github, markdown, html'],
    [['run', FAILS, '--reporter', 'json=a', '--reporter', 'junit=a'], 'junit would go where another does'],
    [['run', FAILS, '--reporter', 'json', '--reporter', 'junit'], 'junit would go where another does'],
    [['run', FAILS, '--reporter', 'junit=no/such/folder'], 'cannot be written'],
    [['run', FAILS, '--json', '--reporter', 'junit'], 'cannot be used with'],
    [['run', FAILS, '--output', 'no/such/folder'], 'cannot be written'],
  ])('%j is bad usage', async (args, message) => {
    const { status, stderr } = await poolscope(args);
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });
});

describe('set, schema, init', () => {
  test('set changes fields, and adds flags to a command', async () => {
    const set = ['--set', 'engine.block-size=32', '--set', 'workload.num-prompts=5'];
    const { stdout } = await poolscope(['run', 'base.pool.yaml', ...set]);
    expect(stdout).toContain('64 blocks of 32 tokens');
    expect(stdout).toMatch(/requests +5: /);
    expect((await poolscope(['plan', 'base.pool.yaml', '--set', 'hardware.gpu=h100'])).stdout).toContain(
      'h100',
    );
  });

  test.each([
    [
      'workload.requst-rate=4',
      '--set workload.requst-rate=4: workload.requst-rate: unknown key (did you mean request-rate?)',
    ],
    ['engine.blok-size=4', 'engine.blok-size: vLLM 2026-05 has no such flag (did you mean block-size?)'],
    ['workload.num-prompts=many', 'expected a whole number from 1 to 10000000, got "many"'],
    ['block-size', 'expected KEY=VALUE'],
  ])('set %s is bad input, for every command', async (text, message) => {
    for (const command of ['run', 'check', 'plan']) {
      const { status, stderr } = await poolscope([command, 'base.pool.yaml', '--set', text]);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toContain(message);
      expect(status).toBe(2);
    }
  });

  test('schema knows every key and metric', async () => {
    const schema = JSON.parse((await poolscope(['schema'])).stdout);
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(schema.required).toEqual(['version', 'hardware']);
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(Object.keys(parse(HELLO))));
    expect(schema.properties.expect.properties['vllm:num_preemptions']).toMatchObject({
      allOf: [{ $ref: '#/$defs/expectation' }],
    });
    expect(schema.properties.engine.properties['max-num-seqs'].description).toContain('Changes memory');
    expect(schema.properties.workload.properties['num-prompts']).toMatchObject({
      type: 'integer',
      minimum: 1,
    });
  });

  test('init writes a scenario that passes, once', async () => {
    expect((await poolscope(['init', 'mine.pool.yaml'])).status).toBe(0);
    expect((await poolscope(['run', 'mine.pool.yaml'])).status).toBe(0);
    const { status, stderr } = await poolscope(['init', 'mine.pool.yaml']);
    expect(stderr.trim()).toBe('mine.pool.yaml: is there already');
    expect(status).toBe(2);
  });
});
