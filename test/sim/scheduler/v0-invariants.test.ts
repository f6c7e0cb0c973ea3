import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EngineCrash } from '../../../sim/error.ts';
import { Device, Queue, Replace } from '../../../sim/recording/v0-listener.ts';
import { SequenceStatus } from '../../../sim/scheduler/v0/groups.ts';
import type { V0Scheduler } from '../../../sim/scheduler/v0/v0.ts';
import type { Workload } from '../../../sim/workload/workload.ts';
import { must, V0Mirror } from '../pool/v0-mirror.ts';
import { type V0Scenario, v0Scenario } from './v0-random.ts';

/** Runs a test in CI with few random runs; POOLSCOPE_FUZZ asks for more. */
const NUM_RUNS = Number(process.env.POOLSCOPE_FUZZ ?? 2000);
const MOST_STEPS = 150;

/** Sequence → block → what is in it and before it, in words. */
function contentsOf(workload: Workload, blockSize: number): string[][] {
  const { numRequests, numSequences, sequenceStart, maxTokens, outputSegment } = workload;
  const { runStart, runSegment, runOffset, runLength } = workload;
  const contents: string[][] = [];
  for (let request = 0; request < numRequests; request++) {
    const prompt: string[] = [];
    for (let run = runStart[request]; run < runStart[request + 1]; run++) {
      for (let i = 0; i < runLength[run]; i++) prompt.push(`${runSegment[run]}.${runOffset[run] + i}`);
    }
    for (let s = sequenceStart[request]; s < sequenceStart[request] + numSequences[request]; s++) {
      const outputs = Array.from({ length: maxTokens[request] + 1 }, (_, i) => `${outputSegment[s]}.${i}`);
      const tokens = [...prompt, ...outputs];
      contents[s] = [];
      for (let end = blockSize; end <= tokens.length; end += blockSize) {
        contents[s].push(tokens.slice(0, end).join());
      }
    }
  }
  return contents;
}

/** With prefix caching, equal contents on a device are one block, and different ones are different blocks. */
function checkContents(scenario: V0Scenario, scheduler: V0Scheduler, contents: string[][]): void {
  const { blocks } = scheduler;
  const { blockSize } = scenario.pool;
  for (const device of [Device.Gpu, Device.Cpu]) {
    const blockOf = new Map<string, number>();
    const contentOf = new Map<number, string>();
    contents.forEach((names, s) => {
      if (!blocks.isAllocated(s) || blocks.onCpu[s] !== device) return;
      const numFull = Math.floor(blocks.numFullSlots[s] / blockSize);
      for (let i = 0; i < numFull; i++) {
        const block = blocks.tables.table[s][i];
        must((blockOf.get(names[i]) ?? block) === block);
        must((contentOf.get(block) ?? names[i]) === names[i]);
        blockOf.set(names[i], block);
        contentOf.set(block, names[i]);
      }
    });
  }
}

/** Who runs is on the GPU with all its tokens, who is swapped on the CPU, who waits has nothing. */
function checkPlaces(scheduler: V0Scheduler): void {
  const { groups, blocks, queues, batch } = scheduler;
  for (const queue of [Queue.Waiting, Queue.Running, Queue.Swapped]) {
    for (const request of queues.in(queue)) {
      for (let s = groups.start[request]; s < groups.end(request); s++) {
        const status = groups.status[s];
        if (status === SequenceStatus.Running) {
          must(blocks.isAllocated(s));
          must(blocks.onCpu[s] === 0);
        }
        if (status === SequenceStatus.Swapped) must(blocks.onCpu[s] === 1);
        if (status === SequenceStatus.Waiting) must(!blocks.isAllocated(s));
      }
    }
  }
  for (let at = 0; at < batch.size; at++) {
    const request = batch.request[at];
    for (let s = groups.start[request]; s < groups.end(request); s++) {
      if (groups.status[s] === SequenceStatus.Running) must(blocks.numFullSlots[s] === groups.numTokens[s]);
    }
  }
}

test('whatever is mixed: no block is lost or owned twice, and every event can be undone', () => {
  const ends = new Map<string, number>();
  const count = (end: string) => ends.set(end, (ends.get(end) ?? 0) + 1);
  fc.assert(
    fc.property(v0Scenario, (scenario) => {
      const { pool, workload, addBeforeStep, abortBeforeStep } = scenario;
      const scheduler = scenario.makeScheduler();
      const mirror = new V0Mirror(pool.numGpuBlocks, pool.numCpuBlocks);
      scheduler.record(mirror);
      // Beams write what others began; their contents have a test of their own.
      const contents =
        pool.enablePrefixCaching && !scenario.hasBeams ? contentsOf(workload, pool.blockSize) : null;
      try {
        let step = 0;
        for (; step < MOST_STEPS && (step < 30 || scheduler.hasUnfinished); step++) {
          addBeforeStep.forEach((at, request) => {
            if (at === step) scheduler.add(request, at);
          });
          abortBeforeStep.forEach((at, request) => {
            if (at === step) scheduler.abort(request);
          });
          const before = mirror.events.length;
          scheduler.schedule(step);
          checkCopies(mirror.events.slice(before));
          mirror.checkBlocks(scheduler.blocks);
          mirror.checkQueues(scheduler.queues);
          checkPlaces(scheduler);
          if (contents !== null) checkContents(scenario, scheduler, contents);
          scheduler.updateFromOutput();
          mirror.checkBlocks(scheduler.blocks);
          mirror.checkQueues(scheduler.queues);
        }
        count(scheduler.hasUnfinished ? 'stuck' : 'drained');
        if (!scheduler.hasUnfinished) checkNothingIsHeld(scenario, scheduler);
      } catch (error) {
        if (!(error instanceof EngineCrash)) throw error;
        count(error.message);
        // Whatever happened until then is told.
        return;
      }
      mirror.undoAll();
      mirror.checkIsNew(pool.numGpuBlocks, pool.numCpuBlocks);
    }),
    { numRuns: NUM_RUNS },
  );
  if (process.env.POOLSCOPE_FUZZ) console.log(ends);
  expect(ends.get('drained')).toBeGreaterThan(NUM_RUNS / 4);
});

/** No sequence copies more than one block in a step. */
function checkCopies(events: V0Mirror['events']): void {
  const copies = events.filter((event) => event[0] === 'replace' && event[2] === Replace.Copy);
  must(new Set(copies.map((event) => event[1])).size === copies.length);
}

/** In the end only the null block is held, and what vLLM leaks: an infeasible swapped group, a stopped prompt. */
function checkNothingIsHeld({ pool, workload }: V0Scenario, scheduler: V0Scheduler): void {
  const { blocks, groups } = scheduler;
  const held = [...workload.outputSegment.keys()].filter((s) => blocks.isAllocated(s));
  for (const s of held) {
    expect([SequenceStatus.Ignored, SequenceStatus.Running]).toContain(groups.status[s]);
  }
  if (held.length > 0) return;
  expect(blocks.gpu.numFree).toBe(pool.numGpuBlocks - (blocks.nullBlock >= 0 ? 1 : 0));
  expect(blocks.cpu.numFree).toBe(pool.numCpuBlocks);
}

test('the same scenario is decided the same way, heard or not', () => {
  fc.assert(
    fc.property(v0Scenario, (scenario) => {
      const outcome = (listen: boolean) => {
        const scheduler = scenario.makeScheduler();
        if (listen) scheduler.record(new V0Mirror(scenario.pool.numGpuBlocks, scenario.pool.numCpuBlocks));
        const said: unknown[] = [];
        try {
          for (let step = 0; step < 60; step++) {
            scenario.addBeforeStep.forEach((at, request) => {
              if (at === step) scheduler.add(request, at);
            });
            scheduler.schedule(step);
            const { batch } = scheduler;
            said.push([...batch.request.subarray(0, batch.size)], scheduler.blocks.gpu.numFree);
            scheduler.updateFromOutput();
          }
        } catch (error) {
          if (!(error instanceof EngineCrash)) throw error;
          said.push(error.message);
        }
        return said;
      };
      expect(outcome(true)).toEqual(outcome(false));
    }),
    { numRuns: 200 },
  );
});
