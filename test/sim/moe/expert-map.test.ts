import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ExpertMap,
  expertMap,
  isExpertMap,
  stretchAt,
  timesTheMean,
} from '../../../sim/moe/expert-map.ts';
import { LoadHistory } from '../../../sim/moe/load-history.ts';
import { decodeRecording, digestOf, encodeRecording } from '../../../sim/recording/codec.ts';
import { summarizeMoe } from '../../../sim/report/moe-summary.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';

function run(path: string) {
  const text = readFileSync(new URL(`../../../scenarios/${path}.pool.yaml`, import.meta.url), 'utf8');
  const { recording, moe } = simulateScenario(
    parseScenario(text.replace(/num-prompts: \d+/, 'num-prompts: 4'), path),
  );
  if (recording === null) throw new Error('does not start');
  return { recording, moe };
}

const spread = run('moe/glm-4.7-flash-tp4-ep4');
const cached = run('moe/glm-4.7-flash-expert-cache');
const map = spread.recording.header.experts as ExpertMap;

test('experts spread over four ranks: their load, where they are, and the numbers of the report', () => {
  expect(map).toEqual(expertMap(spread.moe!));
  const { imbalance } = summarizeMoe(spread.moe!);
  expect([map.numLayers, map.numExperts, map.numRanks, map.numStages]).toEqual([46, 64, 4, 1]);
  expect(map.rankOf).toEqual(Array.from({ length: 64 }, (_, expert) => Math.floor(expert / 16)));
  expect(map.imbalance?.mean).toBeCloseTo(imbalance!.mean, 12);
  expect(map.imbalance?.worst).toBe(imbalance!.max);
  expect(map.bufferBytes).toHaveLength(4);
  expect(map.cache).toBeNull();
  for (let layer = 0; layer < 46; layer++) {
    const row = Array.from({ length: 64 }, (_, expert) => timesTheMean(map, layer, expert));
    expect(row.reduce((sum, times) => sum + times, 0) / 64).toBeCloseTo(1, 2);
  }
});

test('an expert cache on one GPU: hits, and that it is an experiment', () => {
  const { cache, rankOf, imbalance, notes } = cached.recording.header.experts!;
  expect(cache).toEqual({ slots: 16, policy: 'lru', hitRate: summarizeMoe(cached.moe!).cache!.hitRate });
  expect([rankOf, imbalance]).toEqual([[], null]);
  expect(notes.join()).toContain('experiment');
});

test('a dense model has none', () => {
  expect(run('hello').recording.header).not.toHaveProperty('experts');
});

describe('over time', () => {
  test('stretches of equally many steps, their load and imbalance', () => {
    const { numSteps } = spread.recording;
    const { stepsPerStretch, load, imbalance } = map.history!;
    expect(load.length).toBe(Math.ceil(numSteps / stepsPerStretch));
    expect(imbalance).toHaveLength(load.length);
    expect([0, stepsPerStretch - 1, stepsPerStretch, 1e9].map((step) => stretchAt(map, step))).toEqual([
      0,
      0,
      1,
      load.length - 1,
    ]);
    const { steps } = spread.moe!;
    const first = [...steps.imbalance.subarray(0, stepsPerStretch)];
    expect(imbalance[0]).toBeCloseTo(first.reduce((sum, ratio) => sum + ratio, 0) / first.length, 12);
    for (const stretch of load.keys()) {
      const row = Array.from({ length: 64 }, (_, expert) => timesTheMean(map, 7, expert, stretch));
      expect(row.reduce((sum, times) => sum + times, 0) / 64).toBeCloseTo(1, 1);
    }
  });

  test('however long the run, no more than so many stretches, which add up to all', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 900 }), fc.constantFrom(2, 4, 10), (numSteps, most) => {
        const history = new LoadHistory(2, most);
        for (let step = 0; step < numSteps; step++) {
          history.beginStep();
          history.current[0] += step;
          history.current[1]++;
        }
        const { stepsPerStretch, stretches } = history.finish();
        expect(stretches.length).toBe(Math.ceil(numSteps / stepsPerStretch));
        expect(stretches.length).toBeLessThanOrEqual(most);
        if (stepsPerStretch > 1) expect(stretches.length).toBeGreaterThan(most / 2);
        for (const [i, [sum, steps]] of stretches.entries()) {
          const first = i * stepsPerStretch;
          const count = Math.min(stepsPerStretch, numSteps - first);
          expect([steps, sum]).toEqual([count, (count * (2 * first + count - 1)) / 2]);
        }
        expect([...history.total()]).toEqual([(numSteps * (numSteps - 1)) / 2, numSteps]);
      }),
    );
  });
});

describe('in a recording file', () => {
  const withExperts = (experts: unknown) => {
    const { recording } = spread;
    return encodeRecording({
      ...recording,
      header: { ...recording.header, experts: experts as ExpertMap },
    });
  };

  test('maps without a history, of older versions, are read', () => {
    const { history, ...old } = map;
    expect(history).toBeDefined();
    const read = decodeRecording(withExperts(old)).header.experts!;
    expect(stretchAt(read, 3)).toBeNull();
    expect(timesTheMean(read, 0, 5)).toBe(map.load[5] / 100);
  });

  test('they are written and read', () => {
    const read = decodeRecording(encodeRecording(spread.recording));
    expect(read.header.experts).toEqual(map);
    expect(digestOf(read)).toBe(digestOf(spread.recording));
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['a number', 7],
    ['no load', { ...map, load: undefined }],
    ['a load that is too short', { ...map, load: map.load.slice(1) }],
    ['a load below zero', { ...map, load: map.load.with(3, -1) }],
    ['a load that is text', { ...map, load: map.load.map(String) }],
    ['more cells than can be', { ...map, numExperts: 1e6 }],
    [
      'more layers than can be drawn',
      { ...map, numLayers: 2000, numExperts: 1, rankOf: [0], load: Array(2000).fill(100) },
    ],
    ['no layers', { ...map, numLayers: 0, load: [] }],
    ['a rank that is not there', { ...map, rankOf: map.rankOf.with(0, 4) }],
    ['buffers of other ranks', { ...map, bufferBytes: [1] }],
    ['half a layer of ranks', { ...map, rankOf: map.rankOf.slice(32) }],
    ['an imbalance without a mean', { ...map, imbalance: { worst: 1 } }],
    ['a cache that hits more than always', { ...map, cache: { slots: 1, policy: 'lru', hitRate: 2 } }],
    ['a history without stretches', { ...map, history: { ...map.history, load: [], imbalance: [] } }],
    [
      'stretches of other cells',
      { ...map, history: { ...map.history, load: map.history!.load.map(() => '00') } },
    ],
    [
      'signs in stretches',
      { ...map, history: { ...map.history, load: map.history!.load.map((text) => text.replace(/./, '<')) } },
    ],
    ['stretches of no steps', { ...map, history: { ...map.history, stepsPerStretch: 0 } }],
    ['notes that are none', { ...map, notes: [{}] }],
    ['a note without end', { ...map, notes: ['x'.repeat(10_000)] }],
  ])('refused: %s', (_, experts) => {
    expect(isExpertMap(experts)).toBe(false);
    expect(() => decodeRecording(withExperts(experts))).toThrow(/lacks fields/);
  });
});
