import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import { digestOf } from '../../../sim/recording/codec.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { EventKind, KIND_MASK, RequestState } from '../../../sim/recording/events.ts';
import type { Recording } from '../../../sim/recording/recording.ts';
import { Outcome } from '../../../sim/recording/tables.ts';
import { randomPipelineRun, randomRun } from '../random-run.ts';

/** Runs a test in CI with few random runs; POOLSCOPE_FUZZ asks for more. */
const NUM_RUNS = Number(process.env.POOLSCOPE_FUZZ ?? 1500);

/** What must hold of pool and queues at the cursor, whatever was decided. expect() takes longer than what it checks. */
function checkState(cursor: Cursor): void {
  const { recording, numBlocks } = cursor;
  const { groups } = recording.header.pool;
  const holders = new Map<number, number[]>();
  const places = new Map<number, Set<string>>();
  for (const request of cursor.running()) {
    assert.equal(cursor.state[request], RequestState.Running);
    groups.forEach((_, group) => {
      cursor.table(request, group).forEach((block, position) => {
        if (block === 0) return;
        holders.set(block, [...(holders.get(block) ?? []), request]);
        places.set(block, (places.get(block) ?? new Set()).add(`${group}/${position}`));
      });
    });
  }
  const free = [...cursor.freeQueue()];
  assert.equal(new Set(free).size, free.length);
  assert.ok(!free.includes(0));
  assert.equal(cursor.refCount[0], 0);
  // Free and used blocks are all there are; reference counts are the owners.
  assert.equal(free.length + holders.size, numBlocks - 1);
  for (const block of free) assert.equal(cursor.refCount[block], 0);
  for (const [block, owners] of holders) {
    assert.equal(cursor.refCount[block], owners.length);
    assert.equal(
      cursor.holderSum[block],
      owners.reduce((sum, owner) => sum + owner, 0),
    );
    if (owners.length > 1) {
      // Shared: only by prefix, so at the same place of every table, once per request.
      assert.notEqual(cursor.chain[block], 0);
      assert.equal(places.get(block)?.size, 1);
      assert.equal(new Set(owners).size, owners.length);
    }
  }
  assert.ok(cursor.numRunning <= recording.header.scheduler.maxNumSeqs);
  assert.ok(cursor.numEncoderEmbeds >= 0);
  assert.ok(cursor.numEncoderEmbeds <= (recording.header.scheduler.encoder?.cacheSize ?? 0));
  if (cursor.step >= 0 && cursor.step < recording.numSteps) {
    assert.equal(recording.steps.numFreeBlocks[cursor.step], free.length);
    assert.equal(recording.steps.numRunning[cursor.step], cursor.numRunning);
    assert.equal(recording.steps.numWaiting[cursor.step], cursor.numWaiting);
    const cachedFree = free.filter((block) => cursor.chain[block] !== 0).length;
    assert.equal(recording.steps.numCachedFreeBlocks[cursor.step], cachedFree);
  }
}

/** What must hold of a step as a whole. */
function checkStep(cursor: Cursor): void {
  const { recording, step } = cursor;
  const { scheduler } = recording.header;
  let tokens = 0;
  let slots = 0;
  let held = 0;
  for (const request of cursor.running()) {
    const scheduled = cursor.numScheduledTokens(request);
    const after = cursor.numComputedTokens(request) + scheduled;
    tokens += scheduled;
    assert.ok(after <= scheduler.maxModelLen);
    recording.header.pool.groups.forEach(({ blockSize }, group) => {
      const length = cursor.table(request, group).length * blockSize;
      assert.ok(length >= after);
      slots += length;
      held += after;
    });
  }
  assert.equal(tokens, recording.steps.numScheduledTokens[step]);
  assert.ok(tokens <= scheduler.maxNumBatchedTokens);
  assert.equal(recording.steps.internalWasteSlots[step] + recording.steps.reservedSlots[step], slots - held);
}

function checkOutcomes({ requests, header }: Recording): void {
  const { maxModelLen } = header.scheduler;
  requests.outcome.forEach((outcome, i) => {
    if (outcome === Outcome.Rejected) assert.ok(requests.numPromptTokens[i] >= maxModelLen);
    if (outcome !== Outcome.Finished) return;
    const most = Math.min(requests.maxTokens[i], maxModelLen - requests.numPromptTokens[i]);
    assert.equal(requests.numOutputTokens[i], most);
    assert.ok(requests.firstScheduledNs[i] >= requests.arrivalNs[i]);
    assert.ok(requests.firstTokenNs[i] > requests.firstScheduledNs[i]);
    assert.ok(requests.endNs[i] >= requests.firstTokenNs[i]);
  });
}

test('no block is owned twice, none is lost, reference counts are the owners, at every step of any run', () => {
  fc.assert(
    fc.property(fc.oneof({ weight: 4, arbitrary: randomRun }, randomPipelineRun), (input) => {
      const recording = simulate(input);
      const cursor = new Cursor(recording);
      for (let step = -1; step <= recording.numSteps; step++) {
        cursor.seek(step);
        checkState(cursor);
        if (step >= 0 && step < recording.numSteps) checkStep(cursor);
      }
      if (recording.header.end === 'drained') {
        expect(cursor.numFree).toBe(cursor.numBlocks - 1);
        expect(recording.requests.outcome).not.toContain(Outcome.Unfinished);
      }
      checkOutcomes(recording);
    }),
    { numRuns: NUM_RUNS, seed: 20261121 },
  );
});

test('every event belongs to a step, unless there is none', () => {
  fc.assert(
    fc.property(fc.oneof(randomRun, randomPipelineRun), (input) => {
      const { steps, numSteps, numEvents } = simulate(input);
      if (numSteps > 0) expect(steps.eventEnd[numSteps - 1]).toBe(numEvents);
    }),
    { numRuns: 500, seed: 8 },
  );
});

test('the same input gives the same bytes', () => {
  fc.assert(
    fc.property(randomRun, (input) => {
      expect(digestOf(simulate(input))).toBe(digestOf(simulate(input)));
    }),
    { numRuns: 100, seed: 1 },
  );
});

test('without events the steps and requests are the same', () => {
  fc.assert(
    fc.property(randomRun, (input) => {
      const full = simulate(input);
      const light = simulate({ ...input, events: false });
      expect(light.numEvents).toBe(0);
      const { scheduleEnd: _a, eventEnd: _b, ...steps } = full.steps;
      const { scheduleEnd: _c, eventEnd: _d, ...lightSteps } = light.steps;
      assert.deepEqual(lightSteps, steps);
      assert.deepEqual(light.requests, full.requests);
      assert.deepEqual(light.header, full.header);
    }),
    { numRuns: 500, seed: 6 },
  );
});

test('random runs do press the pool: they preempt, share, evict, abort and reject', () => {
  const seen = new Map<number, number>();
  let evictions = 0;
  for (const input of fc.sample(randomRun, { numRuns: 200, seed: 7 })) {
    const { events } = simulate(input);
    events.kind.forEach((kind, i) => {
      seen.set(kind & KIND_MASK, (seen.get(kind & KIND_MASK) ?? 0) + 1);
      if ((kind & KIND_MASK) === EventKind.Allocate && events.c[i] !== 0) evictions++;
    });
  }
  // The kinds from Move on are V0's.
  const decided = Object.values(EventKind).filter((kind) => kind < EventKind.Move);
  for (const kind of decided) expect(seen.get(kind) ?? 0).toBeGreaterThan(10);
  expect(evictions).toBeGreaterThan(10);
});
