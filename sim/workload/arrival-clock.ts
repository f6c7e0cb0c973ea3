import { pow } from '../math/portable.ts';
import type { ArrivalSpec } from '../scenario/workload-spec.ts';
import { NS_PER_S } from '../units.ts';
import type { RandomStream } from './random.ts';

/** Halvings of an interval until a double knows no smaller one. */
const BISECTIONS = 53;

/**
 * When one request after the other comes, in integer nanoseconds: gamma-distributed intervals with shape = burstiness,
 * as `vllm bench serve` draws them; burstiness 1 is a Poisson process, Infinity a metronome.
 * @param numRequests how many will come, which a ramp must know
 */
export function arrivalClock(spec: ArrivalSpec, numRequests: number, stream: RandomStream): () => number {
  if (spec.kind === 'burst') return () => spec.atNs;
  const { burstiness } = spec;
  const interval = (mean: number) =>
    burstiness === Number.POSITIVE_INFINITY ? mean : stream.gamma(burstiness, mean);
  let seconds = 0;
  switch (spec.kind) {
    case 'poisson':
      return () => {
        seconds += interval(1 / spec.ratePerSecond);
        return Math.round(seconds * NS_PER_S);
      };
    case 'ramp-up': {
      let request = 0;
      return () => {
        seconds += interval(1 / rampRate(spec, request++ / Math.max(1, numRequests - 1)));
        return Math.round(seconds * NS_PER_S);
      };
    }
    case 'diurnal': {
      // In a time that runs as fast as the rate is, the process is an even one.
      let expected = 0;
      return () => {
        expected += interval(1);
        return Math.round(diurnalSeconds(spec, expected) * NS_PER_S);
      };
    }
  }
}

/** vLLM `_get_current_request_rate`: by the number of the request, not by time. */
function rampRate(
  { strategy, startRps, endRps }: Extract<ArrivalSpec, { kind: 'ramp-up' }>,
  progress: number,
): number {
  return strategy === 'linear'
    ? startRps + (endRps - startRps) * progress
    : startRps * pow(endRps / startRps, progress);
}

/** The time by which so many requests are expected. */
function diurnalSeconds(
  { periodNs, low, high }: Extract<ArrivalSpec, { kind: 'diurnal' }>,
  expected: number,
): number {
  const half = periodNs / NS_PER_S / 2;
  const perHalf = (half * (low + high)) / 2;
  const halves = Math.floor(expected / perHalf);
  const rest = expected - halves * perHalf;
  // Of half a period that rises: the integral of low + (high − low)(3x² − 2x³).
  const risen = (x: number) => half * (low * x + (high - low) * x * x * x * (1 - x / 2));
  const falls = halves % 2 === 1;
  const part = inverse(risen, falls ? perHalf - rest : rest);
  return half * (halves + (falls ? 1 - part : part));
}

/** Where in [0, 1] an increasing function has a value. */
function inverse(f: (x: number) => number, value: number): number {
  let below = 0;
  let above = 1;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (below + above) / 2;
    if (f(middle) < value) below = middle;
    else above = middle;
  }
  return above;
}
