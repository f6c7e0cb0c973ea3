/**
 * How often each number of tokens occurs. Exact, and no larger than there are different numbers, so that a trace of any
 * length can be summed up as it streams by.
 */
export class TokenHistogram {
  private readonly countOf = new Map<number, number>();
  private sorted: readonly (readonly [tokens: number, count: number])[] | null = null;
  count = 0;
  sum = 0;

  add(tokens: number): void {
    this.countOf.set(tokens, (this.countOf.get(tokens) ?? 0) + 1);
    this.sorted = null;
    this.count++;
    this.sum += tokens;
  }

  get mean(): number {
    return this.sum / this.count;
  }

  /** Different numbers in ascending order, with how often they occur. */
  entries(): readonly (readonly [tokens: number, count: number])[] {
    this.sorted ??= [...this.countOf].sort(([a], [b]) => a - b);
    return this.sorted;
  }

  /** Linearly interpolated between samples, as `percentile` has it. */
  percentile(p: number): number {
    const at = ((this.count - 1) * p) / 100;
    const below = this.sample(Math.floor(at));
    const above = this.sample(Math.ceil(at));
    return below + (above - below) * (at - Math.floor(at));
  }

  /** The sample of that rank, from 0. */
  private sample(rank: number): number {
    let before = 0;
    for (const [tokens, count] of this.entries()) {
      before += count;
      if (rank < before) return tokens;
    }
    return Number.NaN;
  }
}
