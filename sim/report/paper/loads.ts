import { WorkloadBuilder } from '../../workload/builder.ts';
import { RandomStream } from '../../workload/random.ts';
import type { Workload } from '../../workload/workload.ts';

/** Lognormal, rounded and cut to 1 … max tokens. */
interface Lengths {
  readonly median: number;
  readonly sigma: number;
  readonly max: number;
}

/** Lengths of a data set that the paper draws from; the data are not part of Poolscope. */
export interface PaperLoad {
  readonly name: string;
  readonly prompt: Lengths;
  readonly outputs: Lengths;
}

/**
 * The paper prints only the means: 161.31 tokens in, 337.99 out (Figure 11), which the medians are chosen to give
 * after the cut. The spread of the outputs is inferred from Figure 2: of what Orca (Max) holds, tokens and
 * reservation are 33.7 of 91.0, and that takes outputs whose standard deviation is 0.875 of their mean. The
 * spread of the prompts is a guess.
 */
export const SHAREGPT_LIKE: PaperLoad = {
  name: 'ShareGPT-like',
  prompt: { median: 101, sigma: 1, max: 1024 },
  outputs: { median: 235, sigma: 1.03, max: 1024 },
};

/** Means of 19.31 and 58.45 (Figure 11); both spreads are guesses. */
export const ALPACA_LIKE: PaperLoad = {
  name: 'Alpaca-like',
  prompt: { median: 17, sigma: 0.5, max: 512 },
  outputs: { median: 42.5, sigma: 0.8, max: 512 },
};

/** Requests with lengths from the load, all at time 0. */
export function paperWorkload(
  load: PaperLoad,
  seed: number,
  numRequests: number,
  numSequences = 1,
): Workload {
  const builder = new WorkloadBuilder();
  const prompts = new RandomStream(seed, `${load.name} prompts`);
  const outputs = new RandomStream(seed, `${load.name} outputs`);
  for (let i = 0; i < numRequests; i++) {
    builder.add({
      arrivalNs: 0,
      prompt: [[builder.newSegment(), 0, draw(load.prompt, prompts)]],
      maxTokens: draw(load.outputs, outputs),
      numSequences,
    });
  }
  return builder.finish();
}

function draw({ median, sigma, max }: Lengths, stream: RandomStream): number {
  return Math.max(1, Math.min(max, Math.round(stream.lognormal(median, sigma))));
}
