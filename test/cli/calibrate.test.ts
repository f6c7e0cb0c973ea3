import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCalibration } from '../../sim/scenario/calibration-file.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import { madeBench, withoutDetails } from '../sim/fit/made-bench.ts';
import { ROOT, scratchFolder } from './cli.ts';
import { poolscopeHere } from './in-process.ts';

const { folder, file } = scratchFolder();
const poolscope = (...args: string[]) => poolscopeHere(folder, args);

const SERVED = `version: 1
command: vllm serve meta-llama/Llama-3.1-8B --max-model-len 4096 --max-num-seqs 64
hardware: {gpu: l40s}
`;
const COMMAND = 'vllm serve meta-llama/Llama-3.1-8B --max-model-len 4096 --max-num-seqs 64';
const LOAD = 'workload: {num-prompts: 40, request-rate: 8, random-input-len: 600, random-output-len: 40}\n';

/** A run on a server whose CPU is slow. */
const measured = (() => {
  const plain = parseScenario(SERVED + LOAD, 's.yaml');
  const overhead = { perStep: 4e-3, perSequence: 50e-6 };
  const calibration = {
    gpu: 'l40s',
    source: '',
    parts: [],
    constants: {},
    overhead,
    link: null,
    error: [0, 0],
  } as const;
  return madeBench({ ...plain, hardware: { ...plain.hardware, calibration } });
})();

describe('a result of vllm bench serve', () => {
  file('bench.json', JSON.stringify(measured));
  file('served.pool.yaml', SERVED);

  test('the report: errors before and after; the file runs in a scenario', async () => {
    const { status, stdout, stderr } = await poolscope(
      ...['calibrate', 'bench.json', '--scenario', 'served.pool.yaml', '--output', 'l40s.json'],
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    for (const figure of ['output tokens', 'TTFT mean', 'TPOT p50', 'ITL p99', 'E2E mean']) {
      expect(stdout).toMatch(new RegExp(`${figure} .* %`));
    }
    const [, before, after] = /mean error .* ([\d.]+) → ([\d.]+) %/.exec(stdout) ?? [];
    expect(Number(before)).toBeGreaterThan(5);
    expect(Number(after)).toBeLessThan(2);
    expect(stdout).toContain('l40s.json: use it as hardware: {gpu: l40s, calibration: FILE}');

    const text = SERVED.replace('l40s}', 'l40s, calibration: ./l40s.json}') + LOAD;
    const run = await poolscope('run', file('calibrated.pool.yaml', text));
    expect(run.status).toBe(0);
    expect(run.stdout).toContain('1 × l40s (calibrated)');
    expect(run.stdout).toContain(
      'times      calibrated: meta-llama/Llama-3.1-8B on 1 × l40s, bench.json; else generic',
    );
    expect((await poolscope('plan', 'calibrated.pool.yaml')).stdout).toContain('1 × l40s (calibrated)');
    const { results } = JSON.parse((await poolscope('run', 'calibrated.pool.yaml', '--json')).stdout);
    expect(results[0].times.badge).toBe('calibrated');
    const real = (measured.ttfts as number[]).reduce((sum, ttft) => sum + ttft, 0) / 40;
    expect(Math.abs(results[0].summary.timeToFirstToken.mean / real - 1)).toBeLessThan(0.1);
  });

  test('the same with a command line, and as JSON', async () => {
    const { status, stdout } = await poolscope(
      ...['calibrate', 'bench.json', '--scenario', COMMAND, '--gpu', 'l40s', '--json'],
    );
    expect(status).toBe(0);
    const { calibration, runs, error } = JSON.parse(stdout);
    expect(calibration.overhead).toEqual(
      readCalibration(readFileSync(join(folder, 'l40s.json'), 'utf8'), 'x').overhead,
    );
    expect(runs[0].figures).toHaveLength(13);
    expect(error.after).toBeLessThan(error.before);
  });

  test('without --output nothing is written', async () => {
    const small = file('few.json', JSON.stringify(withoutDetails(measured)));
    const { stdout } = await poolscope('calibrate', small, '--scenario', 'served.pool.yaml');
    expect(stdout).toContain('--output FILE writes what a scenario can use.');
    expect(existsSync(join(folder, 'undefined'))).toBe(false);
  });
});

const TABLE = 'gpu,model,tp,op,kind,m,k,n,width,ms,use\n';

describe('a table of kernels', () => {
  /** 40 % slower than a machine that reads weights at the full bandwidth, and a start of 10 µs. */
  const rows = [1, 2, 4, 8, 16, 32].flatMap((m) =>
    [4096, 8192, 12288].map((n) => {
      const ms = 0.01 + (1.4 * 2 * 4096 * n) / 0.864e9;
      return `L40S,m,1,gemm,gemm,${m},4096,${n},,${ms},fit`;
    }),
  );
  file('kernels.csv', TABLE + rows.join('\n'));

  test('names its GPU; the report has the error of held rows too', async () => {
    const { status, stdout } = await poolscope('calibrate', 'kernels.csv', '--output', 'k.json');
    expect(status).toBe(0);
    expect(stdout).toContain('Kernels of l40s: absolute error, median / p90 %');
    expect(stdout).toMatch(/matrix products +18 rows +[\d.]+ \/ [\d.]+ → [\d.]+ \/ [\d.]+ +held rows/);
    const { constants } = readCalibration(readFileSync(join(folder, 'k.json'), 'utf8'), 'k.json');
    expect(constants.gemm?.em).toBeCloseTo(1 / 1.4, 1);
  });

  test('of a GPU that the user describes, whatever the table calls it', async () => {
    const mine = 'gpu: {name: mine, like: l40s}';
    file('mine.pool.yaml', SERVED.replace('gpu: l40s', mine));
    const { status, stdout } = await poolscope(
      'calibrate',
      'kernels.csv',
      '--scenario',
      'mine.pool.yaml',
      '--output',
      'm.json',
    );
    expect(stdout).toContain('Kernels of mine');
    expect(status).toBe(0);
    file('mine2.pool.yaml', SERVED.replace('gpu: l40s', `${mine}, calibration: m.json`));
    expect((await poolscope('plan', 'mine2.pool.yaml')).stdout).toContain(
      '1 × mine (user-given, calibrated)',
    );
  });
});

describe('what cannot be used is one line, exit 2, and nothing is written', () => {
  test.each([
    ['a bench result alone', ['bench.json'], 'bench.json: names no GPU and no flags: give --scenario FILE'],
    [
      'a command without GPU',
      ['bench.json', '--scenario', COMMAND],
      "--scenario: a 'vllm serve …' line names no GPU",
    ],
    ['no file', ['none.json'], 'none.json: there is no such file'],
    ['no column', [file('c.csv', 'a,b\n1,2')], 'c.csv: has no column "gpu"'],
    [
      'no GPU',
      [file('u.csv', `${TABLE}x,m,1,gemm,gemm,1,1,1,,1,fit`)],
      'u.csv: names no GPU of the catalogue',
    ],
    [
      'two GPUs',
      [file('t.csv', `${TABLE}l4,m,1,gemm,gemm,1,1,1,,1,fit\nt4,m,1,gemm,gemm,1,1,1,,1,fit`)],
      't.csv: is of 2 GPUs: say which with --gpu ID (l4, t4)',
    ],
    ['both kinds', ['bench.json', 'kernels.csv'], 'expected results of one kind'],
    [
      'an empty result',
      [file('e.json', '{}'), '--scenario', 'served.pool.yaml'],
      'e.json: completed: missing',
    ],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await poolscope('calibrate', ...args, '--output', 'not.json');
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(status).toBe(2);
    expect(existsSync(join(folder, 'not.json'))).toBe(false);
  });

  test('nothing to make better is exit 1', async () => {
    const exact = madeBench(parseScenario(SERVED + LOAD, 's.yaml'));
    const { status, stdout } = await poolscope(
      ...[
        'calibrate',
        file('exact.json', JSON.stringify(exact)),
        '--scenario',
        'served.pool.yaml',
        '--output',
        'not.json',
      ],
    );
    expect(stdout).toContain('Nothing is better than what is: no file is written.');
    expect(status).toBe(1);
    expect(existsSync(join(folder, 'not.json'))).toBe(false);
  });
});

test('the commands of docs/calibrate.md and the README run as they stand', async () => {
  for (const doc of ['docs/calibrate.md', 'README.md']) {
    const text = readFileSync(join(ROOT, doc), 'utf8');
    const commands = [...text.matchAll(/^(?:npx )?poolscope (calibrate .*)$/gm)].map(([, line]) => line);
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word);
      expect(await poolscope(...words)).toMatchObject({ status: 0, stderr: '' });
    }
  }
});
