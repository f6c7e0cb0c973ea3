import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type NewRequest, type Run, WorkloadBuilder } from '../../../sim/workload/builder.ts';
import type { Workload } from '../../../sim/workload/workload.ts';

const ONE_TOKEN: NewRequest = { arrivalNs: 0, prompt: [[0, 0, 1]], maxTokens: 1 };

function promptOf(workload: Workload, row: number): Run[] {
  const runs: Run[] = [];
  for (let run = workload.runStart[row]; run < workload.runStart[row + 1]; run++) {
    runs.push([workload.runSegment[run], workload.runOffset[run], workload.runLength[run]]);
  }
  return runs;
}

const tokensOf = (runs: readonly Run[]) =>
  runs.flatMap(([segment, offset, length]) => Array.from({ length }, (_, i) => `${segment}:${offset + i}`));

const run = fc.tuple(fc.nat(2), fc.nat(6), fc.nat(4)) as fc.Arbitrary<Run>;
const prompt = fc.array(run, { minLength: 1, maxLength: 8 }).filter((runs) => tokensOf(runs).length > 0);

test('a prompt keeps its tokens, and however it is cut into runs, equal tokens are equal runs', () => {
  fc.assert(
    fc.property(prompt, (runs) => {
      const builder = new WorkloadBuilder();
      builder.add({ ...ONE_TOKEN, prompt: runs });
      const singles = runs.flatMap(([segment, offset, length]) =>
        Array.from({ length }, (_, i): Run => [segment, offset + i, 1]),
      );
      builder.add({ ...ONE_TOKEN, prompt: singles });
      const workload = builder.finish();
      expect(tokensOf(promptOf(workload, 0))).toEqual(tokensOf(runs));
      expect(promptOf(workload, 1)).toEqual(promptOf(workload, 0));
      expect(workload.numPromptTokens[0]).toBe(tokensOf(runs).length);
    }),
  );
});

test('sorted by arrival, equal ones as they were added, dependents with the request that they follow', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ arrival: fc.nat(5), follows: fc.option(fc.nat(20)) }), {
        minLength: 1,
        maxLength: 40,
        size: 'max',
      }),
      (specs) => {
        const builder = new WorkloadBuilder();
        const followed = specs.map(({ follows }, i) => (follows === null || i === 0 ? -1 : follows % i));
        specs.forEach(({ arrival }, i) => {
          const id = `added ${i}`;
          builder.add({ ...ONE_TOKEN, id, arrivalNs: arrival, dependsOn: followed[i] });
        });
        const workload = builder.finish();
        const added = workload.ids.map((id) => Number(id.slice('added '.length)));
        expect([...added].sort((a, b) => a - b)).toEqual([...specs.keys()]);
        let before = { arrival: 0, added: -1 };
        for (let row = 0; row < specs.length; row++) {
          const i = added[row];
          expect(workload.arrivalNs[row]).toBe(specs[i].arrival);
          expect(workload.dependsOn[row]).toBeLessThan(row);
          const on = workload.dependsOn[row];
          expect(on < 0 ? -1 : added[on]).toBe(followed[i]);
          if (on >= 0) continue;
          const { arrival } = specs[i];
          expect(arrival > before.arrival || (arrival === before.arrival && i > before.added)).toBe(true);
          before = { arrival, added: i };
        }
      },
    ),
  );
});

test('a name has one segment; a new segment is nobody else’s', () => {
  const builder = new WorkloadBuilder();
  const segments = [builder.segment('a'), builder.newSegment(), builder.segment('b'), builder.segment('a')];
  expect(segments[3]).toBe(segments[0]);
  const request = builder.add({ ...ONE_TOKEN, prompt: [[segments[0], 0, 1]] });
  expect(new Set([...segments, builder.outputSegmentOf(request)]).size).toBe(4);
});

describe('what no engine could serve is refused', () => {
  test.each<[string, Partial<NewRequest>]>([
    ['no prompt', { prompt: [] }],
    ['an empty run alone', { prompt: [[0, 0, 0]] }],
    [
      'a run of negative length',
      {
        prompt: [
          [0, 0, 5],
          [0, 5, -1],
        ],
      },
    ],
    ['half a token', { prompt: [[0, 0, 1.5]] }],
    ['no outputs', { maxTokens: 0 }],
    ['an arrival that never comes', { arrivalNs: Number.POSITIVE_INFINITY }],
    ['an arrival between two nanoseconds', { arrivalNs: 0.5 }],
    ['following a request that is not there', { dependsOn: 0 }],
  ])('%s', (_, change) => {
    expect(() => new WorkloadBuilder().add({ ...ONE_TOKEN, ...change })).toThrow(/invariant broken/);
  });

  test('an id twice, a default one included', () => {
    const builder = new WorkloadBuilder();
    builder.add(ONE_TOKEN);
    builder.add({ ...ONE_TOKEN, id: 'r0' });
    expect(() => builder.finish()).toThrow(/ids are unique/);
  });
});
