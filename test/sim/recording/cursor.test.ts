import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import { InputError } from '../../../sim/error.ts';
import { decodeRecording, digestOf, encodeRecording } from '../../../sim/recording/codec.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { WorkloadBuilder } from '../../../sim/workload/builder.ts';
import { randomRun } from '../random-run.ts';

/** Everything that the cursor shows, as plain values. */
function stateOf(cursor: Cursor) {
  const { numBlocks, recording } = cursor;
  const blocks = Array.from({ length: numBlocks }, (_, block) => block);
  const running = [...cursor.running()];
  return {
    step: cursor.step,
    refCount: [...cursor.refCount],
    numEncoderEmbeds: cursor.numEncoderEmbeds,
    chain: [...cursor.chain],
    holderSum: [...cursor.holderSum],
    state: [...cursor.state],
    freeQueue: [...cursor.freeQueue()],
    running,
    waiting: [...cursor.waiting()],
    fills: blocks.map((block) => cursor.fill(block)),
    tables: running.map((request) =>
      recording.header.pool.groups.map((_, group) => [...cursor.table(request, group)]),
    ),
    computed: running.map((request) => cursor.numComputedTokens(request)),
    scheduled: running.map((request) => cursor.numScheduledTokens(request)),
  };
}

test('seek(i) equals playing to i equals stepping back to i', () => {
  fc.assert(
    fc.property(randomRun, fc.array(fc.nat(400), { minLength: 1, maxLength: 6 }), (input, seeks) => {
      const recording = simulate({ ...input, maxSteps: 300 });
      const forward = new Cursor(recording);
      const played = Array.from({ length: recording.numSteps + 2 }, (_, i) => {
        forward.seek(i - 1);
        return stateOf(forward);
      });
      for (let step = recording.numSteps; step >= -1; step--) {
        forward.seek(step);
        expect(stateOf(forward)).toEqual(played[step + 1]);
      }
      const jumping = new Cursor(recording);
      for (const seek of seeks) {
        const step = seek % (recording.numSteps + 1);
        jumping.seek(step);
        expect(stateOf(jumping)).toEqual(played[step + 1]);
        jumping.applyOutputs();
      }
    }),
    { numRuns: 150, seed: 3 },
  );
});

test('under the priority policy the queue is in the order in which its requests are admitted', () => {
  const [base] = fc.sample(randomRun, { numRuns: 1, seed: 1 });
  const builder = new WorkloadBuilder();
  for (const priority of [2, 0, 1, 0]) {
    builder.add({ arrivalNs: 0, prompt: [[builder.newSegment(), 0, 8]], maxTokens: 2, priority });
  }
  const recording = simulate({
    ...base,
    scheduler: { ...base.scheduler, policy: 'priority', maxNumSeqs: 1, numSpeculativeTokens: 0 },
    workload: builder.finish(),
    acceptance: undefined,
  });
  const ids = (requests: Iterable<number>) => Array.from(requests, (i) => recording.requestIds[i]);
  const cursor = new Cursor(recording);
  cursor.seek(0);
  expect(ids(cursor.running())).toEqual(['r1']);
  expect(ids(cursor.waiting())).toEqual(['r3', 'r2', 'r0']);
});

test('jumps by keyframe: a long run, seeks in any order', () => {
  const [base] = fc.sample(randomRun, { numRuns: 1, seed: 11 });
  const requests = 400;
  const { workload } = base;
  const big = {
    ...base,
    maxSteps: 20_000,
    workload: {
      ...workload,
      numRequests: requests,
      ids: Array.from({ length: requests }, (_, i) => `r${i}`),
      arrivalNs: Float64Array.from({ length: requests }, (_, i) => i * 9),
      dependsOn: new Int32Array(requests).fill(-1),
      numPromptTokens: new Int32Array(requests).fill(9),
      maxTokens: Int32Array.from({ length: requests }, (_, i) => 3 + (i % 40)),
      priority: new Int32Array(requests),
      abortAfterNs: new Float64Array(requests).fill(Number.POSITIVE_INFINITY),
      runStart: Int32Array.from({ length: requests + 1 }, (_, i) => i),
      runSegment: Int32Array.from({ length: requests }, (_, i) => i % 7),
      runOffset: new Int32Array(requests),
      runLength: new Int32Array(requests).fill(9),
      outputSegment: Int32Array.from({ length: requests }, (_, i) => 100 + i),
    },
  };
  const recording = simulate(big);
  expect(recording.numEvents).toBeGreaterThan(3 * 4096);
  const played = new Cursor(recording);
  const jumping = new Cursor(recording);
  const prepared = new Cursor(recording);
  prepared.seek(recording.numSteps >> 2);
  while (prepared.prepare(1000)) prepared.seek(prepared.step - 1);
  expect(prepared.prepare(1000)).toBe(false);
  const last = recording.numSteps;
  for (const step of [last, 3, last >> 1, (last >> 1) - 40, last - 1, 0, (last * 3) >> 2, (last >> 2) + 1]) {
    jumping.seek(step);
    for (let at = 0; at <= step; at += 1) played.seek(at);
    prepared.seek(step);
    expect(stateOf(jumping)).toEqual(stateOf(played));
    expect(stateOf(prepared)).toEqual(stateOf(played));
  }
});

test('takeChanges names every block that looks different', () => {
  fc.assert(
    fc.property(randomRun, fc.array(fc.nat(200), { minLength: 2, maxLength: 8 }), (input, seeks) => {
      const recording = simulate({ ...input, maxSteps: 200 });
      const cursor = new Cursor(recording);
      let shown = {
        refCount: [...cursor.refCount],
        chain: [...cursor.chain],
        holderSum: [...cursor.holderSum],
      };
      cursor.takeChanges();
      for (const seek of seeks) {
        cursor.seek(seek % (recording.numSteps + 1));
        const { all, count, blocks } = cursor.takeChanges();
        const named = new Set(blocks.slice(0, count));
        const now = {
          refCount: [...cursor.refCount],
          chain: [...cursor.chain],
          holderSum: [...cursor.holderSum],
        };
        now.refCount.forEach((_, block) => {
          const differs =
            now.refCount[block] !== shown.refCount[block] ||
            now.chain[block] !== shown.chain[block] ||
            now.holderSum[block] !== shown.holderSum[block];
          if (differs && !all) expect(named).toContain(block);
        });
        shown = now;
      }
    }),
    { numRuns: 200, seed: 5 },
  );
});

describe('recording files', () => {
  const recordings = fc
    .sample(randomRun, { numRuns: 20, seed: 2 })
    .map((input) => simulate({ ...input, maxSteps: 200 }));

  test('what was written is read again', () => {
    for (const recording of recordings) {
      const read = decodeRecording(encodeRecording(recording));
      expect(read).toEqual(recording);
      expect(digestOf(read)).toBe(digestOf(recording));
    }
  });

  const problemOf = (bytes: Uint8Array) => {
    try {
      decodeRecording(bytes, 'x.poolrec');
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      return (error as InputError).message;
    }
    return null;
  };

  test.each([
    [
      'another kind of file',
      new TextEncoder().encode('version: 1\nname: hello'),
      'not a Poolscope recording',
    ],
    ['nothing', new Uint8Array(0), 'not a Poolscope recording'],
    ['a file that was cut off', encodeRecording(recordings[0]).slice(0, -9), 'cut off'],
    ['another format version', encodeRecording(recordings[0]).with(7, 9), 'format version 9'],
    [
      'bytes behind the end',
      Uint8Array.from([...encodeRecording(recordings[0]), 0]),
      'behind the last column',
    ],
  ])('%s is one clear error', (_, bytes, message) => {
    expect(problemOf(bytes)).toContain(message);
  });

  test('any damaged byte is found or harmless, and never crashes the reader', () => {
    const bytes = encodeRecording(recordings[1]);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        problemOf(bytes.with(at, bytes[at] ^ change));
      }),
      { numRuns: 1000 },
    );
  });
});
