import { pow } from '../math/portable.ts';

/** Below this share the smaller cost changes no bit of the result. */
const NEGLIGIBLE = 1e-16;

/**
 * (a^p + b^p)^(1/p): the larger of two costs that overlap, and a little more where they are alike. Any unit;
 * a, b >= 0, p >= 1.
 */
export function smoothMax(a: number, b: number, p: number): number {
  if (p === 1) return a + b;
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (small <= 0) return large;
  const ratio = small / large;
  // ratio^p <= ratio^floor(p), which takes no logarithm: costs that differ much are the common case.
  let bound = ratio;
  for (let power = 2; power <= p; power++) bound *= ratio;
  if (bound < NEGLIGIBLE) return large;
  return large * pow(1 + pow(ratio, p), 1 / p);
}
