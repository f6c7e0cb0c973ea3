/** How far a search goes. */
export interface SearchOptions {
  /** Least and most of each variable; points outside are moved to the edge. */
  readonly bounds?: readonly (readonly [least: number, most: number])[];
  /** Size of the first simplex. */
  readonly size?: number;
  readonly steps?: number;
  /** The search ends when the values of the simplex differ by less. */
  readonly tolerance?: number;
  /** Told after every step, from 0 to 1. */
  readonly progress?: (share: number) => void;
}

/**
 * The minimum of f near a start by the simplex method of Nelder and Mead: no derivatives, good for few variables and
 * objectives with kinks such as a median.
 */
export function minimize(
  f: (x: readonly number[]) => number,
  start: readonly number[],
  { bounds, size = 0.2, steps = 1500, tolerance = 0, progress }: SearchOptions = {},
): number[] {
  type Point = { x: number[]; value: number };
  const inside = (x: number[]) =>
    bounds === undefined ? x : x.map((v, i) => Math.min(Math.max(v, bounds[i][0]), bounds[i][1]));
  const at = (x: number[]): Point => {
    const moved = inside(x);
    return { x: moved, value: f(moved) };
  };
  /** Away from an edge, so that the simplex has no flat side. */
  const besides = (v: number, i: number) =>
    bounds !== undefined && v + size > bounds[i][1] ? v - size : v + size;
  const simplex = [
    at([...start]),
    ...start.map((_, i) => at(start.map((v, j) => (i === j ? besides(v, i) : v)))),
  ];
  const worst = simplex.length - 1;
  for (let step = 0; step < steps; step++) {
    simplex.sort((a, b) => a.value - b.value);
    if (simplex[worst].value - simplex[0].value < tolerance) break;
    progress?.(step / steps);
    const centre = start.map((_, i) => simplex.slice(0, worst).reduce((sum, { x }) => sum + x[i], 0) / worst);
    const along = (t: number) => at(centre.map((c, i) => c + t * (simplex[worst].x[i] - c)));
    const reflected = along(-1);
    if (reflected.value < simplex[0].value) {
      const expanded = along(-2);
      simplex[worst] = expanded.value < reflected.value ? expanded : reflected;
    } else if (reflected.value < simplex[worst - 1].value) {
      simplex[worst] = reflected;
    } else {
      const contracted = along(0.5);
      if (contracted.value < simplex[worst].value) simplex[worst] = contracted;
      else
        for (let i = 1; i <= worst; i++)
          simplex[i] = at(simplex[i].x.map((v, j) => (v + simplex[0].x[j]) / 2));
    }
  }
  return simplex.sort((a, b) => a.value - b.value)[0].x;
}
