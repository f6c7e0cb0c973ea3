import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Cursor } from '../../sim/recording/cursor.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import { AdmissionStop } from '../../sim/recording/tables.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import { simulateScenario } from '../../sim/simulate-scenario.ts';
import { derive, slotSharesAt } from '../../viz/derived.ts';
import { sentenceOf } from '../../viz/step-sentence.ts';

const text = readFileSync(new URL('../../scenarios/hello.pool.yaml', import.meta.url), 'utf8');
const recording = simulateScenario(parseScenario(text, 'hello.pool.yaml')).recording!;
const { numSteps, header, requests, steps } = recording;

describe('running totals', () => {
  const { preemptions, lookedUp, found } = derive(recording);

  test('end at the totals of the run', () => {
    expect(preemptions[numSteps - 1]).toBe(requests.numPreemptions.reduce((sum, n) => sum + n, 0));
    expect(lookedUp[numSteps - 1]).toBe(header.prefixCacheQueries);
    expect(found[numSteps - 1]).toBe(header.prefixCacheHits);
  });

  test('count a preemption in its step', () => {
    for (let step = 1; step < numSteps; step++) {
      const isPreempting = steps.admissionStop[step] === AdmissionStop.Preempted;
      expect(preemptions[step] > preemptions[step - 1]).toBe(isPreempting);
    }
  });
});

describe('token slots', () => {
  test('sum to one at every position, and agree with a walk over the tables', () => {
    const cursor = new Cursor(recording);
    const { blockSize } = header.pool.groups[0];
    for (let step = -1; step <= numSteps; step++) {
      cursor.seek(step);
      const shares = slotSharesAt(cursor)!;
      const sum = Object.values(shares).reduce((all, share) => all + share, 0);
      expect(sum).toBeCloseTo(1, 9);
      let tokens = 0;
      let free = 0;
      for (let block = 1; block < cursor.numBlocks; block++) {
        if (cursor.refCount[block] > 0) tokens += cursor.fill(block);
        else if (cursor.chain[block] === 0) free += blockSize;
      }
      const slots = (cursor.numBlocks - 1) * blockSize;
      expect(shares.tokens).toBeCloseTo(tokens / slots, 9);
      expect(shares.free).toBeCloseTo(free / slots, 9);
    }
  });

  test('have no shares where groups differ in block size', () => {
    const [group] = header.pool.groups;
    const mixed: Recording = {
      ...recording,
      header: { ...header, pool: { ...header.pool, groups: [group, { ...group, blockSize: 32 }] } },
    };
    expect(slotSharesAt(new Cursor(mixed))).toBeNull();
  });
});

describe('the sentence of a step', () => {
  test('names who was preempted', () => {
    const step = steps.admissionStop.indexOf(AdmissionStop.Preempted);
    expect(sentenceOf(recording, step)).toMatch(
      /Preempted r\d+.*Nobody is admitted in a step that preempts\./,
    );
  });

  test('tells start and end', () => {
    expect(sentenceOf(recording, -1)).toBe('Before the first step: every block is free.');
    expect(sentenceOf(recording, numSteps)).toBe(`The end, after ${numSteps} steps.`);
  });
});
