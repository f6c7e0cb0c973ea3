import type { LengthSpec, SyntheticWorkload } from '../scenario/scenario.ts';
import { type Run, WorkloadBuilder } from './builder.ts';
import { RandomStream } from './random.ts';
import type { Workload } from './workload.ts';

const NS_PER_S = 1e9;

/**
 * A seeded synthetic workload. Each purpose draws from a stream of its own: another length distribution
 * leaves arrivals and the choice of prefixes as they were.
 */
export function syntheticWorkload(spec: SyntheticWorkload, seed: number): Workload {
  const builder = new WorkloadBuilder();
  const arrivals = new RandomStream(seed, 'arrivals');
  const promptLengths = new RandomStream(seed, 'prompt lengths');
  const outputLengths = new RandomStream(seed, 'output lengths');
  const prefixes = new RandomStream(seed, 'shared prefixes');
  const aborts = new RandomStream(seed, 'aborts');

  const nextArrival = arrivalClock(spec, arrivals);
  let previousTurn = -1;
  let previousOutputs = 0;
  for (let i = 0; i < spec.numRequests; i++) {
    const isFirstTurn = i % spec.turns === 0;
    const userTokens = drawLength(spec.promptTokens, promptLengths);
    const maxTokens = drawLength(spec.outputTokens, outputLengths);
    const prompt: Run[] = isFirstTurn
      ? sharedPrefix(spec, builder, prefixes)
      : [...builder.promptOf(previousTurn), [builder.outputSegmentOf(previousTurn), 0, previousOutputs]];
    prompt.push([builder.newSegment(), 0, userTokens]);
    previousTurn = builder.add({
      arrivalNs: isFirstTurn ? nextArrival() : spec.thinkTimeNs,
      dependsOn: isFirstTurn ? -1 : previousTurn,
      prompt,
      maxTokens,
      // Drawn for everybody, so that the share alone decides who is hit.
      abortAfterNs: aborts.uniform() < spec.abort.share ? spec.abort.afterNs : Number.POSITIVE_INFINITY,
    });
    previousOutputs = maxTokens;
  }
  return builder.finish();
}

function sharedPrefix(spec: SyntheticWorkload, builder: WorkloadBuilder, stream: RandomStream): Run[] {
  const { count, tokens } = spec.sharedPrefix;
  if (count === 0 || tokens === 0) return [];
  return [[builder.segment(`prefix ${stream.integer(0, count - 1)}`), 0, tokens]];
}

/**
 * Gamma-distributed intervals with shape = burstiness and mean 1 / rate, as `vllm bench serve` draws them;
 * burstiness 1 is a Poisson process.
 */
function arrivalClock(spec: SyntheticWorkload, stream: RandomStream): () => number {
  const { arrival } = spec;
  if (arrival.kind === 'burst') return () => arrival.atNs;
  let seconds = 0;
  return () => {
    seconds += stream.gamma(arrival.burstiness, 1 / arrival.ratePerSecond);
    return Math.round(seconds * NS_PER_S);
  };
}

function drawLength(spec: LengthSpec, stream: RandomStream): number {
  switch (spec.kind) {
    case 'fixed':
      return spec.tokens;
    case 'uniform':
      return stream.integer(spec.min, spec.max);
    case 'lognormal':
      return Math.max(1, Math.min(spec.max, Math.round(stream.lognormal(spec.median, spec.sigma))));
  }
}
