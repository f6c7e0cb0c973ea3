import { describe, expect, test } from 'vitest';
import { V0Drive } from './v0-drive.ts';

/* Rules of vLLM 0.6.3 that one would not guess; each test says in its name what it protects. Blocks have 4 tokens. */

describe('running', () => {
  test('a decode inside its last block still needs a free block', () => {
    const drive = new V0Drive({ numGpuBlocks: 2, requests: [{ id: 'a', prompt: 6 }] }).add('a');
    drive.step();
    expect(drive.numFree).toBe(0);
    expect(drive.step()).toEqual([]);
    expect(drive.waiting).toEqual(['a']);
    expect(drive.numFree).toBe(2);
  });

  test('a lone decode preempts itself, and its outputs are prefilled with its prompt', () => {
    const drive = new V0Drive({ numGpuBlocks: 2, requests: [{ id: 'a', prompt: 6 }] }).add('a');
    expect(drive.step()).toEqual([['a', 6]]);
    expect(drive.step()).toEqual([]);
    expect(drive.step()).toEqual([['a', 7]]);
  });

  test('a prompt that fills the pool but for its last block is preempted after each first chunk, for ever', () => {
    const drive = new V0Drive({
      numGpuBlocks: 4,
      enableChunkedPrefill: true,
      maxNumBatchedTokens: 8,
      requests: [{ id: 'a', prompt: 15 }],
    }).add('a');
    for (let i = 0; i < 10; i++) {
      expect(drive.step()).toEqual([['a', 8]]);
      expect(drive.step()).toEqual([]);
    }
  });

  test('preempted groups return in their old order: the last one preempted is the first of the waiting', () => {
    const requests = ['a', 'b', 'c'].map((id) => ({ id, prompt: 4, outputs: 20 }));
    const drive = new V0Drive({ numGpuBlocks: 3, requests }).add('a', 'b', 'c');
    drive.step();
    expect(drive.step()).toEqual([['a', 1]]);
    expect(drive.waiting).toEqual(['b', 'c']);
  });

  test('the youngest victim is the last of the swapped, not the first', () => {
    const requests = ['a', 'b', 'c'].map((id) => ({ id, prompt: 4, outputs: 20 }));
    const drive = new V0Drive({ numGpuBlocks: 3, numCpuBlocks: 9, preemptionMode: 'swap', requests });
    drive.add('a', 'b', 'c').step();
    expect(drive.step()).toEqual([['a', 1]]);
    expect(drive.swapped).toEqual(['c', 'b']);
  });
});

describe('prompts', () => {
  test('cache hits do not reduce what a prompt computes', () => {
    const requests = ['a', 'b'].map((id) => ({ id, prompt: [['s', 0, 12]] as const }));
    const drive = new V0Drive({ enablePrefixCaching: true, requests }).add('a', 'b');
    expect(drive.step()).toEqual([
      ['a', 12],
      ['b', 12],
    ]);
    expect(drive.table('b')).toEqual(drive.table('a'));
  });

  test('a step is all prompts or all decodes', () => {
    const requests = ['a', 'b'].map((id) => ({ id, prompt: 4 }));
    const drive = new V0Drive({ requests }).add('a');
    drive.step();
    drive.add('b');
    expect(drive.step()).toEqual([['b', 4]]);
    expect(drive.step()).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });

  test('no prompt is admitted while anybody is swapped', () => {
    const requests = ['a', 'b', 'c'].map((id) => ({ id, prompt: 4, outputs: 4 }));
    const drive = new V0Drive({ numGpuBlocks: 3, numCpuBlocks: 9, preemptionMode: 'swap', requests });
    drive.add('a', 'b').steps(2);
    drive.add('c');
    while (drive.swapped.length > 0) {
      drive.schedule();
      expect(drive.waiting).toEqual(['c']);
      drive.update();
    }
    expect(drive.step()).toEqual([['c', 4]]);
  });

  test('one that can never fit is ignored, before the budget is looked at', () => {
    const requests = [
      { id: 'a', prompt: 9 },
      { id: 'b', prompt: 4 },
    ];
    const drive = new V0Drive({ numGpuBlocks: 2, requests }).add('a', 'b');
    expect(drive.step()).toEqual([['b', 4]]);
    expect(drive.waiting).toEqual([]);
  });

  test('with chunks, a prompt beyond max_model_len is computed all the same and ends with its first token', () => {
    const drive = new V0Drive({
      enableChunkedPrefill: true,
      maxNumBatchedTokens: 8,
      maxModelLen: 10,
      requests: [{ id: 'a', prompt: 16 }],
    }).add('a');
    expect(drive.step()).toEqual([['a', 8]]);
    expect(drive.schedule()).toEqual([['a', 8]]);
    expect(drive.update()).toEqual(['a']);
  });

  test('with chunks, the whole prompt gets its blocks at once', () => {
    const drive = new V0Drive({
      enableChunkedPrefill: true,
      maxNumBatchedTokens: 8,
      requests: [{ id: 'a', prompt: 40 }],
    }).add('a');
    drive.step();
    expect(drive.table('a')).toHaveLength(10);
  });

  test('with chunks and prefix caching, a prompt is cut at whole blocks', () => {
    const drive = new V0Drive({
      enableChunkedPrefill: true,
      enablePrefixCaching: true,
      maxNumBatchedTokens: 8,
      requests: [
        { id: 'a', prompt: 3 },
        { id: 'b', prompt: 12 },
      ],
    }).add('a', 'b');
    expect(drive.step()).toEqual([
      ['a', 3],
      ['b', 4],
    ]);
  });

  test('with chunks and prefix caching, a budget of broken blocks is a ValueError', () => {
    const drive = new V0Drive({
      enableChunkedPrefill: true,
      enablePrefixCaching: true,
      maxNumBatchedTokens: 10,
      requests: [{ id: 'a', prompt: 3 }],
    }).add('a');
    expect(() => drive.schedule()).toThrow(/ValueError: .* \(10\) % block_size \(4\) = 2/);
  });

  test('one that waits for the delay is let in at once when nobody runs', () => {
    const requests = [
      { id: 'a', prompt: 4, outputs: 3 },
      { id: 'b', prompt: 4, arrival: 1 },
    ];
    const drive = new V0Drive({ delayFactor: 5, requests }).add('a');
    drive.step();
    drive.add('b');
    expect(drive.step()).toEqual([['a', 1]]);
    expect(drive.step()).toEqual([['a', 1]]);
    expect(drive.step()).toEqual([['b', 4]]);
  });
});

describe('blocks', () => {
  test('a sequence releases its blocks from the front: its last one is reused first', () => {
    const requests = [
      { id: 'a', prompt: 12, outputs: 1 },
      { id: 'b', prompt: 12 },
    ];
    const drive = new V0Drive({ requests }).add('a');
    drive.step();
    drive.add('b').step();
    expect(drive.table('b')).toEqual([2, 1, 0]);
  });

  test('of those that share a block, the last to write keeps it', () => {
    const drive = new V0Drive({ requests: [{ id: 'a', prompt: 6, n: 3 }] }).add('a');
    drive.steps(2);
    expect([0, 1, 2].map((s) => drive.table('a', s))).toEqual([
      [0, 2],
      [0, 3],
      [0, 1],
    ]);
  });

  test('on a block boundary nothing is copied', () => {
    const drive = new V0Drive({ requests: [{ id: 'a', prompt: 4, n: 2 }] }).add('a');
    drive.steps(2);
    expect([0, 1].map((s) => drive.table('a', s))).toEqual([
      [0, 1],
      [0, 2],
    ]);
  });

  test('lookahead takes blocks ahead of the tokens', () => {
    const drive = new V0Drive({ numLookaheadSlots: 5, requests: [{ id: 'a', prompt: 4 }] }).add('a');
    drive.step();
    expect(drive.table('a')).toHaveLength(1);
    drive.step();
    expect(drive.table('a')).toHaveLength(3);
  });

  test('an output may be one token longer than max_model_len', () => {
    const drive = new V0Drive({ maxModelLen: 6, requests: [{ id: 'a', prompt: 4 }] }).add('a');
    drive.steps(2);
    drive.schedule();
    expect(drive.update()).toEqual(['a']);
    expect(drive.scheduler.groups.numTokens[0]).toBe(7);
  });
});

describe('swapping', () => {
  test('without prefix caching, what forks share is shared no longer', () => {
    const drive = new V0Drive({
      numGpuBlocks: 6,
      numCpuBlocks: 20,
      requests: [
        { id: 'a', prompt: 4, outputs: 20 },
        { id: 'b', prompt: 8, outputs: 20, n: 2 },
      ],
    }).add('a', 'b');
    drive.steps(1);
    expect(drive.table('b', 1)).toEqual(drive.table('b', 0));
    while (drive.swapped.length === 0) drive.step();
    const [first, second] = [drive.table('b', 0), drive.table('b', 1)];
    expect(new Set([...first, ...second]).size).toBe(first.length + second.length);
  });

  test('without room on the CPU the engine dies', () => {
    const requests = ['a', 'b'].map((id) => ({ id, prompt: 4, outputs: 20 }));
    const drive = new V0Drive({ numGpuBlocks: 2, preemptionMode: 'swap', requests }).add('a', 'b');
    drive.step();
    expect(() => drive.schedule()).toThrow('RuntimeError: Aborted due to the lack of CPU swap space.');
  });

  test('several sequences cannot be recomputed', () => {
    const drive = new V0Drive({
      numGpuBlocks: 3,
      preemptionMode: 'recompute',
      requests: [{ id: 'a', prompt: 8, n: 2 }],
    }).add('a');
    drive.step();
    expect(() => drive.schedule()).toThrow('AssertionError');
  });

  test('with prefix caching, aborting a swapped request is a KeyError of its first CPU block', () => {
    const requests = ['a', 'b'].map((id) => ({ id, prompt: 4, outputs: 20 }));
    const drive = new V0Drive({
      numGpuBlocks: 3,
      numCpuBlocks: 4,
      preemptionMode: 'swap',
      enablePrefixCaching: true,
      requests,
    }).add('a', 'b');
    drive.steps(2);
    expect(drive.swapped).toEqual(['b']);
    expect(() => drive.abort('b')).toThrow('KeyError: 3');
  });
});

describe('prefix caching', () => {
  test('blocks of the same step are hits, though not computed', () => {
    const requests = ['a', 'b'].map((id) => ({ id, prompt: [['s', 0, 9]] as const }));
    const drive = new V0Drive({ enablePrefixCaching: true, requests }).add('a', 'b');
    drive.step();
    expect(drive.table('b').slice(0, 2)).toEqual(drive.table('a').slice(0, 2));
    expect(drive.computedBlocks('b')).toEqual([]);
  });

  test('a block that gets full gives way to the cached one with its content', () => {
    const drive = new V0Drive({
      enablePrefixCaching: true,
      requests: [
        { id: 'a', prompt: [['s', 0, 3]], outputs: 3 },
        {
          id: 'b',
          prompt: [
            ['s', 0, 3],
            ['o:a', 0, 2],
          ],
          outputs: 2,
        },
      ],
    }).add('a', 'b');
    drive.step();
    const [full] = drive.table('b');
    expect(drive.table('a')).not.toEqual([full]);
    drive.step();
    expect(drive.table('a')).toEqual([full]);
  });

  test('the cache is emptied from the tail of a sequence', () => {
    const requests = [
      { id: 'a', prompt: 12, outputs: 1 },
      { id: 'b', prompt: 4 },
    ];
    const drive = new V0Drive({ numGpuBlocks: 3, enablePrefixCaching: true, requests }).add('a');
    drive.step();
    drive.add('b').step();
    expect(drive.table('b')).toEqual([2]);
  });

  test('a miss may evict what the same prompt would have hit further on', () => {
    const drive = new V0Drive({
      numGpuBlocks: 4,
      enablePrefixCaching: true,
      requests: [
        { id: 'a', prompt: [['s', 0, 12]], outputs: 1 },
        { id: 'b', prompt: 4, outputs: 1 },
        { id: 'c', prompt: 8, outputs: 1 },
        { id: 'd', prompt: [['s', 0, 16]], outputs: 1 },
      ],
    }).add('a');
    for (const id of ['b', 'c', 'd']) {
      drive.step();
      drive.add(id);
    }
    drive.schedule();
    expect(new Set(drive.table('d')).size).toBe(4);
  });
});

describe('sliding window', () => {
  const window = { slidingWindow: 4, blockSize: 4 } as const;

  test('the null block is taken from the pool by the first append, and never returned', () => {
    const drive = new V0Drive({ ...window, numGpuBlocks: 6, requests: [{ id: 'a', prompt: 4, outputs: 3 }] });
    drive.add('a').steps(4);
    expect(drive.running).toEqual([]);
    expect(drive.numFree).toBe(5);
  });

  test('a long prompt passes the check with its window, and then takes all its blocks', () => {
    const drive = new V0Drive({
      ...window,
      numGpuBlocks: 6,
      requests: [
        { id: 'a', prompt: 8 },
        { id: 'b', prompt: 20 },
      ],
    }).add('a', 'b');
    expect(() => drive.schedule()).toThrow('NoFreeBlocksError');
  });

  test('a sequence with null blocks cannot be swapped out', () => {
    const requests = [
      { id: 'a', prompt: 4, outputs: 40 },
      { id: 'b', prompt: 16, outputs: 40 },
    ];
    const drive = new V0Drive({
      ...window,
      numGpuBlocks: 8,
      numCpuBlocks: 20,
      preemptionMode: 'swap',
      requests,
    }).add('a', 'b');
    expect(() => drive.steps(40)).toThrow('ValueError');
  });
});

describe('priority', () => {
  test('the room made for a waiting request is used in the next step only', () => {
    const requests = [
      { id: 'a', prompt: 8, outputs: 20, priority: 5 },
      { id: 'b', prompt: 8, outputs: 20, priority: 1 },
    ];
    const drive = new V0Drive({ numGpuBlocks: 4, policy: 'priority', requests }).add('a');
    drive.steps(2);
    drive.add('b');
    expect(drive.step()).toEqual([]);
    expect(drive.waiting).toEqual(['b', 'a']);
    expect(drive.step()).toEqual([['b', 8]]);
  });

  test('requests that come together are admitted in the order in which they came', () => {
    const requests = [5, 1, 3].map((priority, i) => ({ id: `p${i}`, prompt: 4, priority }));
    const drive = new V0Drive({ policy: 'priority', requests }).add('p0', 'p1', 'p2');
    expect(drive.step().map(([id]) => id)).toEqual(['p0', 'p1', 'p2']);
    expect(drive.step().map(([id]) => id)).toEqual(['p1', 'p2', 'p0']);
  });

  test('a victim that is swapped brings the engine down from among the waiting', () => {
    const requests = [
      { id: 'a', prompt: 8, outputs: 20, priority: 5 },
      { id: 'b', prompt: 8, outputs: 2, priority: 1 },
    ];
    const drive = new V0Drive({
      numGpuBlocks: 4,
      numCpuBlocks: 9,
      policy: 'priority',
      preemptionMode: 'swap',
      requests,
    }).add('a');
    drive.steps(2);
    drive.add('b');
    expect(() => drive.steps(5)).toThrow('Waiting sequence group should have only one prompt sequence.');
  });
});

describe('asynchronous outputs', () => {
  test('a request that ends is scheduled once more, and reported one step late', () => {
    const drive = new V0Drive({
      asyncOutputProc: true,
      requests: [
        { id: 'a', prompt: 4, outputs: 2 },
        { id: 'b', prompt: 4, outputs: 9 },
      ],
    }).add('a', 'b');
    drive.steps(2);
    expect(drive.scheduler.finished).toEqual([]);
    expect(drive.schedule().map(([id]) => id)).toEqual(['a', 'b']);
    expect(drive.update()).toEqual(['a']);
  });

  test('one of several sequences makes the step synchronous', () => {
    const drive = new V0Drive({
      asyncOutputProc: true,
      requests: [{ id: 'a', prompt: 4, outputs: 2, n: 2 }],
    }).add('a');
    drive.step();
    drive.schedule();
    expect(drive.update()).toEqual(['a']);
  });
});

describe('uneven groups', () => {
  test('the survivor is preempted by recompute; where it is the first sequence, the engine dies', () => {
    const drive = new V0Drive({
      numGpuBlocks: 4,
      numCpuBlocks: 20,
      requests: [{ id: 'a', prompt: 6, outputs: 20, n: 2, lens: [20, 2] }],
    }).add('a');
    expect(() => drive.steps(20)).toThrow('AssertionError');
  });

  test('a survivor that is not the first goes on as a decode with all its tokens', () => {
    const drive = new V0Drive({
      numGpuBlocks: 4,
      numCpuBlocks: 20,
      requests: [{ id: 'a', prompt: 6, outputs: 20, n: 2, lens: [2, 20] }],
    }).add('a');
    drive.step();
    while (drive.waiting.length === 0) drive.step();
    const tokens = drive.scheduler.groups.numTokens[1];
    expect(drive.schedule()).toEqual([['a', tokens]]);
    expect(drive.scheduler.batch.isPrefill[0]).toBe(0);
  });
});
