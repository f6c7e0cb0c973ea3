import type { SyntheticWorkload } from '../scenario/workload-spec.ts';
import { type Image, type Run, WorkloadBuilder } from './builder.ts';
import { drawLength } from './lengths.ts';
import { Pace } from './pace.ts';
import { RandomStream } from './random.ts';
import type { Workload } from './workload.ts';

/**
 * A seeded synthetic workload. Each purpose draws from a stream of its own: another length distribution
 * leaves arrivals and the choice of prefixes as they were.
 */
export function syntheticWorkload(spec: SyntheticWorkload, seed: number): Workload {
  const builder = new WorkloadBuilder();
  const drawRequest = requestSource(spec, builder, seed);
  const pace = new Pace(spec, Math.ceil(spec.numRequests / spec.turns), seed);
  let previousTurn = -1;
  for (let i = 0; i < spec.numRequests; i++) {
    const isFirstTurn = i % spec.turns === 0;
    const when = isFirstTurn ? pace.start() : pace.after(previousTurn);
    previousTurn = builder.add({ ...drawRequest(isFirstTurn ? null : previousTurn), ...when });
    pace.ends(previousTurn);
  }
  for (const { atNs, requests } of spec.bursts) {
    for (let i = 0; i < requests; i++) builder.add({ ...drawRequest(null), arrivalNs: atNs });
  }
  return builder.finish();
}

/** Draws what is asked: in the first turn of a conversation, or after another turn. */
function requestSource(spec: SyntheticWorkload, builder: WorkloadBuilder, seed: number) {
  const promptLengths = new RandomStream(seed, 'prompt lengths');
  const outputLengths = new RandomStream(seed, 'output lengths');
  const prefixes = new RandomStream(seed, 'shared prefixes');
  const aborts = new RandomStream(seed, 'aborts');
  const drawImages = imageSource(spec, builder, seed);
  let previousOutputs = 0;
  return (previousTurn: number | null) => {
    const userTokens = drawLength(spec.promptTokens, promptLengths);
    const maxTokens = drawLength(spec.outputTokens, outputLengths);
    const prompt: Run[] =
      previousTurn === null
        ? sharedPrefix(spec, builder, prefixes)
        : [...builder.promptOf(previousTurn), [builder.outputSegmentOf(previousTurn), 0, previousOutputs]];
    const images: Image[] = previousTurn === null ? [] : [...builder.imagesOf(previousTurn)];
    if (previousTurn === null) {
      for (const [segment, length] of drawImages()) {
        images.push({ segment, length, offset: prompt.reduce((sum, run) => sum + run[2], 0) });
        prompt.push([segment, 0, length]);
      }
    }
    prompt.push([builder.newSegment(), 0, userTokens]);
    previousOutputs = maxTokens;
    return {
      prompt,
      images,
      maxTokens,
      numSequences: spec.numSequences,
      // Drawn for everybody, so that the share alone decides who is hit.
      abortAfterNs: aborts.uniform() < spec.abort.share ? spec.abort.afterNs : Number.POSITIVE_INFINITY,
    };
  };
}

function sharedPrefix(spec: SyntheticWorkload, builder: WorkloadBuilder, stream: RandomStream): Run[] {
  const { count, tokens } = spec.sharedPrefix;
  if (count === 0 || tokens === 0) return [];
  return [[builder.segment(`prefix ${stream.integer(0, count - 1)}`), 0, tokens]];
}

/** Images of one request, as segment and placeholder tokens; a distinct image always has the same number. */
function imageSource(
  { images }: SyntheticWorkload,
  builder: WorkloadBuilder,
  seed: number,
): () => [segment: number, length: number][] {
  if (images === null) return () => [];
  const { perRequest, tokens, distinct } = images;
  const choices = new RandomStream(seed, 'images');
  const lengths = new RandomStream(seed, 'image lengths');
  const lengthOf = new Map<number, number>();
  return () =>
    Array.from({ length: perRequest }, () => {
      const segment =
        distinct === null
          ? builder.newSegment()
          : builder.segment(`image ${choices.integer(0, distinct - 1)}`);
      const length = lengthOf.get(segment) ?? drawLength(tokens, lengths);
      lengthOf.set(segment, length);
      return [segment, length];
    });
}
