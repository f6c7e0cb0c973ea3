import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { poolscope } from '../../cli/poolscope.ts';
import { scratchFolder } from '../cli/cli.ts';
import { ARGUMENTS, FILES } from './corpus.ts';
import { mutateWords } from './mutate.ts';
import { Random } from './random.ts';

/* Command lines of Poolscope, in process: each ends with 0, 1, 2 or 4, and says why on stderr. */

const RUNS = Math.ceil(Number(process.env.POOLSCOPE_FUZZ ?? 5000) / 10);
const ONLY = process.env.POOLSCOPE_FUZZ_AT;
const HANGS_MS = 30_000;

const { file } = scratchFolder();
const WORDS = [...new Set([...ARGUMENTS.flat(), ...Object.keys(FILES), '--help', '--no-such', '-x'])];
const before = process.cwd();
let folder = '';
let written = { out: '', err: '' };

beforeAll(() => {
  for (const [name, text] of Object.entries(FILES)) folder = dirname(file(`inside/${name}`, text));
  process.chdir(folder);
  const into = (key: 'out' | 'err') => (text: unknown) => {
    written[key] += `${text}\n`;
    return true;
  };
  vi.spyOn(console, 'log').mockImplementation(into('out'));
  vi.spyOn(console, 'error').mockImplementation(into('err'));
  vi.spyOn(process.stdout, 'write').mockImplementation(into('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(into('err'));
});
afterAll(() => {
  vi.restoreAllMocks();
  process.chdir(before);
  process.exitCode = undefined;
});

async function run(args: readonly string[]): Promise<number> {
  written = { out: '', err: '' };
  process.exitCode = undefined;
  await poolscope(args);
  return Number(process.exitCode ?? 0);
}

/** Users may write where they like; a fuzz may not. And nobody types into its stdin. */
function isHarmless(word: string): boolean {
  return word !== '-' && !/^(-o|--output|--record|--kv-events)/.test(word) && !/=.*[/\\~.]/s.test(word);
}

test('the command lines themselves are understood, one after the other', async () => {
  for (const args of ARGUMENTS) {
    const code = await run(args);
    expect(code, `${args.join(' ')}\n${written.err}`).toBeLessThanOrEqual(2);
    expect(written.err).not.toMatch(/unknown (command|option)/);
  }
  expect(await run(['run', 'a.pool.yaml'])).toBe(0);
  expect(await run(['run', 'fails.pool.yaml'])).toBe(1);
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
    const code = await run(args);
    const label = `POOLSCOPE_FUZZ_AT=${name}: ${JSON.stringify(args).slice(0, 500)}\n${written.err.slice(0, 500)}`;
    expect([0, 1, 2, 4], label).toContain(code);
    if (code === 2) expect(written.err.trim(), label).not.toBe('');
    expect(performance.now() - start, label).toBeLessThan(HANGS_MS);
    expect(readdirSync(folder).sort(), label).toEqual(Object.keys(FILES).sort());
    expect(Object.hasOwn(Object.prototype, 'x'), label).toBe(false);
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  if (RUNS > 500) console.info(codes);
  expect(readdirSync(dirname(folder))).toEqual(['inside']);
  if (ONLY === undefined) expect([...codes.keys()]).toEqual(expect.arrayContaining([0, 1, 2]));
}, 3_600_000);
