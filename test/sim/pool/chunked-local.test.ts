import { describe, expect, test } from 'vitest';
import { gateCapOf, layoutOf, nextSkipAt, numSkippedBlocks } from '../../../sim/pool/group-layout.ts';
import { PrefixIndex, ROOT_CHAIN } from '../../../sim/pool/prefix-index.ts';
import { PrefixLookup } from '../../../sim/pool/prefix-lookup.ts';
import { WorkloadBuilder } from '../../../sim/workload/builder.ts';

/* vLLM's own unit tests of ChunkedLocalAttentionManager, block size 2 and chunks of 4 tokens. */

const [GROUP] = layoutOf([{ kind: 'chunked_local', blockSize: 2, window: 4 }]);

describe('possible cached prefix', () => {
  const T = true;
  const F = false;
  const any = Array.from({ length: 8 }, (_, i) => i % 3 === 0);

  test.each([
    [[T], 0, 1],
    [[T], 1, 1],
    [[T, F], 0, 2],
    [[T, F], 1, 2],
    [[T, T], 0, 2],
    [[T, T], 1, 2],
    [[T, T, F], 0, 2],
    [[T, T, F], 1, 2],
    [[T, T, T], 0, 3],
    [[T, T, T], 1, 3],
    [[T, T, T, F], 0, 4],
    [[T, T, T, F], 1, 4],
    [[...any, T], 1, 9],
    [[...any, F], 1, 8],
    [[...any, T, T], 1, 10],
    [[...any, T, F], 0, 10],
    [[...any, T, F], 1, 10],
    [[...any, F, T], 0, 10],
    [[...any, F, T], 1, 10],
    [[...any, F, F], 0, 10],
    [[...any, F, F], 1, 10],
  ])('cached %j with a tail of %i tokens: %i blocks', (cached, tail, expected) => {
    const maxLength = cached.length * 2 + tail;
    const builder = new WorkloadBuilder();
    const segment = builder.newSegment();
    // The last token is never looked up, so one more than the limit is known.
    builder.add({ arrivalNs: 0, prompt: [[segment, 0, maxLength + 1]], maxTokens: 1 });
    const index = new PrefixIndex(100, 1);
    let chain = ROOT_CHAIN;
    cached.forEach((isCached, i) => {
      chain = index.extend(chain, segment, i * 2, 2);
      if (isCached) index.insert(0, chain, i + 10);
      else index.retain(chain);
    });
    const lookup = new PrefixLookup(index, builder.finish(), [GROUP], 2, 2, false);
    lookup.search(0, maxLength + 1);
    expect(lookup.hitLength[0]).toBe(expected);
    expect(lookup.hitTokens).toBe(expected * 2);
    for (const block of lookup.hitBlocks[0].subarray(0, Math.floor((expected - 1) / 2)))
      expect(block).toBe(0);
  });
});

test('blocks are dropped by whole chunks', () => {
  // computed tokens → blocks that become null: 4 and 6 tokens leave the first chunk, 12 tokens three chunks.
  expect([0, 3, 4, 6, 7, 8, 12].map((computed) => numSkippedBlocks(GROUP, computed))).toEqual([
    0, 0, 2, 2, 2, 4, 6,
  ]);
});

test.each([
  ['chunked_local', 2, 4],
  ['chunked_local', 4, 6],
  ['chunked_local', 16, 10],
  ['sliding_window', 2, 4],
  ['sliding_window', 16, 1],
] as const)(
  '%s, blocks of %i, %i tokens: the next drop is where one more block is skipped',
  (kind, blockSize, window) => {
    const [group] = layoutOf([{ kind, blockSize, window }]);
    for (let computed = 0; computed < 200; computed++) {
      const skipped = numSkippedBlocks(group, computed);
      const next = nextSkipAt(group, skipped);
      expect(next).toBeGreaterThan(computed);
      expect(numSkippedBlocks(group, next)).toBeGreaterThan(skipped);
      expect(numSkippedBlocks(group, next - 1)).toBe(skipped);
    }
  },
);

test('the gate asks for one chunk and one batch at most', () => {
  expect(gateCapOf(GROUP, 10, 1000)).toBe(7);
  expect(gateCapOf(GROUP, 10, 8)).toBe(4);
});
