import { ln } from '../math/portable.ts';
import type { Figure } from './bench-result.ts';
import type { BenchCase } from './bench-run.ts';

/** How much a figure says: means most, the tail of queues least. */
const WEIGHTS: readonly (readonly [RegExp, number])[] = [
  [/^throughput$/, 1],
  [/^(tpot|e2el) (mean|p50)$/, 1],
  [/^ttft (mean|p50)$/, 0.7],
  [/^itl (mean|p50)$/, 0.5],
  [/p99$/, 0.2],
];

/**
 * Weighted mean of the absolute errors of all figures that were measured and simulated, as logarithms: twice and half
 * as long are equally wrong, and small ones are relative errors. No squares: one figure that the model cannot meet must
 * not drag the others along.
 */
export function benchError(
  cases: readonly BenchCase[],
  simulated: readonly ReadonlyMap<Figure, number>[],
): number {
  let weights = 0;
  let sum = 0;
  cases.forEach(({ result }, i) => {
    for (const [figure, measured] of result.figures) {
      const value = simulated[i].get(figure);
      if (value === undefined || !(value > 0)) continue;
      const weight = WEIGHTS.find(([pattern]) => pattern.test(figure))?.[1] ?? 0;
      weights += weight;
      sum += weight * Math.abs(ln(value / measured));
    }
  });
  return sum / weights;
}
