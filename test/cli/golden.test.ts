import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, scratchFolder } from './cli.ts';
import { poolscopeHere } from './in-process.ts';

const { folder, file } = scratchFolder();
const HELLO = readFileSync(join(ROOT, 'scenarios/hello.pool.yaml'), 'utf8');
const run = (...args: string[]) => poolscopeHere(folder, ['run', ...args]);

test('a golden file: missing, written, kept, changed, written again', async () => {
  file('a.pool.yaml', `${HELLO}golden: a.golden.json\n`);
  const missing = await run('a.pool.yaml');
  expect(missing.status).toBe(1);
  expect(missing.stdout).toContain(
    'FAILED     golden: there is no such file yet: run with --update writes it',
  );

  expect((await run('a.pool.yaml', '--update')).status).toBe(0);
  const golden = JSON.parse(readFileSync(join(folder, 'a.golden.json'), 'utf8'));
  expect(golden.seeds).toMatchObject([
    { seed: 3, digests: [expect.stringMatching(/^[0-9a-f]{16}$/)], counts: { numPreemptions: 10 } },
  ]);
  const same = await run('a.pool.yaml');
  expect(same.status).toBe(0);
  expect(same.stdout).toContain('passed     golden: every decision is as it was');

  const changed = await run('a.pool.yaml', '--set', 'workload.request-rate=9', '--reporter', 'junit');
  expect(changed.status).toBe(1);
  expect(changed.stdout).toMatch(
    /golden: a\.golden\.json: seed 3 decides otherwise: .*numPreemptions 10 → \d+/,
  );
  const otherSeed = await run('a.pool.yaml', '--seed', '4');
  expect(otherSeed.status).toBe(1);
  expect(otherSeed.stdout).toContain('seed 4 is not in the file');

  expect((await run('a.pool.yaml', '--set', 'workload.request-rate=9', '--update')).status).toBe(0);
  expect((await run('a.pool.yaml', '--set', 'workload.request-rate=9')).status).toBe(0);
  expect((await run('a.pool.yaml')).status).toBe(1);
});

test('what is no golden file, or lies elsewhere, is bad input, and stays as it is', async () => {
  file('b.pool.yaml', `${HELLO}golden: b.json\n`);
  file('b.json', '{"golden": 2}');
  expect(await run('b.pool.yaml')).toMatchObject({
    status: 2,
    stderr: 'b.json: is no golden file: poolscope run --update writes one\n',
  });
  file('c.pool.yaml', `${HELLO}golden: ../c.json\n`);
  expect((await run('c.pool.yaml', '--update')).stderr).toContain(
    "expected a path inside the scenario's folder",
  );
  file('inner/d.pool.yaml', `${HELLO}golden: d.json\n`);
  symlinkSync(join(folder, 'b.json'), join(folder, 'inner/d.json'));
  expect((await run('inner/d.pool.yaml', '--update')).stderr).toContain("leads out of the scenario's folder");
  expect(readFileSync(join(folder, 'b.json'), 'utf8')).toBe('{"golden": 2}');
  expect(await run('b.pool.yaml', '--ci', '--update')).toMatchObject({ status: 2 });
});

test('--bail stops after the first failure, --shard takes a share', async () => {
  const fails = `${HELLO}  vllm:num_preemptions_total: value == 0\n`;
  for (const name of ['1', '2', '3', '4']) file(`many/${name}.pool.yaml`, name === '2' ? fails : HELLO);
  const files = async (...args: string[]) => {
    const { status, stdout, stderr } = await run('many', '--json', ...args);
    return { status, stderr, names: JSON.parse(stdout).results.map(({ file }: { file: string }) => file) };
  };
  expect(await files('--bail')).toEqual({
    status: 1,
    stderr: 'stopped at the first failure: 2 of 4 did not run\n',
    names: ['many/1.pool.yaml', 'many/2.pool.yaml'],
  });
  const first = (await files('--shard', '1/2')).names;
  const second = (await files('--shard', '2/2')).names;
  expect(first).toHaveLength(2);
  expect([...first, ...second].sort()).toEqual((await files()).names);
  expect(await run('many', '--shard', '3/2')).toMatchObject({
    status: 2,
    stderr: '--shard: there is no shard 3 of 2\n',
  });
});
