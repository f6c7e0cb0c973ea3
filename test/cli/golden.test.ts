import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { poolscopeIn, ROOT, scratchFolder } from './cli.ts';

const { folder, file } = scratchFolder();
const HELLO = readFileSync(join(ROOT, 'scenarios/hello.pool.yaml'), 'utf8');
const run = (...args: string[]) => poolscopeIn(folder, ['run', ...args]);

test('a golden file: missing, written, kept, changed, written again', () => {
  file('a.pool.yaml', `${HELLO}golden: a.golden.json\n`);
  const missing = run('a.pool.yaml');
  expect(missing.status).toBe(1);
  expect(missing.stdout).toContain(
    'FAILED     golden: there is no such file yet: run with --update writes it',
  );

  expect(run('a.pool.yaml', '--update').status).toBe(0);
  const golden = JSON.parse(readFileSync(join(folder, 'a.golden.json'), 'utf8'));
  expect(golden.seeds).toMatchObject([
    { seed: 3, digests: [expect.stringMatching(/^[0-9a-f]{16}$/)], counts: { numPreemptions: 10 } },
  ]);
  const same = run('a.pool.yaml');
  expect(same.status).toBe(0);
  expect(same.stdout).toContain('passed     golden: every decision is as it was');

  const changed = run('a.pool.yaml', '--set', 'workload.request-rate=9', '--reporter', 'junit');
  expect(changed.status).toBe(1);
  expect(changed.stdout).toMatch(
    /golden: a\.golden\.json: seed 3 decides otherwise: .*numPreemptions 10 → \d+/,
  );
  const otherSeed = run('a.pool.yaml', '--seed', '4');
  expect(otherSeed.status).toBe(1);
  expect(otherSeed.stdout).toContain('seed 4 is not in the file');

  expect(run('a.pool.yaml', '--set', 'workload.request-rate=9', '--update').status).toBe(0);
  expect(run('a.pool.yaml', '--set', 'workload.request-rate=9').status).toBe(0);
  expect(run('a.pool.yaml').status).toBe(1);
});

test('what is no golden file, or lies elsewhere, is bad input, and stays as it is', () => {
  file('b.pool.yaml', `${HELLO}golden: b.json\n`);
  file('b.json', '{"golden": 2}');
  expect(run('b.pool.yaml')).toMatchObject({
    status: 2,
    stderr: 'b.json: is no golden file: poolscope run --update writes one\n',
  });
  file('c.pool.yaml', `${HELLO}golden: ../c.json\n`);
  expect(run('c.pool.yaml', '--update').stderr).toContain("expected a path inside the scenario's folder");
  file('inner/d.pool.yaml', `${HELLO}golden: d.json\n`);
  symlinkSync(join(folder, 'b.json'), join(folder, 'inner/d.json'));
  expect(run('inner/d.pool.yaml', '--update').stderr).toContain("leads out of the scenario's folder");
  expect(readFileSync(join(folder, 'b.json'), 'utf8')).toBe('{"golden": 2}');
  expect(run('b.pool.yaml', '--ci', '--update')).toMatchObject({ status: 2 });
});

test('--bail stops after the first failure, --shard takes a share', () => {
  const fails = `${HELLO}  vllm:num_preemptions_total: value == 0\n`;
  for (const name of ['1', '2', '3', '4']) file(`many/${name}.pool.yaml`, name === '2' ? fails : HELLO);
  const files = (...args: string[]) => {
    const { status, stdout, stderr } = run('many', '--json', ...args);
    return { status, stderr, names: JSON.parse(stdout).results.map(({ file }: { file: string }) => file) };
  };
  expect(files('--bail')).toEqual({
    status: 1,
    stderr: 'stopped at the first failure: 2 of 4 did not run\n',
    names: ['many/1.pool.yaml', 'many/2.pool.yaml'],
  });
  const shards = ['1/2', '2/2'].flatMap((shard) => files('--shard', shard).names);
  expect(shards.sort()).toEqual(files().names);
  expect(files('--shard', '1/2').names).toHaveLength(2);
  expect(run('many', '--shard', '3/2')).toMatchObject({
    status: 2,
    stderr: '--shard: there is no shard 3 of 2\n',
  });
});
