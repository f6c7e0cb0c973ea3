import { describe, expect, test } from 'vitest';
import { scratchFolder } from './cli.ts';
import { poolscopeHere } from './in-process.ts';

const scratch = scratchFolder();
const poolscope = (...args: string[]) => poolscopeHere(scratch.folder, args);
/** By its name: the commands run in the folder. */
function file(name: string, content: string): string {
  scratch.file(name, content);
  return name;
}

const MINE = `version: 1
command: vllm serve meta-llama/Llama-3.1-8B --max-model-len 4096
hardware: {gpu: {name: mine, tflops: 180, hbm-tbs: 1.1, sms: 120, l2-mb: 64, memory-gib: 31.4}}
workload: {num-prompts: 10, request-rate: 5, input-len: 500, output-len: 20}
`;

describe('a GPU that the user describes', () => {
  test('plan takes its memory and says that it was given', async () => {
    const { status, stdout, stderr } = await poolscope('plan', file('mine.pool.yaml', MINE));
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain('1 × mine (user-given)');
    expect(stdout).toMatch(/GPU +31\.40/);
  });

  test('run says so, and what its times rest on', async () => {
    const { status, stdout } = await poolscope('run', file('mine.pool.yaml', MINE));
    expect(status).toBe(0);
    expect(stdout).toContain('1 × mine (user-given)');
    expect(stdout).toContain(
      'times      user-given GPU with generic constants · not measured: matrix products',
    );
    const { results } = JSON.parse((await poolscope('run', 'mine.pool.yaml', '--json')).stdout);
    expect(results[0].times.badge).toBe('user-given');
  });

  test('--gpu of plan takes another in its place', async () => {
    const { stdout } = await poolscope('plan', file('mine.pool.yaml', MINE), '--gpu', 'h100');
    expect(stdout).toContain('1 × h100');
    expect(stdout).not.toContain('user-given');
  });

  test('a figure can be set from outside', async () => {
    const { stdout } = await poolscope(
      'plan',
      file('mine.pool.yaml', MINE),
      '--set',
      'hardware.gpu.memory-gib=48',
    );
    expect(stdout).toMatch(/GPU +48\.00/);
  });

  test('what is wrong with it is one line with its place; exit 2', async () => {
    const { status, stdout, stderr } = await poolscope(
      'run',
      file('bad.pool.yaml', MINE.replace('sms', 'sm')),
    );
    expect(stderr.trim()).toBe('bad.pool.yaml:3:57: hardware.gpu.sm: unknown key (did you mean sms?)');
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});

describe('a table of step times', () => {
  const TIMED = `version: 1
command: vllm serve meta-llama/Llama-3.1-8B --max-model-len 4096
hardware: {gpu: rtx4090}
workload: {num-prompts: 4, request-rate: inf, input-len: 500, output-len: 11}
step-time: {table: ./tables/steps.csv}
`;
  file('tables/steps.csv', 'decodes,prefill_tokens,ms\n0,0,0\n0,2000,100\n4,0,20\n4,2000,120\n');

  test('times the steps, and the report names it', async () => {
    const { status, stdout, stderr } = await poolscope('run', file('timed.pool.yaml', TIMED));
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/times +user-given: 4 rows of tables\/steps\.csv\n/);
    expect(stdout).toMatch(/TTFT +100\.0 ms/);
    expect(stdout).toMatch(/TPOT +20\.0 ms/);
  });

  test('steps outside of it are told', async () => {
    const more = TIMED.replace('num-prompts: 4', 'num-prompts: 8');
    const { stdout } = await poolscope('run', file('more.pool.yaml', more));
    expect(stdout).toMatch(/· \d+ of \d+ steps lie outside and take the time at its edge/);
    const { results } = JSON.parse((await poolscope('run', 'more.pool.yaml', '--json')).stdout);
    expect(results[0].times).toMatchObject({ badge: 'user-given', file: 'tables/steps.csv', numRows: 4 });
    expect(results[0].times.numClamped).toBeGreaterThan(0);
  });

  test('--step-time takes the place of what the file says', async () => {
    const plain = file('plain.pool.yaml', TIMED.replace(/step-time.*\n/, ''));
    const tpot = async (...args: string[]) =>
      JSON.parse((await poolscope('run', plain, '--json', ...args)).stdout).results[0].summary
        .timePerOutputToken.p50;
    expect(await tpot('--step-time', 'fixed:30ms')).toBeCloseTo(0.03, 9);
    expect(await tpot('--step-time', 'table:tables/steps.csv')).toBeCloseTo(0.02, 9);
    expect(await tpot('--step-time', 'roofline')).toBe(await tpot());
  });

  test.each([
    ['{table: ../steps.csv}', "step-time: expected a path inside the scenario's folder"],
    ['{table: /etc/passwd}', "step-time: expected a path inside the scenario's folder"],
    ['{table: none.csv}', 'none.csv: there is no such file'],
    ['{tabel: steps.csv}', 'step-time.tabel: unknown key (did you mean table?)'],
    ['table:broken.csv', 'step-time: broken.csv:2:3: ms: expected milliseconds'],
    ['fixed:0', 'step-time: expected roofline, fixed:20ms, or table:PATH, or {table: PATH}, got "fixed:0"'],
  ])('step-time: %s is one line, exit 2', async (stepTime, message) => {
    file('broken.csv', 'tokens,ms\n1,x\n');
    const text = TIMED.replace('{table: ./tables/steps.csv}', `${stepTime}`);
    const { status, stderr } = await poolscope('run', file('wrong.pool.yaml', text));
    expect(stderr).toContain('wrong.pool.yaml:5:');
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(2);
  });

  test.each([
    ['often', '--step-time: expected roofline, fixed:20ms, or table:PATH, got "often"'],
    ['table:nowhere.csv', 'nowhere.csv: there is no such file'],
  ])('--step-time %s is one line, exit 2', async (how, message) => {
    const { status, stderr } = await poolscope('run', file('timed.pool.yaml', TIMED), '--step-time', how);
    expect(stderr.trim()).toBe(message);
    expect(status).toBe(2);
  });
});
