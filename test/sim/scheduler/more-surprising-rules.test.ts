import { describe, expect, test } from 'vitest';
import { Drive, type Request } from './drive.ts';

/* More rules of vLLM V1 that one would not guess, of groups, priorities and look-ahead. Blocks have 4 tokens. */

const full = { kind: 'full', blockSize: 4, window: 0 } as const;
const sliding = (window: number, blockSize = 4) => ({ kind: 'sliding_window', blockSize, window }) as const;

describe('running requests', () => {
  test('the long-prefill threshold cuts a decode step with its drafts too', () => {
    const drive = new Drive({
      requests: [{ id: 'a', prompt: 4, outputs: 30 }],
      numSpeculativeTokens: 5,
      longPrefillTokenThreshold: 4,
    }).add('a');
    drive.step();
    // One sampled token and five drafts wait; four of the six are computed.
    expect(drive.schedule()).toEqual([['a', 4]]);
  });

  test('blocks outside the window are dropped even where the allocation then fails', () => {
    const requests: Request[] = [
      { id: 'a', prompt: 8, outputs: 20 },
      { id: 'b', prompt: 16, outputs: 20 },
    ];
    // a holds 2 blocks, b 4: nothing is free. b drops one that lies behind its window, and takes it itself.
    const drive = new Drive({ blocks: 7, caching: false, groups: [sliding(4)], requests }).add('a', 'b');
    drive.step();
    expect(drive.free).toEqual([]);
    drive.step();
    expect(drive.running).toEqual(['a', 'b']);
    expect(drive.table('a')[0]).toBe(0);
  });
});

describe('admission', () => {
  test('nothing is set aside: prompts cut in chunks are admitted one by one though they do not fit together', () => {
    const requests = ['a', 'b'].map((id) => ({ id, prompt: 32, outputs: 2 }));
    const drive = new Drive({
      blocks: 11,
      caching: false,
      longPrefillTokenThreshold: 4,
      requests,
    }).add('a', 'b');
    // Each needs 8 of 10 blocks in the end, but holds one after its first chunk.
    drive.step();
    expect(drive.running).toEqual(['a', 'b']);
    drive.steps(4);
    expect([drive.running, drive.free]).toEqual([['a', 'b'], []]);
    drive.step();
    expect(drive.running).toEqual(['a']);
  });

  test('nobody is preempted for a waiting request, however important', () => {
    const requests: Request[] = [
      { id: 'idle', prompt: 16, outputs: 8, priority: 9 },
      { id: 'urgent', prompt: 16, outputs: 2, priority: 0, arrival: 1 },
    ];
    const drive = new Drive({ blocks: 8, policy: 'priority', requests }).add('idle');
    drive.step();
    drive.add('urgent').step();
    expect(drive.running).toEqual(['idle']);
  });

  test('the gate asks of a window group no more than the window and max_num_batched_tokens can hold at once', () => {
    const requests = [{ id: 'a', prompt: 64, outputs: 2 }];
    const setup = { caching: false, groups: [sliding(4)], maxNumBatchedTokens: 8, requests };
    // ceil((4 - 1 + 8) / 4) + 1 = 4 blocks, of 16 that the prompt fills in all.
    expect(new Drive({ ...setup, blocks: 5 }).add('a').step()).toEqual([['a', 8]]);
    expect(new Drive({ ...setup, blocks: 4 }).add('a').step()).toEqual([]);
    // max_num_scheduled_tokens does not count here.
    const cut = { ...setup, blocks: 5, maxNumBatchedTokens: 16, maxNumScheduledTokens: 4 };
    expect(new Drive(cut).add('a').step()).toEqual([]);
  });
});

describe('prefix cache', () => {
  const prompt = (own: string, ownLength: number, shared = 8) =>
    [
      ['s', 0, shared],
      [own, 0, ownLength],
    ] as const;

  test('groups never share blocks: equal groups hold a copy each', () => {
    const requests = [{ id: 'a', prompt: 8, outputs: 2 }];
    const drive = new Drive({ groups: [full, full], requests }).add('a');
    drive.step();
    expect(drive.table('a', 0)).not.toEqual(drive.table('a', 1));
    // One content, entered once per group.
    expect(drive.chain(drive.table('a', 0)[0])).toBe(drive.chain(drive.table('a', 1)[0]));
  });

  test('many whole chunks that nobody computed count as a hit; what comes behind them is cached in its place', () => {
    const prompt = [['p', 0, 1200]] as const;
    const drive = new Drive({
      groups: [{ kind: 'chunked_local', blockSize: 4, window: 1192 }],
      maxModelLen: 2000,
      requests: [
        { id: 'a', prompt, outputs: 1 },
        { id: 'b', prompt, outputs: 1 },
      ],
    }).add('a');
    // 298 blocks are null; two are computed, of which one is whole before the last token.
    expect(drive.step()).toEqual([['a', 8]]);
    drive.add('b');
    expect(drive.schedule()).toEqual([['b', 4]]);
  });

  test('a window of one token needs no block before it, and all blocks of a prompt are entered', () => {
    const prompt = [['p', 0, 9]] as const;
    const requests = ['a', 'b'].map((id) => ({ id, prompt, outputs: 1 }));
    const groups = [{ kind: 'sliding_window' as const, blockSize: 4, window: 1 }];
    const drive = new Drive({ requests, groups, maxNumBatchedTokens: 64 }).add('a', 'b');
    expect(drive.step()).toEqual([
      ['a', 9],
      ['b', 1],
    ]);
  });

  test('a content that was computed twice stands twice in the cache; a hit takes the copy entered first', () => {
    const requests: Request[] = [
      { id: 'a', prompt: [['s', 0, 8]], outputs: 9 },
      { id: 'b', prompt: [['s', 0, 8]], outputs: 9 },
      { id: 'c', prompt: [['s', 0, 9]], outputs: 9 },
    ];
    // Both recompute their last block: the one that a entered is found, b enters its own copy.
    const drive = new Drive({ requests }).add('a', 'b');
    drive.step();
    const [first, second] = [drive.table('a')[1], drive.table('b')[1]];
    expect(first).not.toBe(second);
    expect(drive.chain(first)).toBe(drive.chain(second));
    drive.add('c').step();
    expect(drive.table('c').slice(0, 2)).toEqual([drive.table('a')[0], first]);
  });

  test('a partial block is freed like a cached one: it gets no preference for being taken again', () => {
    const requests: Request[] = [
      { id: 'a', prompt: 6, outputs: 1 },
      { id: 'b', prompt: 8, outputs: 1 },
    ];
    const drive = new Drive({ blocks: 5, requests }).add('a', 'b');
    drive.step();
    // a's partial block 2, then its cached block 1, then those of b.
    expect(drive.free).toEqual([2, 1, 4, 3]);
  });

  test('unequal block sizes: contents enter only up to a multiple of all of them', () => {
    const requests = [{ id: 'a', prompt: 12, outputs: 9 }];
    const drive = new Drive({ groups: [{ ...full, blockSize: 8 }, full], requests }).add('a');
    drive.step();
    // 12 tokens: the third block of 4 is full, but 12 is no multiple of 8.
    expect(drive.table('a', 1).map((block) => drive.chain(block) !== 0)).toEqual([true, true, false]);
    drive.steps(4);
    expect(drive.table('a', 1).map((block) => drive.chain(block) !== 0)).toEqual([true, true, true, true]);
  });

  test('unequal block sizes: a block that left the window before its turn is never entered', () => {
    const requests = [{ id: 'a', prompt: 8, outputs: 40 }];
    const drive = new Drive({ groups: [{ ...full, blockSize: 16 }, sliding(2)], requests }).add('a');
    drive.steps(9);
    // At 16 tokens the first blocks of 4 are null by now; of the others only the window's one is entered.
    expect(drive.computed('a')).toBe(16);
    expect(drive.table('a', 1).slice(0, 2)).toEqual([0, 0]);
    expect(drive.table('a', 1).map((block) => (block === 0 ? null : drive.chain(block) !== 0))).toEqual([
      null,
      null,
      null,
      true,
    ]);
  });

  test('with eagle, full and window groups of unequal size never hit: the block that its look-up wants is not entered', () => {
    const requests: Request[] = [
      { id: 'a', prompt: prompt('x', 4, 60), outputs: 2 },
      { id: 'b', prompt: prompt('y', 4, 60), outputs: 2 },
    ];
    const groups = [{ ...full, blockSize: 16 }, sliding(5)];
    const setup = { groups, requests, blocks: 200, maxNumBatchedTokens: 256 };
    const eagle = new Drive({ ...setup, useEagle: true, numSpeculativeTokens: 1, numLookaheadTokens: 1 });
    eagle.add('a').steps(4);
    expect(eagle.add('b').schedule()).toEqual([['b', 64]]);
    const plain = new Drive(setup).add('a');
    plain.steps(4);
    expect(plain.add('b').schedule()).toEqual([['b', 16]]);
  });

  test('full and one window group: one pass over both is enough, though the second shortens the first', () => {
    const requests: Request[] = [
      { id: 'a', prompt: [['s', 0, 32]], outputs: 1 },
      { id: 'b', prompt: prompt('y', 4, 32), outputs: 1 },
    ];
    const drive = new Drive({ groups: [full, sliding(8)], requests }).add('a');
    drive.step();
    expect(drive.add('b').schedule()).toEqual([['b', 4]]);
    // Of the window group only what the window sees is attached.
    expect(drive.table('b', 1).slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(drive.table('b', 0).slice(0, 6)).not.toContain(0);
  });

  test('of full groups of two block sizes only the first is cut to the hit: the other keeps blocks beyond it', () => {
    const requests: Request[] = [
      { id: 'a', prompt: [['s', 0, 32]], outputs: 10 },
      { id: 'filler', prompt: 16, outputs: 1 },
      { id: 'b', prompt: prompt('y', 1, 24), outputs: 5 },
    ];
    const drive = new Drive({ groups: [{ ...full, blockSize: 8 }, full, sliding(5)], requests, blocks: 30 });
    // a's first seven blocks left the window; the filler takes those from 12 to 28 tokens.
    drive.add('a').steps(2);
    drive.add('filler').step();
    expect(drive.add('b').step()).toContainEqual(['b', 25 - 8]);
    expect(drive.table('b', 0)[0]).toBe(drive.table('a', 0)[0]);
    expect(drive.table('b', 0)[1]).not.toBe(drive.table('a', 0)[1]);
    expect(drive.table('b', 1).slice(0, 6)).toEqual(drive.table('a', 1).slice(0, 6));
  });
});

describe('priority', () => {
  test('a victim that was already in the batch gives its tokens back; blocks that it never computed can be hit', () => {
    const requests: Request[] = [
      { id: 'late', prompt: 24, outputs: 20, priority: 5 },
      { id: 'early', prompt: 8, outputs: 2, priority: 0 },
    ];
    const drive = new Drive({ blocks: 9, policy: 'priority', longPrefillTokenThreshold: 8, requests });
    drive.add('late').step();
    drive.add('early').step();
    expect([drive.computed('late'), drive.computed('early')]).toEqual([16, 8]);
    // late takes the last two blocks for its third chunk; early then finds none, and late is the victim.
    expect(drive.step()).toEqual([['early', 1]]);
    expect(drive.running).toEqual([]);
    // early took late's tail, but the block before it can be hit: 20 tokens, of which late computed 16.
    expect(drive.step()).toEqual([['late', 4]]);
    expect(drive.computed('late')).toBe(24);
  });

  test('a requester that is itself the least important ends the pass: those behind it get nothing', () => {
    const requests: Request[] = [
      { id: 'a', prompt: 7, outputs: 20, priority: 9 },
      { id: 'b', prompt: 10, outputs: 20, priority: 0 },
    ];
    const drive = new Drive({ blocks: 6, caching: false, policy: 'priority', requests }).add('a');
    drive.step();
    drive.add('b').step();
    expect(drive.free).toEqual([]);
    // a needs a third block, and is the victim of its own need; b could go on inside its third block.
    expect(drive.step()).toEqual([]);
    expect(drive.running).toEqual(['b']);
    expect(drive.table('b')).toHaveLength(3);
  });
});

test('a reset of the prefix cache loses an output for every placeholder: with drafts, also some of later steps', () => {
  const drive = new Drive({
    requests: [{ id: 'a', prompt: 4, outputs: 20 }],
    asyncScheduling: true,
    numSpeculativeTokens: 2,
  }).add('a');
  const outputs = () => drive.scheduler.numOutputs[0];
  drive.schedule();
  drive.schedule();
  drive.update();
  expect(outputs()).toBe(1);
  // One batch is in flight, with two drafts: three placeholders.
  expect(drive.scheduler.resetPrefixCache(true)).toBe(true);
  expect(drive.schedule()).toEqual([['a', 5]]);
  for (let lost = 0; lost < 3; lost++) {
    drive.update();
    expect(outputs()).toBe(1);
    drive.schedule();
  }
  drive.update();
  expect(outputs()).toBe(2);
});
