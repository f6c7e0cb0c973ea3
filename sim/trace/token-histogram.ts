import { CountedSamples } from '../math/counted-samples.ts';

/**
 * How often each number of tokens occurs. Exact, and no larger than there are different numbers, so that a trace of any
 * length can be summed up as it streams by.
 */
export class TokenHistogram {
  private readonly countOf = new Map<number, number>();

  add(tokens: number): void {
    this.countOf.set(tokens, (this.countOf.get(tokens) ?? 0) + 1);
  }

  /** Different numbers, with how often they occur. */
  entries(): Iterable<readonly [tokens: number, count: number]> {
    return this.countOf;
  }

  samples(): CountedSamples {
    return new CountedSamples([...this.countOf.keys()], [...this.countOf.values()]);
  }
}
