import { pow } from '../math/portable.ts';

/** How often the experts of a layer are chosen: share of the j-th most popular ∝ (j + shift)^−exponent. */
export interface Popularity {
  readonly exponent: number;
  /** Flattens the top (Zipf–Mandelbrot); 0 = Zipf. */
  readonly shift: number;
  /** Share of tokens that keep the experts of the token before them. */
  readonly locality: number;
}

/** Models with so few experts are as flat as Mixtral. */
const FEW_EXPERTS = 16;

/**
 * Mixtral's measured popularity is Zipf with 0.165 (efeslab/fiddler); of Qwen3-30B's 128 experts 58–65 take 90 %
 * and the first 4.3–6.3 %, which Zipf cannot do, but (j + 0.39 E)^−3 does. Locality: the Mixtral paper's table 5
 * (18 % beyond chance in the middle layers, 2 % in the first, 12 % in the last).
 */
export function defaultPopularity(numExperts: number): Popularity {
  return numExperts <= FEW_EXPERTS
    ? { exponent: 0.165, shift: 0, locality: 0.15 }
    : { exponent: 3, shift: 0.39 * numExperts, locality: 0.15 };
}

/**
 * Probability that a token visits the j-th most popular expert; they sum to topK and none exceeds 1: what an expert
 * cannot take goes to the others in proportion.
 */
export function visitProbabilities(
  numExperts: number,
  topK: number,
  { exponent, shift }: Popularity,
): Float64Array {
  const weights = Float64Array.from({ length: numExperts }, (_, j) => pow(j + 1 + shift, -exponent));
  const probabilities = new Float64Array(numExperts);
  let certain = 0;
  for (;;) {
    let rest = 0;
    for (let j = certain; j < numExperts; j++) rest += weights[j];
    const scale = (topK - certain) / rest;
    // The weights descend: the experts that every token visits are the first ones.
    if (certain === topK || weights[certain] * scale <= 1) {
      for (let j = 0; j < numExperts; j++) probabilities[j] = j < certain ? 1 : weights[j] * scale;
      return probabilities;
    }
    certain++;
  }
}
