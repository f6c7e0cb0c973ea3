import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EngineCrash } from '../../../sim/error.ts';
import { BlockSpaceManager } from '../../../sim/pool/v0/block-space-manager.ts';
import type { CachingAllocator } from '../../../sim/pool/v0/caching-allocator.ts';
import { Evictor } from '../../../sim/pool/v0/evictor.ts';
import { WorkloadBuilder } from '../../../sim/workload/builder.ts';
import { must, V0Mirror } from './v0-mirror.ts';

const NUM_RUNS = Number(process.env.POOLSCOPE_FUZZ ?? 1500);
const NUM_REQUESTS = 3;
const FORKS = 3;
const BLOCK_SIZE = 3;
const MOST_TOKENS = 24;

/** Three requests with a common start, each of up to three sequences. */
function makeManager(numGpuBlocks: number, numCpuBlocks: number, caching: boolean, window: number | null) {
  const builder = new WorkloadBuilder();
  for (let i = 0; i < NUM_REQUESTS; i++) {
    builder.add({
      arrivalNs: i,
      prompt: [
        [builder.segment('shared'), 0, 4 + 3 * i],
        [builder.newSegment(), 0, 1 + i],
      ],
      maxTokens: MOST_TOKENS,
      numSequences: FORKS,
    });
  }
  const workload = builder.finish();
  const numTokens = new Int32Array(NUM_REQUESTS * FORKS);
  for (let s = 0; s < numTokens.length; s++) numTokens[s] = workload.numPromptTokens[Math.floor(s / FORKS)];
  const manager = new BlockSpaceManager(
    workload,
    {
      blockSize: BLOCK_SIZE,
      numGpuBlocks,
      numCpuBlocks,
      watermark: 0,
      enablePrefixCaching: caching,
      slidingWindow: window,
    },
    numTokens,
  );
  return { manager, numTokens };
}

const action = fc.record({
  kind: fc.constantFrom('allocate', 'append', 'append', 'append', 'fork', 'swap', 'free', 'access'),
  sequence: fc.nat(NUM_REQUESTS * FORKS - 1),
  other: fc.nat(FORKS - 1),
  tokens: fc.constantFrom(0, 1, 1, 1, 2, 4),
  lookahead: fc.constantFrom(0, 0, 5),
});

test('any series of allocations, forks, copies, swaps and frees: nothing is lost, and all can be undone', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 3, max: 30 }),
      fc.integer({ min: 0, max: 20 }),
      fc.boolean(),
      fc.option(fc.integer({ min: 1, max: 9 })),
      fc.array(action, { maxLength: 60, size: 'max' }),
      (numGpuBlocks, numCpuBlocks, caching, window, actions) => {
        const { manager, numTokens } = makeManager(
          numGpuBlocks,
          numCpuBlocks,
          caching,
          caching ? null : window,
        );
        const mirror = new V0Mirror(numGpuBlocks, numCpuBlocks);
        manager.record(mirror);
        let time = 0;
        for (const { kind, sequence, other, tokens, lookahead } of actions) {
          const held = [...numTokens.keys()].filter((s) => manager.isAllocated(s));
          const s = kind === 'allocate' || held.length === 0 ? sequence : held[sequence % held.length];
          const isHere = manager.isAllocated(s);
          const onGpu = isHere && manager.onCpu[s] === 0;
          try {
            if (kind === 'allocate' && !isHere) manager.allocate(s);
            if (kind === 'append' && onGpu && numTokens[s] + tokens <= MOST_TOKENS) {
              numTokens[s] += tokens;
              manager.appendSlots(s, numTokens[s], lookahead, numTokens[s] - tokens);
              must(manager.tables.length[s] * BLOCK_SIZE >= numTokens[s]);
              // A block that is being filled has been written to: nobody else may read it.
              const last = manager.tables.table[s][Math.floor(numTokens[s] / BLOCK_SIZE)];
              if (tokens > 0 && numTokens[s] % BLOCK_SIZE > 0) must(manager.gpu.refCount[last] === 1);
            }
            const child = s - (s % FORKS) + other;
            if (kind === 'fork' && onGpu && !manager.isAllocated(child)) {
              numTokens[child] = numTokens[s];
              manager.fork(s, child);
            }
            if (kind === 'swap' && isHere) swapAndCheck(manager, s, caching);
            if (kind === 'free') manager.free(s);
            if (kind === 'access' && onGpu) manager.access(s, time++);
          } catch (error) {
            if (!(error instanceof EngineCrash)) throw error;
            // The engine is dead: its state is undefined.
            return;
          }
          mirror.checkBlocks(manager);
        }
        mirror.undoAll();
        mirror.checkIsNew(numGpuBlocks, numCpuBlocks);
      },
    ),
    { numRuns: NUM_RUNS },
  );
});

/** What is moved is the same afterwards, block by block. */
function swapAndCheck(manager: BlockSpaceManager, sequence: number, caching: boolean): void {
  const contents = () => {
    const pool = (manager.onCpu[sequence] === 1 ? manager.cpu : manager.gpu) as CachingAllocator;
    const { table, length } = manager.tables;
    const blocks = [...table[sequence].subarray(0, length[sequence])];
    return caching ? blocks.map((block) => pool.chainOf(block)) : blocks.map(() => 0);
  };
  const before = contents();
  const full = manager.numFullSlots[sequence];
  manager.swap(sequence);
  expect(contents()).toEqual(before);
  must(manager.numFullSlots[sequence] === full);
}

test('the evictor takes the longest prefix among the first of equal or falling times', () => {
  const evictor = new Evictor(8);
  evictor.add(3, 10, 4);
  evictor.add(1, 10, 8);
  evictor.add(2, 10, 8);
  evictor.add(0, 12, 40);
  expect(evictor.choose()).toBe(1);
  evictor.remove(1);
  expect(evictor.choose()).toBe(2);
  evictor.remove(2);
  expect(evictor.choose()).toBe(3);
});

test('one that is older than those in front of it is evicted before them only for a longer prefix', () => {
  const evictor = new Evictor(4);
  evictor.add(0, 10, 8);
  evictor.add(1, -1, 8);
  expect(evictor.choose()).toBe(0);
  evictor.add(2, 5, 12);
  expect(evictor.choose()).toBe(2);
});

test('whatever comes and goes, the evictor chooses as a scan from the front does', () => {
  const entry = fc.record({ time: fc.integer({ min: -1, max: 3 }), prefix: fc.integer({ min: 1, max: 9 }) });
  const operation = fc.record({
    kind: fc.constantFrom('add', 'add', 'evict', 'hit'),
    which: fc.nat(30),
    entry,
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80, size: 'max' }), (operations) => {
      const evictor = new Evictor(operations.length);
      let entries: { block: number; time: number; prefix: number }[] = [];
      operations.forEach(({ kind, which, entry: { time, prefix } }, block) => {
        if (kind === 'add') {
          evictor.add(block, time, prefix);
          entries.push({ block, time, prefix });
          return;
        }
        if (entries.length === 0) return;
        let chosen = entries[0];
        for (const next of entries) {
          if (chosen.time < next.time) break;
          if (next.prefix > chosen.prefix) chosen = next;
        }
        expect(evictor.choose()).toBe(chosen.block);
        const leaves = kind === 'evict' ? chosen : entries[which % entries.length];
        evictor.remove(leaves.block);
        entries = entries.filter((other) => other !== leaves);
      });
    }),
    { numRuns: NUM_RUNS },
  );
});
