/** Samples of which many are equal: values, and how often each occurs. Values may repeat; counts are whole, at least 1. */
export class CountedSamples {
  readonly count: number;
  readonly sum: number;
  private readonly values: Float64Array;
  /** How many samples are at or below each value. */
  private readonly upTo: Float64Array;

  constructor(values: readonly number[], counts: readonly number[]) {
    const order = Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
    this.values = Float64Array.from(order, (i) => values[i]);
    this.upTo = new Float64Array(order.length);
    let count = 0;
    let sum = 0;
    order.forEach((i, at) => {
      count += counts[i];
      sum += values[i] * counts[i];
      this.upTo[at] = count;
    });
    this.count = count;
    this.sum = sum;
  }

  get mean(): number {
    return this.sum / this.count;
  }

  /** Linearly interpolated between samples (numpy's default), as if each stood for itself. */
  percentile(p: number): number {
    const at = ((this.count - 1) * p) / 100;
    const below = this.sample(Math.floor(at));
    return below + (this.sample(Math.ceil(at)) - below) * (at - Math.floor(at));
  }

  /** The sample of a rank, from 0. */
  private sample(rank: number): number {
    let low = 0;
    let high = this.upTo.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.upTo[middle] > rank) high = middle;
      else low = middle + 1;
    }
    return this.values[low];
  }
}
