import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EngineCrash } from '../../../sim/error.ts';
import { type BeamSurvival, oldestDies } from '../../../sim/scheduler/v0/beam-search.ts';
import type { V0Scheduler } from '../../../sim/scheduler/v0/v0.ts';
import { must, V0Mirror } from '../pool/v0-mirror.ts';
import { randomSurvival } from './random-survival.ts';
import { V0Drive, type V0Setup } from './v0-drive.ts';

const parentsOf = (survival: BeamSurvival, width: number, step: number) => {
  const parents = new Int32Array(width);
  survival(0, step, parents);
  return [...parents];
};

test('by default the first beam splits, and the others die in turn', () => {
  expect([1, 2, 3, 4].map((step) => parentsOf(oldestDies, 4, step))).toEqual([
    [0, 1, 2, 0],
    [0, 1, 0, 3],
    [0, 0, 2, 3],
    [0, 1, 2, 0],
  ]);
  expect(parentsOf(oldestDies, 1, 5)).toEqual([0]);
});

test('random survival is a matter of the seed, and of the request alone', () => {
  const draw = (seed: number) => Array.from({ length: 5 }, (_, i) => parentsOf(randomSurvival(seed), 4, i));
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  const mixed = randomSurvival(1);
  const parents = new Int32Array(4);
  mixed(3, 1, parents);
  expect(parentsOf(mixed, 4, 1)).toEqual(parentsOf(randomSurvival(1), 4, 1));
});

/** A request of 6 tokens with three beams: two steps in, prompt computed and the beams forked. */
function threeBeams(survival?: BeamSurvival, setup: Partial<V0Setup> = {}): V0Drive {
  const drive = new V0Drive({
    requests: [{ id: 'a', prompt: 6, n: 3, beamSearch: true, outputs: 8 }],
    survival,
    ...setup,
  });
  drive.add('a').step();
  return drive;
}

test('a beam without a continuation dies, and its row goes on as a fork of one with several', () => {
  const drive = threeBeams((_request, _step, parents) => parents.set([2, 2, 2]));
  // All three share the prompt's blocks until each writes its first token behind it.
  expect([0, 1, 2].map((beam) => drive.table('a', beam))).toEqual([
    [0, 1],
    [0, 1],
    [0, 1],
  ]);
  drive.schedule();
  expect([0, 1, 2].map((beam) => drive.table('a', beam))).toEqual([
    [0, 2],
    [0, 3],
    [0, 1],
  ]);
  drive.update();
  expect([0, 1, 2].map((beam) => drive.table('a', beam))).toEqual([
    [0, 1],
    [0, 1],
    [0, 1],
  ]);
  expect(drive.numFree).toBe(98);
  // The block is shared and not full: two copies. Behind a full one, nobody copies.
  drive.schedule();
  expect(drive.numFree).toBe(96);
  drive.update();
  expect(drive.numFree).toBe(98);
  drive.schedule();
  expect([0, 1, 2].map((beam) => drive.table('a', beam).slice(0, 2))).toEqual([
    [0, 1],
    [0, 1],
    [0, 1],
  ]);
});

test('the survivors of the last step are the ends: nobody forks for nothing', () => {
  const forks: number[] = [];
  const drive = threeBeams((_request, step, parents) => {
    forks.push(step);
    parents.fill(0);
  });
  drive.steps(10);
  // Eight outputs: the first makes the beams, the last ends them.
  expect(forks).toEqual([1, 2, 3, 4, 5, 6]);
  expect(drive.running).toEqual([]);
  expect(drive.numFree).toBe(100);
});

test('samples that are no beams never die', () => {
  const requests = [{ id: 'a', prompt: 6, n: 3, outputs: 8 }];
  const drive = new V0Drive({ requests, survival: () => expect.fail('no beams, no survival') });
  drive.add('a').steps(10);
  expect(drive.running).toEqual([]);
});

test('beams are swapped together; on the CPU they share nothing', () => {
  const drive = new V0Drive({
    requests: [
      { id: 'a', prompt: 3, outputs: 20 },
      { id: 'b', prompt: 6, n: 3, beamSearch: true, outputs: 8 },
    ],
    numGpuBlocks: 7,
    numCpuBlocks: 20,
  });
  drive.add('a', 'b');
  for (let i = 0; i < 20 && drive.swapped.length === 0; i++) drive.step();
  expect(drive.swapped).toEqual(['b']);
  drive.steps(60);
  expect([...drive.running, ...drive.swapped, ...drive.waiting]).toEqual([]);
  expect(drive.numFree).toBe(7);
});

/** What each sequence has computed, token by token, each with a name of its own: forks take over the past. */
class Histories extends V0Mirror {
  readonly of: string[][] = [];

  override fork(parent: number, child: number): void {
    super.fork(parent, child);
    this.of[child] = [...(this.of[parent] ?? [])];
  }

  /** Sequences write those tokens that they have not named yet; the step tells one writing from another. */
  write(scheduler: V0Scheduler, step: number): void {
    const { numFullSlots, tables } = scheduler.blocks;
    for (let s = 0; s < numFullSlots.length; s++) {
      this.of[s] ??= [];
      const history = this.of[s];
      if (tables.length[s] === 0) history.length = 0;
      else while (history.length < numFullSlots[s]) history.push(`${s}.${step}`);
    }
  }
}

test('with prefix caching, beams share a full block exactly where they have the same past', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 6 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(1, 2, 4),
      fc.nat(),
      (n, prompt, outputs, blockSize, seed) => {
        const drive = new V0Drive({
          requests: [
            { id: 'a', prompt, n, beamSearch: true, outputs },
            { id: 'b', prompt: prompt + 3, n: 2, beamSearch: true, outputs },
          ],
          survival: seed % 3 === 0 ? oldestDies : randomSurvival(seed),
          enablePrefixCaching: true,
          numGpuBlocks: 1000,
          blockSize,
        });
        const { scheduler } = drive;
        const histories = new Histories(1000, 0);
        scheduler.record(histories);
        drive.add('a', 'b');
        for (let step = 0; scheduler.hasUnfinished; step++) {
          drive.schedule();
          histories.write(scheduler, step);
          histories.checkBlocks(scheduler.blocks);
          checkSharing(scheduler, histories, blockSize);
          drive.update();
          histories.checkBlocks(scheduler.blocks);
        }
        must(drive.numFree === 1000);
        histories.undoAll();
        histories.checkIsNew(1000, 0);
      },
    ),
    { numRuns: 300 },
  );
});

function checkSharing(scheduler: V0Scheduler, { of }: Histories, blockSize: number): void {
  const { tables } = scheduler.blocks;
  const pastOf = new Map<number, string>();
  const blockOf = new Map<string, number>();
  of.forEach((history, s) => {
    for (let i = 0; (i + 1) * blockSize <= history.length && i < tables.length[s]; i++) {
      const block = tables.table[s][i];
      const past = history.slice(0, (i + 1) * blockSize).join();
      must((pastOf.get(block) ?? past) === past);
      must((blockOf.get(past) ?? block) === block);
      pastOf.set(block, past);
      blockOf.set(past, block);
    }
  });
}

test('a small pool: whatever dies and splits, every run ends or is told why not', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 5 }),
      fc.integer({ min: 4, max: 24 }),
      fc.nat(),
      (n, blocks, seed) => {
        const requests = [0, 1, 2].map((i) => ({
          id: `${i}`,
          prompt: 3 + i,
          n,
          beamSearch: true,
          outputs: 12,
        }));
        const drive = new V0Drive({
          requests,
          survival: randomSurvival(seed),
          numGpuBlocks: blocks,
          numCpuBlocks: 100,
        });
        drive.add('0', '1', '2');
        try {
          drive.steps(200);
        } catch (error) {
          if (!(error instanceof EngineCrash)) throw error;
          return;
        }
        // What is infeasible after a swap leaks blocks of the CPU, none of the GPU.
        if (!drive.scheduler.hasUnfinished) expect(drive.numFree).toBe(blocks);
      },
    ),
    { numRuns: 300 },
  );
});
