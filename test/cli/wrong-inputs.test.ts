import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { ROOT, scratchFolder } from './cli.ts';
import { poolscopeHere } from './in-process.ts';

/* What a newcomer gets wrong, and what the command line says to it. */

const { folder, file } = scratchFolder();
const poolscope = (...args: string[]) => poolscopeHere(folder, args);

beforeAll(async () => {
  file('hello.pool.yaml', readFileSync(join(ROOT, 'scenarios/hello.pool.yaml')));
  file('config.yaml', 'model: meta-llama/Llama-3.1-8B-Instruct\nmax-model-lenght: 3\n');
  file('cut.json', '"completed": 5');
  file('kernels.csv', '');
  await poolscope('run', 'hello.pool.yaml', '--record', 'hello.poolrec');
});

test.each([
  ['run helo.pool.yaml', 'helo.pool.yaml: there is no such file (did you mean hello.pool.yaml?)'],
  ['run hello.pool.yml', 'hello.pool.yml: there is no such file (did you mean hello.pool.yaml?)'],
  ['explain hello.poolrek', 'hello.poolrek: there is no such file (did you mean hello.poolrec?)'],
  ['run zebra.pool.yaml', 'zebra.pool.yaml: there is no such file\n'],
  ['run hello.poolrec', 'hello.poolrec: is a recording: explain, diff, export and the page take it'],
  ['run hello.pool.yaml --record out.txt', "'out.txt' is invalid. Expected a name that ends in .poolrec."],
  ['explain hello.poolrec --seed 3', '--seed: goes with a scenario: a recording is as it was made'],
  ['export hello.poolrec --format csv --set seed=3', '--set: goes with a scenario'],
  ['explain hello.poolrec --replica 0', '--replica: goes with a scenario'],
  ['import hello.pool.yaml', 'hello.pool.yaml:3:1: is a scenario already'],
  ['import config.yaml', 'config.yaml: engine.max-model-lenght: vLLM 2026-05 has no such flag (did you mean'],
  ['calibrate cut.json', 'cut.json:1:1: expected a JSON object'],
  ['calibrate kernels.csv --gpu l44', '--gpu: "l44" is not in the catalogue of GPUs'],
  [
    'run hello.pool.yaml --gpu h1000',
    'hello.pool.yaml: hardware.gpu: "h1000" is not in the catalogue of GPUs',
  ],
  ['plan hello.pool.yaml --gpu-count 5000', '--gpu-count 5000: hardware.count: expected'],
  ['plan hello.pool.yaml --vllm 2', '--vllm 2: vllm: vLLM 2 is not modelled'],
  ['run --seeed 3', '(poolscope run --help lists what there is)'],
  ['verify scheduler --al', '(poolscope verify scheduler --help lists what there is)'],
])('%s', async (line, told) => {
  const { status, stderr } = await poolscope(...line.split(' '));
  expect(stderr).toContain(told);
  expect(status).toBe(2);
});

test.each([
  ['run', 'vllm serv x', 'command line: expected vllm serve …, got vllm serv x'],
  ['explain', 'vllm serv x', 'command line: expected vllm serve …, got vllm serv x'],
  ['sweep', 'hello.poolrec', 'hello.poolrec: is a recording: explain, diff, export and the page take it'],
  [
    'check',
    'vllm serve x',
    'command line: goes with plan, run, explain, diff and export; import makes a scenario of it',
  ],
  ['plan', 'vllm serve meta-llama/Llama-3.1-8B-Instrukt', '(did you mean Llama-3.1-8B-Instruct?)'],
])('%s %j', async (command, line, told) => {
  const { status, stderr } = await poolscope(command, line);
  expect(stderr).toContain(told);
  expect(status).toBe(2);
});

test.each([
  [
    'run hello.pool.yaml --gpu h100-sxm --gpu-count 2',
    'vLLM 2026-05 · meta-llama/Llama-3.1-8B-Instruct · 2 × h100-sxm',
  ],
  ['plan hello.pool.yaml --gpu h100-sxm', '· 1 × h100-sxm'],
  ['plan hello.pool.yaml --vllm 0.6.3', 'hello  vLLM 0.6.3'],
])('%s goes before what the file says', async (line, told) => {
  expect((await poolscope(...line.split(' '))).stdout).toContain(told);
});
