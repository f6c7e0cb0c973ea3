import fc from 'fast-check';
import { deflateSync } from 'fflate';
import { expect, test } from 'vitest';
import { fromFragment, toFragment } from '../../../sim/share/fragment.ts';

const HELLO = {
  scenario: {
    text: 'version: 1\ncommand: vllm serve m\n',
    file: 'a.pool.yaml',
    sets: ['engine.block-size=32'],
  },
  step: 7,
  mode: 'state',
  request: 3,
  scene: '',
  others: [],
};

/** A fragment of any state, as older pages made them. */
function packed(value: unknown): string {
  const bytes = deflateSync(Buffer.from(JSON.stringify(value)));
  return `#/play?s=1.${Buffer.from(bytes).toString('base64url')}`;
}

test('a state comes back from its fragment, whatever is in it', () => {
  const row = fc.nat();
  const sets = fc.array(fc.string(), { maxLength: 9 });
  const source = fc.record({ text: fc.string(), file: fc.string(), sets });
  const parts = {
    scenario: source,
    step: row,
    mode: fc.string(),
    request: fc.option(row),
    scene: fc.string(),
    others: fc.array(source, { maxLength: 3 }),
  };
  const state = fc.record(
    { ...parts, replica: row, order: fc.string(), block: row, window: fc.record({ from: row, to: row }) },
    { requiredKeys: Object.keys(parts) as (keyof typeof parts)[] },
  );
  fc.assert(
    fc.property(state, (s) => {
      expect(fromFragment(toFragment('play', s))).toEqual({ room: 'play', state: s });
    }),
  );
});

test('links that were given away keep opening', () => {
  const link =
    '#/play?s=1.DctBCgIxDEbhq5R_XQs6CyHgSRwXdYxSbBJpSkHFu9vt43tfdBAGNy-mFParbiaS9UZh1CrBuQ0Osioi7lPm9DKr6Z2lzmKgM1gfRTldq23PnZcPn5YDLhEOOkbInLznzpM30PL7Aw';
  expect(fromFragment(link)).toEqual({ room: 'play', state: HELLO });
});

test('forks of older links are fields of the scenario', () => {
  const fork = { o: ['seed=2'], k: 60, c: ['engine.max-num-seqs=4'] };
  const state = fromFragment(packed({ t: 'x', f: 'y', m: 'z', b: [fork] }))?.state;
  const sets = ['seed=2', 'fork.at-step=60', 'fork.set.max-num-seqs=4'];
  expect(state?.others).toEqual([{ text: 'x', file: 'y', sets }]);
});

test('a link has at most 100 fields; of more than three other scenarios the first three count', () => {
  const link = (numSets: number, numOthers: number) =>
    fromFragment(
      packed({
        t: 'x',
        f: 'y',
        m: 'z',
        o: Array(numSets).fill('seed=2'),
        b: Array(numOthers).fill({ t: 'x', f: 'y', o: [] }),
      }),
    )?.state;
  expect(link(100, 3)?.others).toHaveLength(3);
  expect(link(100, 3)?.scenario.sets).toHaveLength(100);
  expect(link(101, 3)).toBeUndefined();
  expect(link(100, 4)?.others).toHaveLength(3);
});

test('damaged, forged and foreign fragments are no state', () => {
  const good = toFragment('play', HELLO);
  for (const bad of [
    '',
    '#',
    '#/play',
    good.slice(0, -9),
    good.replace('play', 'elsewhere'),
    good.replace('s=1', 's=2'),
    good.replace('s=1.', 's=1.%'),
    packed(null),
    packed([]),
    packed({ t: 1, f: 'x', m: 'x' }),
    packed({ t: 'x', f: 'x', m: 'x', o: [1] }),
    packed({ t: 'x', f: 'x', m: 'x', b: [1] }),
    packed({ t: 'x', f: 'x', m: 'x', k: 1, c: [1] }),
    packed({ t: 'x'.repeat(2_000_000), f: 'x', m: 'x' }),
    `#/play?s=1.${'A'.repeat(100_000)}`,
  ]) {
    expect(fromFragment(bad), bad.slice(0, 40)).toBeNull();
  }
  expect(
    fromFragment(packed({ t: 'x', f: 'y', m: 'z', s: -1, r: 1.5, o: 3, l: 4, p: -1, w: [0] }))?.state,
  ).toEqual({
    scenario: { text: 'x', file: 'y', sets: [] },
    step: 0,
    mode: 'z',
    request: null,
    scene: '',
    others: [],
  });
});
