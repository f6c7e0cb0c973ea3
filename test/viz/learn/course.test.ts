import { describe, expect, test } from 'vitest';
import { plan } from '../../../sim/memory/planner.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { fromFragment } from '../../../sim/share/fragment.ts';
import { LESSONS, type LessonId, PARTS } from '../../../viz/learn/course.ts';
import { EXPERIMENTS } from '../../../viz/learn/experiments.ts';
import type { Facts, Figure, Label, Outcome } from '../../../viz/learn/outcome.ts';
import { playLink } from '../../../viz/learn/play-link.ts';
import { ENGLISH } from '../../../viz/learn/text.en.ts';
import { type LessonText, say } from '../../../viz/learn/text.ts';
import { CHINESE } from '../../../viz/learn/text.zh.ts';

const LANGUAGES = [ENGLISH, CHINESE];
const known = new Map<string, Outcome>();

/** Each experiment once. */
function outcome(id: LessonId, knob = LESSONS.find((lesson) => lesson.id === id)?.knob?.start ?? 0): Outcome {
  const key = `${id} ${knob}`;
  const found = known.get(key) ?? EXPERIMENTS[id](knob);
  known.set(key, found);
  return found;
}

/** All labels and numbers that a figure draws. */
function contents(figure: Figure): { labels: Label[]; values: number[] } {
  if (figure.kind === 'bars') {
    return {
      labels: figure.rows.map(({ label }) => label),
      values: figure.rows.flatMap(({ parts }) => parts.map(({ value }) => value)),
    };
  }
  if (figure.kind === 'measures') {
    return {
      labels: [...figure.columns, ...figure.rows].map(({ label }) => label),
      values: figure.rows.flatMap(({ values }) => values),
    };
  }
  const rows = figure.frames.flatMap((frame) => frame.rows);
  return {
    labels: [...figure.frames.map(({ caption }) => caption), ...rows.map(({ label }) => label)],
    values: rows.flatMap(({ cells }) => cells.map(({ fill = 1 }) => fill)),
  };
}

/** Every sentence that comes from numbers. */
function sentences({ result, reveal, answer }: LessonText, facts: Facts): string[] {
  return [result(facts), ...reveal(facts), answer(facts)];
}

describe.each(LESSONS)('$id', (lesson) => {
  const knobs = lesson.knob?.values ?? [0];

  test.each(knobs)('at %i: an answer among the choices, a finite figure, words for all', (knob) => {
    const { answer, facts, figure, before } = outcome(lesson.id, knob);
    if (lesson.asks === 'number')
      expect(answer).toSatisfy((value) => Number.isSafeInteger(value) && value >= 0);
    else expect(lesson.asks).toContain(answer);
    for (const each of before ? [before, figure] : [figure]) {
      const { labels, values } = contents(each);
      expect(values.length).toBeGreaterThan(0);
      for (const value of values) expect(value).toSatisfy((n) => Number.isFinite(n) && n >= 0);
      for (const text of LANGUAGES) {
        for (const label of labels) expect(say(text, label)).not.toMatch(/undefined|NaN/);
      }
    }
    for (const sentence of LANGUAGES.flatMap(({ lessons }) => sentences(lessons[lesson.id], facts))) {
      expect(sentence).not.toMatch(/undefined|NaN|Infinity/);
    }
  });

  test.each(LANGUAGES)('every choice has words, and no others are offered', ({ lessons }) => {
    const { choices, unit } = lessons[lesson.id];
    if (lesson.asks === 'number') expect(unit).toBeTruthy();
    else expect(Object.keys(choices ?? {}).sort()).toEqual([...lesson.asks].sort());
  });

  test.each(LANGUAGES)('the question is about a value that the knob has', ({ lessons }) => {
    expect(lesson.knob === null || lesson.knob.values.includes(lesson.knob.start)).toBe(true);
    expect(lesson.knob === null).toBe(lessons[lesson.id].knob === undefined);
  });

  test('the playground opens its scenarios', () => {
    const { scenario, beside = [] } = outcome(lesson.id);
    for (const { text: yaml, file } of [scenario, ...beside])
      expect(plan(parseScenario(yaml, file)).starts).toBe(true);
    expect(fromFragment(playLink(scenario, beside))?.state.scenario).toEqual(scenario);
  });
});

test('the parts cover the course in its order', () => {
  const firsts = PARTS.map(({ first }) => LESSONS.findIndex(({ id }) => id === first));
  expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
  expect(firsts[0]).toBe(0);
});

describe('what the paper prints', () => {
  test('800 KiB a token, 15,728 slots in 12 GiB, 7 requests of Orca (Max), 8.9 % left', () => {
    const { facts, answer } = outcome('kv-per-token');
    expect(facts).toMatchObject({
      bytesPerToken: 819_200,
      kibPerToken: 800,
      slots: 15_728,
      requests: 7,
      left: 1392,
    });
    expect(answer).toBe(7);
    expect((100 * facts.leftShare).toFixed(1)).toBe('8.9');
  });

  test('2,038 and 507 slots that are never used', () => {
    const { facts, answer } = outcome('kinds-of-waste');
    expect(facts).toMatchObject({ neverA: 2038, neverB: 507, laterA: 2, laterB: 1, tokensA: 8, tokensB: 4 });
    expect(answer).toBe('internal');
  });

  test('knowing the outputs is no cure: the Oracle fills less than half, vLLM more than 96 %', () => {
    for (const seed of [1, 2, 3]) {
      const { facts, answer, figure } = outcome('figure-2', seed);
      expect(answer).toBe('third');
      expect(facts['vllm tokens']).toBeGreaterThan(0.96);
      expect(facts['orca-max running']).toBe(7);
      expect((100 * facts['orca-max external']).toFixed(1)).toBe('8.9');
      if (figure.kind !== 'bars') throw new Error('four bars');
      for (const { parts } of figure.rows)
        expect(parts.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(1, 9);
    }
  });
});

describe('what the texts say', () => {
  test('a token is where its quotient and remainder say', () => {
    const { facts } = outcome('block-table');
    expect(facts).toMatchObject({ logical: 2, offset: 5 });
    const table = [0, 16, 32].map((token) => outcome('block-table', token).facts.physical);
    expect(new Set(table).size).toBe(3);
    expect(table[2]).toBe(facts.physical);
    expect(table[2]).not.toBe(table[1] + 1);
  });

  test.each([
    [1, 1],
    [16, 1],
    [17, 2],
    [33, 3],
    [64, 4],
  ])('%i tokens take %i blocks', (tokens, blocks) => {
    expect(outcome('on-demand', tokens).answer).toBe(blocks);
  });

  test('one piece refuses from 2 blocks on, pages when there are too few', () => {
    const answers = [1, 2, 3, 8, 9].map((wanted) => outcome('any-free-block', wanted).answer);
    expect(answers).toEqual(['neither', 'contiguous', 'contiguous', 'contiguous', 'both']);
  });

  test('waste grows with the block', () => {
    expect(outcome('block-size').answer).toBe('up');
  });

  test('a block is copied only where the prompt does not fill it', () => {
    const copies = [32, 36, 40, 48, 50].map((prompt) => outcome('copy-on-write', prompt).answer);
    expect(copies).toEqual([0, 1, 1, 0, 1]);
  });

  test('hits end at the block of the edited token', () => {
    const hits = [3, 17, 33, 49, 63, 64].map((token) => outcome('prefix-caching', token).answer);
    expect(hits).toEqual([0, 16, 32, 48, 48, 64]);
  });

  test('cached blocks are free, and go from the end of the prompt', () => {
    const lost = [2, 4, 5, 6, 7].map((wanted) => outcome('free-is-not-empty', wanted).facts);
    expect(lost.map(({ evicted }) => evicted)).toEqual([0, 0, 1, 2, 3]);
    expect(lost.map(({ hits }) => hits)).toEqual([64, 64, 48, 32, 16]);
    for (const { free, cached } of lost) expect([free, cached]).toEqual([8, 4]);
    expect(outcome('free-is-not-empty').answer).toBe('last');
  });

  test('the newest loses all; in a large pool nobody does', () => {
    expect(outcome('preemption').answer).toBe('newest');
    expect(outcome('preemption').facts).toMatchObject({ lost: 4, lostTokens: 64, stillFree: 0 });
    const answers = [10, 11, 12, 14, 16, 21].map((blocks) => outcome('preemption', blocks).answer);
    expect(answers.slice(0, -1).every((answer) => answer === 'newest')).toBe(true);
    expect(answers.at(-1)).toBe('nobody');
  });

  test('a larger budget: longer pauses, earlier first tokens', () => {
    const { facts, answer } = outcome('chunked-prefill');
    expect(answer).toBe('tenfold');
    expect(facts.largeFirst).toBeLessThan(facts.smallFirst);
    expect(facts.largeMedian / facts.smallMedian).toBeCloseTo(1, 1);
  });

  test('beams hold what they have in common once, and less is saved by each further one', () => {
    const found = [1, 2, 4, 6, 8].map((width) => outcome('beam-search', width).facts);
    for (const { width, separate } of found) expect(separate).toBe(6 * width);
    expect(found[0].saved).toBe(0);
    const saved = found.map((facts) => facts.saved);
    expect(saved).toEqual([...saved].sort((a, b) => a - b));
    // "In common nearly all": more than the two full blocks of the prompt of which samples share.
    for (const { width, held } of found.slice(1)) expect(held).toBeLessThan(2 + 4 * width);
  });

  test('swapping loses with small blocks and wins with large ones; recomputing does not care', () => {
    for (const tokens of [64, 128, 256, 512, 1024]) {
      const { answer, facts, figure } = outcome('swap-or-recompute', tokens);
      expect(answer).toBe('recompute');
      expect(facts.crossing).toBeGreaterThan(1);
      if (figure.kind !== 'measures') throw new Error('a table');
      expect(new Set(figure.rows.map(({ values }) => values[1])).size).toBe(1);
    }
    const { facts } = outcome('swap-or-recompute');
    expect(facts.copies).toBe(2 * 40 * 256);
    // "Little between them from 16 to 64": within a factor of two.
    expect(facts.swap16 / facts.recompute).toBeGreaterThan(0.5);
    expect(facts.swap16 / facts.recompute).toBeLessThan(2);
    // Its starts and its bytes, there and back: 256 tokens of 800 KiB in one block, at 25 GB/s.
    expect(facts.swap256).toBeCloseTo(2000 * (80 * 10e-6 + (256 * 819_200) / 25e9), 6);
  });

  test('a window holds its own blocks, whatever the length', () => {
    const found = [64, 136, 256, 400, 512].map((tokens) => outcome('hybrid-groups', tokens).facts);
    expect(found.map(({ full }) => full)).toEqual([4, 9, 16, 25, 32]);
    expect(found.map(({ windowed }) => windowed)).toEqual([4, 9, 8, 8, 8]);
    // What its text says that the figure shows.
    const { before } = outcome('hybrid-groups');
    expect(before).toMatchObject({ frames: [{ caption: ['window-holds', 128, 8] }] });
    expect(found[0]).toMatchObject({ window: 128, longFull: Math.ceil(32_770 / 16) });
    expect(found[0].longWindowed).toBeLessThanOrEqual(9);
    expect(found[0].tokens / found[0].tokensWithout).toBeGreaterThan(1.5);
  });

  test('more than twice the tokens on two cards; two heads are not cut in four', () => {
    for (const cards of [2, 4, 8]) {
      const { answer, facts } = outcome('tensor-parallel', cards);
      expect(answer).toBe('more');
      expect(facts.kib).toBe(facts.kibOne / cards);
    }
    const { glmOne, glmTwo, glmFour } = outcome('tensor-parallel').facts;
    expect([glmTwo, glmFour]).toEqual([glmOne / 2, glmOne / 2]);
  });

  test('experts take the same in slices and whole; copies take from the cache', () => {
    const found = [0, 8, 16, 32].map((copies) => outcome('mixture-of-experts', copies));
    expect(found.map(({ answer }) => answer)).toEqual([32, 34, 36, 40]);
    for (const { facts, figure } of found) {
      expect(facts).toMatchObject({
        numExperts: 128,
        active: 8,
        heldOf288: 9,
        tokensSliced: facts.tokensWhole,
      });
      if (figure.kind !== 'bars') throw new Error('bars');
      const sums = figure.rows.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0));
      for (const sum of sums) expect(sum).toBeCloseTo(sums[0], 6);
    }
    const tokens = found.map(({ facts }) => facts.tokens);
    expect(tokens).toEqual([...tokens].sort((a, b) => b - a));
  });

  test('past what fits, nothing but preemptions', () => {
    const { facts, answer } = outcome('admission');
    expect(answer).toBe('same');
    expect(facts.preemptionsFits).toBeLessThan(5);
    expect(facts.preemptionsMost).toBeGreaterThan(100);
    expect(facts.stallMost).toBeGreaterThan(100 * facts.stallFits);
    // "A little better" than with 32, for the question at the end.
    expect(facts.more / facts.fits).toBeGreaterThan(1.05);
    expect(facts.more / facts.fits).toBeLessThan(1.25);
  });
});
