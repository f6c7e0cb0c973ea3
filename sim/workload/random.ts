import alea from 'seedrandom/lib/alea';
import { exp, ln } from '../math/portable.ts';

/**
 * A stream of random numbers for one use. Streams of different uses are independent, so that a change in
 * what one purpose draws does not disturb another.
 */
export class RandomStream {
  private readonly draw: () => number;
  /** The second of the pair that the polar method makes. */
  private spareNormal: number | null = null;

  constructor(seed: number, use: string) {
    this.draw = alea(`${seed}/${use}`);
  }

  /** Uniform in (0, 1). */
  uniform(): number {
    const u = this.draw();
    return u > 0 ? u : Number.EPSILON;
  }

  /** Uniform integer in [min, max]. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.uniform() * (max - min + 1));
  }

  /** Exponential with the given mean. */
  exponential(mean: number): number {
    return -mean * ln(this.uniform());
  }

  /** Standard normal (Marsaglia's polar method). */
  normal(): number {
    if (this.spareNormal !== null) {
      const spare = this.spareNormal;
      this.spareNormal = null;
      return spare;
    }
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * ln(square)) / square);
      this.spareNormal = y * scale;
      return x * scale;
    }
  }

  lognormal(median: number, sigma: number): number {
    return median * exp(sigma * this.normal());
  }

  /** Gamma with the given shape and mean (Marsaglia and Tsang 2000; boosted below shape 1). */
  gamma(shape: number, mean: number): number {
    if (shape === 1) return this.exponential(mean);
    const boost = shape < 1 ? exp(ln(this.uniform()) / shape) : 1;
    const d = (shape < 1 ? shape + 1 : shape) - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const root = 1 + c * x;
      if (root <= 0) continue;
      const v = root * root * root;
      if (ln(this.uniform()) < 0.5 * x * x + d - d * v + d * ln(v)) return (d * v * boost * mean) / shape;
    }
  }
}
