import { describe, expect, test } from 'vitest';
import { localExperts, placesOf, stageLayers, worldSize } from '../../../sim/memory/parallel.ts';

describe('pipeline stages', () => {
  test.each([
    [61, 1, [61]],
    [32, 4, [8, 8, 8, 8]],
    // What remains goes to the stages before the last, going backwards.
    [61, 4, [15, 15, 16, 15]],
    [62, 4, [15, 16, 16, 15]],
    [63, 4, [16, 16, 16, 15]],
    [61, 2, [31, 30]],
  ])('%i layers over %i stages', (layers, pipeline, expected) => {
    const stages = stageLayers(layers, pipeline);
    expect(stages.map(({ first, end }) => end - first)).toEqual(expected);
    expect(stages[0].first).toBe(0);
    expect(stages[pipeline - 1].end).toBe(layers);
    for (let i = 1; i < pipeline; i++) expect(stages[i].first).toBe(stages[i - 1].end);
  });
});

test('ranks: replicas, then stages, then tensor-parallel ranks', () => {
  const parallel = { tensor: 2, pipeline: 2, data: 2, experts: false };
  const places = placesOf(parallel);
  expect(places).toHaveLength(worldSize(parallel));
  expect(places[1]).toEqual({ tensorRank: 1, stage: 0, replica: 0 });
  expect(places[2]).toEqual({ tensorRank: 0, stage: 1, replica: 0 });
  expect(places[4]).toEqual({ tensorRank: 0, stage: 0, replica: 1 });
});

test('experts that do not divide go to the first ranks, and none is lost', () => {
  const parallel = { tensor: 4, pipeline: 1, data: 2, experts: true };
  const shares = placesOf(parallel).map((place) => localExperts(60, parallel, place));
  expect(shares).toEqual([8, 8, 8, 8, 7, 7, 7, 7]);
});
