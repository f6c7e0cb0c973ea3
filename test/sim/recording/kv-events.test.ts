import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProblem, type InputError } from '../../../sim/error.ts';
import { decodeRecording, encodeRecording } from '../../../sim/recording/codec.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { recordingOfKvEvents } from '../../../sim/recording/kv-events.ts';

const DUMP = `{"ts": 10.0, "events": [{"type": "BlockStored", "block_hashes": [12345678901234567890, 12345678901234567891], "parent_block_hash": null, "token_ids": [1], "block_size": 32}]}
{"ts": 10.5, "events": [{"type": "BlockRemoved", "block_hashes": [12345678901234567890]}, {"type": "BlockStored", "block_hashes": ["ab"], "block_size": 32}]}
{"ts": 11.0, "events": [{"type": "AllBlocksCleared"}]}
`;

function cachedAt(cursor: Cursor, step: number): number {
  cursor.seek(step);
  return cursor.chain.filter((chain) => chain !== 0).length;
}

test('blocks enter and leave the cache, forwards and backwards', () => {
  const recording = decodeRecording(encodeRecording(recordingOfKvEvents(DUMP, 'x.jsonl')));
  expect(recording.header.pool).toMatchObject({ numGpuBlocks: 3, hashBlockSize: 32 });
  expect([...recording.steps.startNs]).toEqual([0, 5e8, 1e9]);
  const cursor = new Cursor(recording);
  // Hashes that differ in their last digit are two blocks.
  expect([0, 1, 2, 1, 0, -1].map((step) => cachedAt(cursor, step))).toEqual([2, 2, 0, 2, 2, 0]);
  expect([...recording.steps.numCachedFreeBlocks]).toEqual([2, 2, 0]);
});

test('a batch that says an earlier time than the one before it comes at the same', () => {
  const recording = recordingOfKvEvents(DUMP.replace('"ts": 11.0', '"ts": 10.2'), 'x.jsonl');
  expect([...recording.steps.startNs]).toEqual([0, 5e8, 5e8]);
  expect([...recording.steps.endNs]).toEqual([5e8, 5e8, 5e8]);
});

describe('bad lines are one located error', () => {
  test.each([
    ['cut off', DUMP.slice(0, 60), 'x.jsonl:1:1: expected one JSON object a line: is the file cut off?'],
    [
      'another type',
      DUMP.replace('BlockRemoved', 'Moved'),
      'x.jsonl:2:1: type: expected BlockStored, BlockRemoved or AllBlocksCleared',
    ],
    ['no hashes', DUMP.replace('["ab"]', '7'), 'x.jsonl:2:1: block_hashes: expected a list of hashes'],
    ['nothing', '\n', 'x.jsonl: holds no events'],
  ])('%s', (_, text, message) => {
    let problem = '';
    try {
      recordingOfKvEvents(text, 'x.jsonl');
    } catch (error) {
      problem = formatProblem((error as InputError).problems[0]);
    }
    expect(problem).toBe(message);
  });
});

test('any order of stores, removals and clears replays to what counting says, in every step', () => {
  const event = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        type: fc.constant('BlockStored'),
        block_hashes: fc.array(fc.nat(20), { maxLength: 4 }),
        block_size: fc.constant(16),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('BlockRemoved'),
        block_hashes: fc.array(fc.nat(20), { maxLength: 4 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('AllBlocksCleared') }) },
  );
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 40, size: 'max' }), (events) => {
      const recording = recordingOfKvEvents(events.map((e) => JSON.stringify(e)).join('\n'), 'x');
      const cursor = new Cursor(recording);
      const stored = new Map<number, number>();
      const sizes = events.map((e) => {
        if (e.type === 'AllBlocksCleared') stored.clear();
        for (const hash of 'block_hashes' in e ? e.block_hashes : []) {
          const count = stored.get(hash) ?? 0;
          stored.set(hash, e.type === 'BlockStored' ? count + 1 : Math.max(0, count - 1));
        }
        return [...stored.values()].reduce((sum, count) => sum + count, 0);
      });
      expect(sizes.map((_, step) => cachedAt(cursor, step))).toEqual(sizes);
      for (let step = sizes.length - 1; step >= 0; step--) expect(cachedAt(cursor, step)).toBe(sizes[step]);
      expect(cachedAt(cursor, -1)).toBe(0);
    }),
    { numRuns: 300 },
  );
});
