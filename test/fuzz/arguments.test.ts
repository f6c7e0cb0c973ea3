import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { scratchFolder } from '../cli/cli.ts';
import { poolscopeHere } from '../cli/in-process.ts';
import { ARGUMENTS, FILES } from './corpus.ts';
import { mutateWords } from './mutate.ts';
import { Random } from './random.ts';

/* Command lines of Poolscope, in process: each ends with 0, 1, 2 or 4, and says why on stderr. */

const RUNS = Math.ceil(Number(process.env.POOLSCOPE_FUZZ ?? 5000) / 10);
const ONLY = process.env.POOLSCOPE_FUZZ_AT;
const HANGS_MS = 30_000;

const { file } = scratchFolder();
const WORDS = [...new Set([...ARGUMENTS.flat(), ...Object.keys(FILES), '--help', '--no-such', '-x'])];
let folder = '';

beforeAll(() => {
  for (const [name, text] of Object.entries(FILES)) folder = dirname(file(`inside/${name}`, text));
});
const run = (args: readonly string[]) => poolscopeHere(folder, args);

/** Users may write where they like; a fuzz may not. And nobody types into its stdin, or presses Ctrl-C. */
function isHarmless(word: string): boolean {
  return (
    word !== '-' &&
    word !== '--watch' &&
    !/^(-o|--output|--record|--kv-events)/.test(word) &&
    !/=.*[/\\~.]/s.test(word)
  );
}

test('the command lines themselves are understood, one after the other', async () => {
  for (const args of ARGUMENTS) {
    const { status, stderr } = await run(args);
    expect(status, `${args.join(' ')}\n${stderr}`).toBeLessThanOrEqual(2);
    expect(stderr).not.toMatch(/unknown (command|option)/);
  }
  expect((await run(['run', 'a.pool.yaml'])).status).toBe(0);
  expect((await run(['run', 'fails.pool.yaml'])).status).toBe(1);
});

test('mutated ones run, or say what is wrong with them', async () => {
  const codes = new Map<number, number>();
  for (let i = 0; i < RUNS; i++) {
    const name = `arguments/${i}`;
    if (ONLY !== undefined && ONLY !== name) continue;
    const random = new Random(name);
    const args = mutateWords(random.of(ARGUMENTS), WORDS, random).filter(isHarmless);
    if (args[0] === 'run') args.push('--timeout', '5');
    const start = performance.now();
    const { status, stderr } = await run(args);
    const label = `POOLSCOPE_FUZZ_AT=${name}: ${JSON.stringify(args).slice(0, 500)}\n${stderr.slice(0, 500)}`;
    expect([0, 1, 2, 4], label).toContain(status);
    if (status === 2) expect(stderr.trim(), label).not.toBe('');
    expect(performance.now() - start, label).toBeLessThan(HANGS_MS);
    expect(readdirSync(folder).sort(), label).toEqual(Object.keys(FILES).sort());
    expect(Object.hasOwn(Object.prototype, 'x'), label).toBe(false);
    codes.set(status, (codes.get(status) ?? 0) + 1);
  }
  if (RUNS > 500) console.info(codes);
  expect(readdirSync(dirname(folder))).toEqual(['inside']);
  if (ONLY === undefined) expect([...codes.keys()]).toEqual(expect.arrayContaining([0, 1, 2]));
}, 3_600_000);
