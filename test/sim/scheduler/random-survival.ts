import type { BeamSurvival } from '../../../sim/scheduler/v0/beam-search.ts';
import { RandomStream } from '../../../sim/workload/random.ts';

/**
 * Every continuation draws its parent anew, all beams alike (the Wright-Fisher model of descent): lineages of
 * w beams meet about 2w tokens ago, sometimes much later. A stream for each request.
 */
export function randomSurvival(seed: number): BeamSurvival {
  const streams = new Map<number, RandomStream>();
  return (request, _step, parents) => {
    const stream = streams.get(request) ?? new RandomStream(seed, `beams of request ${request}`);
    streams.set(request, stream);
    for (let i = 0; i < parents.length; i++) parents[i] = stream.integer(0, parents.length - 1);
  };
}
