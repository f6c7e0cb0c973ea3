import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { figure3, type PaperCheck, paperChecks, paperTable } from '../../sim/report/paper/paper-checks.ts';
import { timedChecks } from './experiments.ts';

const timed = timedChecks();
const checks = [...paperChecks(), ...timed];
const named = (name: string, list: readonly PaperCheck[] = checks) => {
  const check = list.find((candidate) => candidate.name === name);
  if (check === undefined) throw new Error(`no check "${name}"`);
  return check.measured;
};

test.each(checks.filter(({ note }) => note === 'exact'))('$where: $name is as printed', (check) => {
  expect(check.measured.toFixed(check.digits)).toBe(check.paper!.toFixed(check.digits));
});

test.each(checks.filter(({ note }) => note === 'fitted'))('$where: $name fits within a point', (check) => {
  expect(Math.abs(check.measured - check.paper!)).toBeLessThan(1);
});

describe.each([1, 2, 3])('whatever the lengths, seed %i', (seed) => {
  const drawn = seed === 1 ? checks : paperChecks(seed);
  const of = (name: string) => named(name, drawn);

  test('numbers of the same shape are within a quarter of the paper, or within six points', () => {
    for (const { name, paper, measured, note } of drawn) {
      if (note !== 'same shape' || paper === null) continue;
      const isNear = Math.abs(measured / paper - 1) < 0.25 || Math.abs(measured - paper) < 6;
      expect(isNear, `${name}: ${paper} and ${measured}`).toBe(true);
    }
  });

  test('12 GiB hold 15,728 slots: seven requests of Orca (Max), and 8.9 % are left', () => {
    expect(of('OPT-13B, KV cache of a token')).toBe(819_200 / 1024);
    expect(drawn.find(({ unit, name }) => unit === 'slots' && name.startsWith('OPT'))?.measured).toBe(15_728);
    expect(of('Orca (Max), requests that run')).toBe(7);
    expect(of('Orca (Max), external and others')).toBeCloseTo((100 * (15_728 - 7 * 2048)) / 15_728, 9);
  });

  test('vLLM fills more than 96 % with tokens; the more is known of the outputs, the more Orca does', () => {
    const systems = ['Orca (Max)', 'Orca (Pow2)', 'Orca (Oracle)', 'vLLM'];
    const tokens = systems.map((system) => of(`${system}, tokens`));
    const running = systems.map((system) => of(`${system}, requests that run`));
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    expect(running).toEqual([...running].sort((a, b) => a - b));
    expect(tokens[3]).toBeGreaterThan(96);
  });

  test('internal waste grows with the block, and more so where requests are short', () => {
    const internal = (load: string) =>
      [1, 16, 32, 64, 128, 256].map((size) => of(`vLLM, ${load}-like, blocks of ${size}, internal`));
    const [long, short] = [internal('ShareGPT'), internal('Alpaca')];
    for (const series of [long, short]) expect(series).toEqual([...series].sort((a, b) => a - b));
    expect([long[0], short[0]]).toEqual([0, 0]);
    for (let i = 1; i < long.length; i++) expect(short[i]).toBeGreaterThan(2 * long[i]);
  });

  test('more samples and more beams share more, by less each time; beams more than samples', () => {
    const saved = (kind: string) => [2, 4, 6].map((n) => of(`Alpaca-like, ${n} ${kind}, saved`));
    for (const [two, four, six] of [saved('samples'), saved('beams')]) {
      expect(four).toBeGreaterThan(two);
      expect(six).toBeGreaterThan(four);
      expect(six - four).toBeLessThan(four - two);
    }
    for (const n of [2, 6]) {
      for (const load of ['ShareGPT', 'Alpaca']) {
        const samples = of(`${load}-like, ${n} samples, saved`);
        expect(of(`${load}-like, ${n} beams, saved`)).toBeGreaterThan(1.5 * samples);
        // Of n sequences at most n − 1 are saved.
        expect(of(`${load}-like, ${n} beams, saved`)).toBeLessThan(100 * (1 - 1 / n));
      }
    }
  });
});

describe('with time', () => {
  const of = (where: string, name: string) =>
    timed.find((check) => check.where === where && check.name === name)?.measured ?? Number.NaN;

  test('Figure 13: the order of the systems, and the paper’s numbers but for vLLM with short requests', () => {
    for (const where of ['Figure 13a', 'Figure 13b']) {
      const running = timed.filter((check) => check.where === where).map(({ measured }) => measured);
      expect(running).toEqual(running.toSorted((a, b) => a - b));
    }
    for (const { name, paper, measured, note } of timed) {
      if (note === 'same shape') expect(Math.abs(measured / paper! - 1), name).toBeLessThan(0.25);
      // What differs is told as long as it does.
      if (note === 'differs') expect(Math.abs(measured / paper! - 1), name).toBeGreaterThan(0.25);
    }
  });

  test('Figure 18b: blocks up to 32 are alike, blocks of 256 are slow', () => {
    for (const load of ['ShareGPT-like at 2/s', 'Alpaca-like at 20/s']) {
      const latency = (size: number) => of('Figure 18b', `${load}, blocks of ${size}, latency by output`);
      expect(latency(32) / latency(16)).toBeLessThan(1.1);
      expect(latency(256) / latency(16)).toBeGreaterThan(2);
    }
  });

  test('Figure 19a: small blocks are slow to swap, large ones fast; to recompute does not care', () => {
    const of256 = (size: number, way: string) => of('Figure 19a', `256 tokens, blocks of ${size}, ${way}`);
    expect(of256(1, 'swap')).toBeGreaterThan(5 * of256(1, 'recompute'));
    expect(of256(256, 'swap')).toBeLessThan(of256(256, 'recompute'));
    expect(of256(1, 'recompute')).toBe(of256(256, 'recompute'));
    for (const size of [16, 32, 64]) {
      const ratio = of256(size, 'swap') / of256(size, 'recompute');
      expect(ratio).toBeGreaterThan(0.5);
      expect(ratio).toBeLessThan(2);
    }
  });
});

test('Figure 3: who holds what', () => {
  const scheduler = figure3();
  expect(scheduler.regions()).toEqual([
    [0, 0, 2048, 8],
    [1, 2048, 512, 4],
  ]);
  expect(scheduler.waste()).toMatchObject({ tokens: 12, reserved: 3, internal: 2038 + 507, external: 0 });
});

test('docs/paper.md has these numbers; POOLSCOPE_WRITE_DOCS=1 brings it up to date', () => {
  const path = new URL('../../docs/paper.md', import.meta.url);
  const text = readFileSync(path, 'utf8');
  const current = text.replace(
    /(<!-- table: .* -->\n)[\s\S]*?(<!-- end -->)/,
    (_, begin: string, end: string) => `${begin}\n${paperTable(checks)}\n\n${end}`,
  );
  if (process.env.POOLSCOPE_WRITE_DOCS === '1') writeFileSync(path, current);
  else expect(text).toBe(current);
});
