import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { poolscopeIn, ROOT, scratchFolder } from '../cli.ts';

const { folder, file } = scratchFolder();
const run = (args: readonly string[], env?: Record<string, string>) => poolscopeIn(folder, args, env);

const GRID = `version: 1
name: grid
command: vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 8192
hardware: { gpu: l4, price-per-gpu-hour: 0.7 }
workload: { num-prompts: 60, request-rate: 1, random-input-len: 512, random-output-len: 64 }
expect:
  vllm:time_to_first_token_seconds: p(99) < 1s
sweep:
  serve-params: [{ max-num-seqs: 8 }, { max-num-seqs: 64 }]
  bench-params: { low: { request-rate: 1 }, high: { request_rate: 6 } }
  grid: { engine.block-size: [16, 32] }
  expect:
    vllm:time_to_first_token_seconds: p(99) increasing in request-rate
`;
file('grid.pool.yaml', GRID);

const sweep = (...args: string[]) => run(['sweep', 'grid.pool.yaml', ...args]);
const points = (dir: string) => readdirSync(join(folder, dir, 'points')).sort();

describe('sweep', () => {
  test('a table: axes, numbers, verdicts, what matters', () => {
    const { status, stdout, stderr } = sweep();
    expect(stderr).toBe('');
    expect(status).toBe(1);
    expect(stdout).toMatch(/name +max-num-seqs +request-rate +block-size +blocks .* verdict/);
    expect(stdout).toMatch(/low +8 +1 +16 .*passed/);
    expect(stdout).toMatch(
      /high +8 +6 +16 .*FAILED vllm:time_to_first_token_seconds: expected p\(99\) < 1 s/,
    );
    expect(stdout).toMatch(/TTFT p99: workload.request-rate matters most, on average .* at 1 to .* at 6/);
    expect(stdout).toContain('passed vllm:time_to_first_token_seconds: p(99) increasing in request-rate');
    expect(stdout).toContain('of 8 points pass');
    expect(points('grid.sweep')).toHaveLength(8);
  });

  test('the same bytes with one worker and with two, whole or resumed', () => {
    const one = sweep('--workers', '1', '--json');
    const two = sweep('--workers', '2', '--json');
    expect(two.stdout).toBe(one.stdout);
    const json = JSON.parse(one.stdout);
    expect(json.exitCode).toBe(1);
    expect(json.points).toHaveLength(8);
    expect(json.points[0]).toMatchObject({
      point: 1,
      name: 'low',
      settings: { 'engine.max-num-seqs': 8, 'workload.request-rate': 1, 'engine.block-size': 16 },
      passed: true,
    });
    expect(json.points[0].cost_per_million_output_tokens).toBeGreaterThan(0);
    const dir = join(folder, 'grid.sweep/points');
    for (const name of points('grid.sweep').slice(0, 3)) rmSync(join(dir, name));
    // A damaged result is none.
    writeFileSync(join(dir, points('grid.sweep')[0]), '{"passed": tr');
    writeFileSync(join(dir, points('grid.sweep')[1]), '{"passed": true, "seeds": [{}]}');
    const listed = sweep('--resume', '--dry-run').stdout;
    expect(listed).toContain('8 points, 3 of those finished');
    expect(sweep('--resume', '--json').stdout).toBe(one.stdout);
    expect(points('grid.sweep')).toHaveLength(8);
  });

  test('a finished point is not run again, unless something that it depends on changed', () => {
    sweep('--resume', 'kept');
    const [name] = points('kept');
    const path = join(folder, 'kept/points', name);
    const marked = readFileSync(path, 'utf8').replace(/"numGpuBlocks":\d+/, '"numGpuBlocks":4242');
    writeFileSync(path, marked);
    expect(sweep('--resume', 'kept').stdout).toContain(' 4242 ');
    expect(sweep('--resume', 'kept', '--set', 'seed=7').stdout).not.toContain(' 4242 ');
    expect(points('kept')).toHaveLength(16);
  });

  test('CSV and Markdown, to stdout or to a file', () => {
    const { stdout } = sweep('--resume', '--reporter', 'csv');
    const [head, first] = stdout.split('\r\n');
    expect(head).toContain(
      'point,name,engine.max-num-seqs,workload.request-rate,engine.block-size,passed,because',
    );
    expect(first).toMatch(/^1,low,8,1,16,true,,\d+,/);
    expect(sweep('--resume', '--reporter', 'markdown', '--output', 'out.md').stdout).toBe('');
    const markdown = readFileSync(join(folder, 'out.md'), 'utf8');
    expect(markdown).toMatch(/^### Poolscope sweep grid: \d passed, \d failed/);
    expect(markdown.match(/^\| (✅|❌)/gm)).toHaveLength(8);
  });

  test('--dry-run lists the points and writes nothing', () => {
    const { status, stdout } = sweep('--dry-run', '--resume', 'nowhere');
    expect(status).toBe(0);
    expect(stdout).toContain('8 points\n  point 1 (low, engine.max-num-seqs=8, workload.request-rate=1');
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });

  test('run and check take the file too; check looks at every point', () => {
    expect(run(['check', 'grid.pool.yaml'])).toMatchObject({ status: 0, stdout: 'grid.pool.yaml: valid\n' });
    expect(run(['run', 'grid.pool.yaml']).stdout).toContain('poolscope sweep');
    file('bad-point.pool.yaml', GRID.replace('[16, 32]', '[16, 32], hardware.gpu: [l4, l5]'));
    const { status, stderr } = run(['check', 'bad-point.pool.yaml']);
    expect(status).toBe(2);
    expect(stderr).toContain(
      'bad-point.pool.yaml: sweep point hardware.gpu=l5: hardware.gpu: "l5" is not in',
    );
    expect(run(['sweep', 'bad-point.pool.yaml'])).toEqual({ status, stdout: '', stderr });
    expect(existsSync(join(folder, 'bad-point.sweep'))).toBe(false);
  });

  test('a file without a sweep, and a folder that cannot be written, exit 2', () => {
    file('plain.pool.yaml', GRID.slice(0, GRID.indexOf('sweep:')));
    expect(run(['sweep', 'plain.pool.yaml'])).toMatchObject({ status: 2, stdout: '' });
    expect(run(['sweep', 'plain.pool.yaml']).stderr).toContain('has no sweep');
    const { status, stderr } = sweep('--resume', 'grid.pool.yaml');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^grid.pool.yaml.*: cannot be /);
  });

  test('a trace, a config and a baseline travel with the points', () => {
    file('d/trace.csv', 'arrived_at,num_prefill_tokens,num_decode_tokens\n0,300,100\n0.1,300,100\n');
    file('d/before.pool.yaml', GRID.slice(0, GRID.indexOf('expect:')));
    const path = file(
      'd/traced.pool.yaml',
      GRID.replace(/workload:.*/, 'workload: { trace: ./trace.csv }\nbaseline: before.pool.yaml')
        .replace('p(99) < 1s', 'p(99) <= 2 * baseline')
        .replace(/ {2}bench-params.*\n/, '')
        .replace(/ {2}expect:\n.*request-rate\n/, ''),
    );
    const { status, stdout, stderr } = run(['sweep', path, '--json']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const [point] = JSON.parse(stdout).points;
    expect(point.checks[0].bound).toBeGreaterThan(0);
    expect(point.seeds[0].summary.requests.total).toBe(2);
  });

  test('num-runs are seeds; the results are their means', () => {
    file('runs.pool.yaml', GRID.replace('  grid:', '  num-runs: 3\n  grid:'));
    const { stdout } = run(['sweep', 'runs.pool.yaml', '--json']);
    const [point] = JSON.parse(stdout).points;
    expect(point.seeds.map(({ seed }: { seed: number }) => seed)).toEqual([0, 1, 2]);
    const ttft = point.seeds.map(
      (one: { summary: { timeToFirstToken: { p99: number } } }) => one.summary.timeToFirstToken.p99,
    );
    expect(point.ttft_p99_seconds).toBeCloseTo((ttft[0] + ttft[1] + ttft[2]) / 3, 12);
  });
});

describe('shards', () => {
  const whole = () => sweep('--resume', '--json').stdout;

  test('merged they are the whole; missing and doubled points are named', () => {
    sweep('--shard', '1/3', '--resume', 's1');
    sweep('--shard', '2/3', '--resume', 's2');
    const partial = run(['sweep', 'merge', 's1', 's2', '--json']);
    expect(partial).toMatchObject({ status: 2, stdout: '' });
    expect(partial.stderr).toContain('point 3 (high, engine.max-num-seqs=8');
    expect(partial.stderr).toContain('is missing');
    expect(partial.stderr.trim().split('\n')).toHaveLength(2);
    // The last one as an indexed job of Kubernetes sees itself.
    run(['sweep', 'grid.pool.yaml', '--shard', '3', '--resume', 's3'], { JOB_COMPLETION_INDEX: '2' });
    const merged = run(['sweep', 'merge', 's1', 's2', 's3', '--json']);
    expect(merged).toMatchObject({ status: 1, stderr: '', stdout: whole() });
    const doubled = run(['sweep', 'merge', 's1', 's2', 's3', 's1', '--json']);
    expect(doubled.stdout).toBe(merged.stdout);
    expect(doubled.stderr).toContain('is in s1 and s1; counted once');
  });

  test('two results of one point, another sweep, no sweep: exit 2', () => {
    sweep('--shard', '1/1', '--resume', 'a');
    sweep('--shard', '1/1', '--resume', 'b');
    const path = join(folder, 'b/points', points('b')[0]);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"numGpuBlocks":', '"numGpuBlocks":9'));
    expect(run(['sweep', 'merge', 'a', 'b']).stderr).toContain('has two results: a/points/');
    sweep('--set', 'seed=3', '--resume', 'c');
    expect(run(['sweep', 'merge', 'a', 'c']).stderr).toContain('is of another sweep, or version, than a');
    expect(run(['sweep', 'merge', 'nowhere'])).toMatchObject({ status: 2 });
    for (const text of ['', '{}', '[1]', '{"points": [{"digest": "../../secret"}]}']) {
      file('b/sweep.json', text);
      expect(run(['sweep', 'merge', 'a', 'b']).stderr).toBe('b/sweep.json: is no list of a sweep\n');
    }
  });

  test('an array of Slurm says which one and of how many', () => {
    const env = { SLURM_ARRAY_TASK_ID: '12', SLURM_ARRAY_TASK_MIN: '10', SLURM_ARRAY_TASK_COUNT: '4' };
    const { stdout } = run(['sweep', 'grid.pool.yaml', '--dry-run'], env);
    expect(stdout).toContain('8 points, 2 of them in shard 3/4');
    expect(run(['sweep', 'grid.pool.yaml', '--dry-run'], { JOB_COMPLETION_INDEX: '1' }).stderr).toContain(
      'JOB_COMPLETION_INDEX is set: say of how many',
    );
    for (const shard of ['0/2', '3/2', 'a/2', '2'])
      expect(sweep('--dry-run', '--shard', shard).status).toBe(2);
  });
});

test('the built files need no node_modules; without BullMQ a queue is refused, and says what to install', () => {
  cpSync(join(ROOT, 'dist/cli'), join(folder, 'alone'), { recursive: true });
  file('alone/package.json', '{"type": "module"}');
  const alone = (...args: string[]) =>
    spawnSync(process.execPath, ['alone/poolscope.js', ...args], { cwd: folder, encoding: 'utf8' });
  expect(alone('sweep', 'grid.pool.yaml', '--json').stdout).toBe(sweep('--json').stdout);
  const queued = alone('sweep', 'grid.pool.yaml', '--queue', 'redis://localhost:1');
  expect(queued).toMatchObject({ status: 2, stdout: '' });
  expect(queued.stderr).toBe('--queue: needs packages that are not installed: npm install bullmq ioredis\n');
});

test('docs/sweeps.md: its scenario and its commands without a queue run', () => {
  const text = readFileSync(join(ROOT, 'docs/sweeps.md'), 'utf8');
  file('chat.pool.yaml', /```yaml\n(version: 1\n[\s\S]*?)```/.exec(text)![1]);
  const commands = [...text.matchAll(/^poolscope (sweep (?!.*--queue).*)$/gm)].map(([, c]) => c.split(' '));
  expect(commands.length).toBeGreaterThanOrEqual(6);
  for (const command of commands) {
    const { status, stderr } = run(command);
    expect([command, stderr]).toEqual([command, '']);
    // A shard may have none of the points that fail.
    expect(status).toBe(command.includes('--shard') ? status! & 1 : 1);
  }
});
