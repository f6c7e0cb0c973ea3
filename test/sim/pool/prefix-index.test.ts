import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NONE, PrefixIndex, ROOT_CHAIN } from '../../../sim/pool/prefix-index.ts';

const NUM_BLOCKS = 9;

/** Contents are strings of the letters a and b; a chain stands for such a string. */
function chainOf(index: PrefixIndex, content: string, extend: boolean): number {
  let chain = ROOT_CHAIN;
  for (let i = 0; i < content.length; i++) {
    const segment = content.charCodeAt(i) - 97;
    chain = extend ? index.extend(chain, segment, i, 1) : index.find(chain, segment, i, 1);
    if (chain === NONE) return NONE;
  }
  return chain;
}

test('a lookup gives the earliest inserted block of exactly that content, and nothing outlives its blocks', () => {
  const content = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 });
  const operation = fc.tuple(fc.integer({ min: 1, max: NUM_BLOCKS - 1 }), content, fc.nat(1));
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60, size: 'max' }), (operations) => {
      const index = new PrefixIndex(NUM_BLOCKS, 2);
      const held = new Map<number, { content: string; group: number }>();
      for (const [block, content, group] of operations) {
        if (held.has(block)) {
          index.evict(block);
          held.delete(block);
        } else {
          const chain = chainOf(index, content, true);
          index.insert(group, chain, block);
          held.set(block, { content, group });
        }
        for (const probe of ['a', 'b', 'ab', 'ba', 'abab', content]) {
          for (const g of [0, 1]) {
            const first =
              [...held].find(([, entry]) => entry.content === probe && entry.group === g)?.[0] ?? NONE;
            const chain = chainOf(index, probe, false);
            expect(chain === NONE ? NONE : index.lookup(g, chain)).toBe(first);
          }
        }
        const needed = new Set<string>();
        for (const entry of held.values()) {
          for (let length = 1; length <= entry.content.length; length++)
            needed.add(entry.content.slice(0, length));
        }
        expect(index.numLiveChains).toBe(needed.size);
      }
    }),
    { numRuns: 500 },
  );
});

test('a chain that a request retains survives the eviction of its block', () => {
  const index = new PrefixIndex(4, 1);
  const chain = index.extend(ROOT_CHAIN, 5, 0, 16);
  index.insert(0, chain, 1);
  index.retain(chain);
  index.evict(1);
  expect(index.lookup(0, chain)).toBe(NONE);
  expect(index.find(ROOT_CHAIN, 5, 0, 16)).toBe(chain);
  index.release(chain);
  expect(index.numLiveChains).toBe(0);
});

test('thousands of chains: growth keeps every one findable', () => {
  const index = new PrefixIndex(5000, 1);
  for (let i = 1; i < 5000; i++) index.insert(0, index.extend(ROOT_CHAIN, i, 7, 16), i);
  for (let i = 1; i < 5000; i++) expect(index.lookup(0, index.find(ROOT_CHAIN, i, 7, 16))).toBe(i);
});
