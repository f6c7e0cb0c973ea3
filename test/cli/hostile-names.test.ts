import { expect, test } from 'vitest';
import { plain } from '../../cli/reporters/plain.ts';
import { scratchFolder } from './cli.ts';
import { poolscopeHere } from './in-process.ts';

/* A scenario of a stranger's pull request, in the log of a CI job: its names are text there, whatever they say. */

const { folder, file } = scratchFolder();

/** What no line of a log may have: GitHub reads the first two as commands, terminals the others. */
const COMMAND = /^\s*::|##\[|(?!\n)\p{Cc}|\u202e/mu;

const RUNS = 'workload: {num-prompts: 5, random-input-len: 64, random-output-len: 8}\n';
const NAME = '"\\n::add-mask::a\\e[2J ##[set-output name=a]b \\u202e"';
file(
  '::error::name\u001b[31m.pool.yaml',
  `version: 1\nname: ${NAME}\ncommand: vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 4096\n` +
    `hardware: {gpu: l4}\n${RUNS}expect: {"vllm:time_to_first_token_seconds": p(99) < 1us}\n`,
);
file(
  'refused.pool.yaml',
  'version: 1\ncommand: "vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len \'1\\n::error::a\' --a\\n::error::b"\n' +
    'hardware: {gpu: "l4\\n::error::c"}\n',
);
file('invalid.pool.yaml', `version: 1\n${NAME}: 1\n__proto__: {}\n`);

test.each([
  ['run', '.'],
  ['check', '.'],
  ['plan', '.'],
  ['plan', 'refused.pool.yaml'],
  ['explain', '::error::name\u001b[31m.pool.yaml'],
  ['explain', '::error::name\u001b[31m.pool.yaml', '--step', '1'],
  ['diff', '::error::name\u001b[31m.pool.yaml', '::error::name\u001b[31m.pool.yaml'],
  ['sweep', '::error::name\u001b[31m.pool.yaml'],
])('%s %j', async (...args) => {
  const { stdout, stderr } = await poolscopeHere(folder, args);
  expect(stdout + stderr).not.toBe('');
  expect(stdout).not.toMatch(COMMAND);
  expect(stderr).not.toMatch(COMMAND);
});

test('a report repeats no more than the beginning of what is endless', async () => {
  const endless = 'x'.repeat(100_000);
  const command = `vllm serve Qwen/Qwen3-8B --max-model-len ${endless} --${endless} --port ${endless}`;
  const scenario = { version: 1, name: endless, command, hardware: { gpu: 'l4' } };
  file('endless.pool.json', JSON.stringify(scenario));
  for (const reporter of ['default', 'json', 'junit', 'github', 'markdown']) {
    const { status, stdout } = await poolscopeHere(folder, [
      'run',
      'endless.pool.json',
      '--reporter',
      reporter,
    ]);
    expect(status).toBe(1);
    expect(stdout.length).toBeLessThan(5000);
  }
});

test('colours, line ends and colons elsewhere stay', () => {
  const text = '\u001b[31m  a::b\u001b[39m\n  c ::error::d';
  expect(plain(text)).toBe(text);
  expect(plain('\u001b[1m ::error::d')).toBe('\u001b[1m : :error::d');
});
