import { describe, expect, test } from 'vitest';
import { Drive } from './drive.ts';

/* Rules of vLLM V1 that one would not guess; each test says in its name what it protects. Blocks have 4 tokens. */

describe('blocks', () => {
  test('the null block is counted in num_gpu_blocks, but never free and never given out', () => {
    const drive = new Drive({ blocks: 4, requests: [{ id: 'a', prompt: 12 }] }).add('a');
    expect(drive.free).toEqual([1, 2, 3]);
    drive.step();
    expect(drive.table('a')).toEqual([1, 2, 3]);
    expect(drive.free).toEqual([]);
  });

  test('a request frees its table from the tail, so that its tail is reused first', () => {
    const drive = new Drive({
      blocks: 6,
      caching: false,
      requests: [{ id: 'a', prompt: 12, outputs: 1 }],
    }).add('a');
    drive.step();
    expect(drive.free).toEqual([4, 5, 3, 2, 1]);
  });

  test('finished requests are freed one by one in batch order, inside the update', () => {
    const requests = [
      { id: 'a', prompt: 8, outputs: 1 },
      { id: 'b', prompt: 8, outputs: 1 },
    ];
    const drive = new Drive({ blocks: 5, caching: false, requests }).add('a', 'b');
    drive.step();
    expect(drive.free).toEqual([2, 1, 4, 3]);
  });

  test('several groups are freed group by group', () => {
    const groups = [
      { kind: 'full', blockSize: 4, window: 0 },
      { kind: 'full', blockSize: 4, window: 0 },
    ] as const;
    const drive = new Drive({
      blocks: 5,
      groups,
      caching: false,
      requests: [{ id: 'a', prompt: 8, outputs: 1 }],
    }).add('a');
    drive.schedule();
    expect([drive.table('a', 0), drive.table('a', 1)]).toEqual([
      [1, 2],
      [3, 4],
    ]);
    drive.update();
    expect(drive.free).toEqual([2, 1, 4, 3]);
  });
});

describe('prefix cache', () => {
  const shared = [['s', 0, 8]] as const;

  test('a block enters the cache when it is scheduled: the same step can hit it', () => {
    const requests = [
      { id: 'a', prompt: [...shared, ['a', 0, 2]] as const },
      { id: 'b', prompt: [...shared, ['b', 0, 2]] as const },
    ];
    const drive = new Drive({ requests }).add('a', 'b');
    expect(drive.step()).toEqual([
      ['a', 10],
      ['b', 2],
    ]);
    expect(drive.table('b').slice(0, 2)).toEqual(drive.table('a').slice(0, 2));
  });

  test('at least the last token is computed: a wholly cached prompt of whole blocks recomputes its last block', () => {
    const requests = [
      { id: 'a', prompt: shared },
      { id: 'b', prompt: shared },
    ];
    const drive = new Drive({ requests }).add('a', 'b');
    expect(drive.step()).toEqual([
      ['a', 8],
      ['b', 4],
    ]);
    // Computed twice, kept twice: nothing is deduplicated, and a lookup gives the earlier one.
    expect(drive.table('b')).toEqual([1, 3]);
    expect(drive.chain(2)).toBe(drive.chain(3));
  });

  test('the last output is never scheduled, so the block that it completes is never cached', () => {
    const drive = new Drive({ requests: [{ id: 'a', prompt: 6, outputs: 2 }] }).add('a');
    drive.steps(2);
    expect([1, 2].map((block) => drive.chain(block) !== 0)).toEqual([true, false]);
  });

  test('free blocks that are hit count as needed, because touching takes them out of the queue', () => {
    const requests = [
      { id: 'a', prompt: shared, outputs: 1 },
      { id: 'c', prompt: 8, outputs: 50 },
      { id: 'b', prompt: [...shared, ['b', 0, 1]] as const },
    ];
    const drive = new Drive({ blocks: 5, requests }).add('a', 'c');
    drive.step();
    drive.add('b');
    // Two cached blocks are free, c takes none of them; b hits both and needs a third one: refused.
    expect(drive.schedule()).toEqual([['c', 1]]);
    expect(drive.scheduler.admissionNeed).toBe(3);
  });
});

describe('admission', () => {
  test('a step that preempts admits nobody, even where blocks and budget are left', () => {
    const requests = [
      { id: 'a', prompt: 8, outputs: 50 },
      { id: 'b', prompt: 16, outputs: 50 },
      { id: 'c', prompt: 1 },
    ];
    const drive = new Drive({ blocks: 7, caching: false, requests }).add('a', 'b');
    drive.step();
    drive.add('c');
    expect(drive.step()).toEqual([['a', 1]]);
    expect(drive.free.length).toBeGreaterThan(1);
    // b, in front again, does not fit beside a; c waits behind it.
    expect(drive.step()).toEqual([['a', 1]]);
  });

  test('the head of the queue blocks all behind it', () => {
    const requests = [
      { id: 'a', prompt: 16, outputs: 50 },
      { id: 'large', prompt: 12 },
      { id: 'small', prompt: 1 },
    ];
    const drive = new Drive({ blocks: 7, caching: false, requests }).add('a');
    drive.step();
    drive.add('large', 'small');
    expect(drive.step()).toEqual([['a', 1]]);
  });

  test('the whole known sequence must fit, though only a chunk of it is allocated', () => {
    const requests = [
      { id: 'a', prompt: 8, outputs: 50 },
      { id: 'b', prompt: 40 },
    ];
    const gate = { blocks: 10, caching: false, maxNumBatchedTokens: 16, requests };
    expect(new Drive(gate).add('a', 'b').step()).toEqual([['a', 8]]);
    expect(new Drive({ ...gate, schedulerReserveFullIsl: false }).add('a', 'b').step()).toEqual([
      ['a', 8],
      ['b', 8],
    ]);
  });

  test('the threshold comes before the test for unchunked prefill: it cuts prompts all the same', () => {
    const requests = [{ id: 'a', prompt: 50 }];
    const unchunked = { enableChunkedPrefill: false, maxNumBatchedTokens: 20, requests };
    expect(new Drive(unchunked).add('a').step()).toEqual([]);
    expect(new Drive({ ...unchunked, longPrefillTokenThreshold: 10 }).add('a').step()).toEqual([['a', 10]]);
  });
});

describe('preemption', () => {
  test('fcfs takes the last of the running, and puts it at the front of the queue', () => {
    const requests = [
      { id: 'a', prompt: 4, outputs: 50 },
      { id: 'b', prompt: 4, outputs: 50 },
      { id: 'c', prompt: 4, outputs: 50 },
    ];
    const drive = new Drive({ blocks: 4, caching: false, requests }).add('a', 'b', 'c');
    drive.step();
    expect(drive.step()).toEqual([['a', 1]]);
    // a took c's block, and b, which found none either, is the last then and preempted itself.
    expect(drive.running).toEqual(['a']);
    expect(drive.scheduler.waiting.head).toBe(1);
    expect([drive.computed('b'), drive.computed('c')]).toEqual([0, 0]);
  });

  test('a resumed request computes prompt and outputs again, less what the cache still holds', () => {
    const requests = [
      { id: 'a', prompt: 4, outputs: 4 },
      { id: 'b', prompt: 6, outputs: 50 },
    ];
    const drive = new Drive({ blocks: 4, requests }).add('a', 'b');
    expect(drive.step()).toEqual([
      ['a', 4],
      ['b', 6],
    ]);
    // a needs a second block: b goes. Its first block stays cached until it is taken.
    expect(drive.step()).toEqual([['a', 1]]);
    drive.steps(2);
    expect(drive.running).toEqual([]);
    expect(drive.step()).toEqual([['b', 3]]);
    expect(drive.computed('b')).toBe(7);
  });

  test('priority: equally unimportant victims are taken in list order, not by id', () => {
    const requests = [
      { id: 'x', prompt: 4, outputs: 50, priority: 0 },
      { id: 'z', prompt: 4, outputs: 50, priority: 5, arrival: 7 },
      { id: 'y', prompt: 4, outputs: 50, priority: 5, arrival: 7 },
    ];
    const drive = new Drive({ blocks: 4, caching: false, policy: 'priority', requests }).add('x', 'z', 'y');
    drive.step();
    const before = drive.running;
    drive.step();
    const gone = before.filter((id) => !drive.running.includes(id));
    expect(before).toEqual(['x', 'y', 'z']);
    expect(gone[0]).toBe('y');
  });

  test('priority: the queue compares ids as strings, so r10 comes before r2', () => {
    const requests = [
      { id: 'r2', prompt: 4 },
      { id: 'r10', prompt: 4 },
    ];
    expect(
      new Drive({ policy: 'priority', requests })
        .add('r2', 'r10')
        .step()
        .map(([id]) => id),
    ).toEqual(['r10', 'r2']);
  });
});

describe('look-ahead and drafts', () => {
  const spec = { numSpeculativeTokens: 3, numLookaheadTokens: 3 };

  test('look-ahead is allocated for running requests only, and then always', () => {
    const drive = new Drive({ ...spec, caching: false, requests: [{ id: 'a', prompt: 8, outputs: 50 }] }).add(
      'a',
    );
    drive.step();
    expect(drive.table('a')).toHaveLength(2);
    drive.schedule();
    // 8 computed + 4 scheduled + 3 ahead = 15 tokens.
    expect(drive.table('a')).toHaveLength(4);
  });

  test('blocks of rejected drafts stay in the table', () => {
    const drive = new Drive({
      ...spec,
      accept: 0,
      caching: false,
      requests: [{ id: 'a', prompt: 8, outputs: 50 }],
    }).add('a');
    drive.steps(2);
    expect(drive.computed('a')).toBe(9);
    expect(drive.table('a')).toHaveLength(4);
  });
});

test('a sliding window drops blocks by the tokens computed before the step, and leaves the null block', () => {
  const groups = [{ kind: 'sliding_window', blockSize: 4, window: 6 }] as const;
  const drive = new Drive({ groups, caching: false, requests: [{ id: 'a', prompt: 9, outputs: 50 }] }).add(
    'a',
  );
  drive.step();
  // 9 computed: tokens 0 to 3 are out of reach, which is block 1.
  expect(drive.table('a')).toEqual([1, 2, 3]);
  drive.schedule();
  expect(drive.table('a')).toEqual([0, 2, 3]);
});

test('async: an output is applied one step late, and the step that surely reaches max_tokens is left out', () => {
  const drive = new Drive({ asyncScheduling: true, requests: [{ id: 'a', prompt: 4, outputs: 2 }] }).add('a');
  expect(drive.schedule()).toEqual([['a', 4]]);
  expect(drive.schedule()).toEqual([['a', 1]]);
  drive.update();
  expect(drive.scheduler.numOutputs[0]).toBe(1);
  expect(drive.schedule()).toEqual([]);
  drive.update();
  expect(drive.running).toEqual([]);
});
