/**
 * The minimum of f near a start by the simplex method of Nelder and Mead: no derivatives, good for few parameters and
 * objectives with kinks such as a median.
 */
export function minimize(
  f: (x: readonly number[]) => number,
  start: readonly number[],
  steps = 1500,
): number[] {
  type Point = { x: number[]; value: number };
  const at = (x: number[]): Point => ({ x, value: f(x) });
  const simplex = [at([...start]), ...start.map((_, i) => at(start.map((v, j) => (i === j ? v + 0.2 : v))))];
  const worst = simplex.length - 1;
  for (let step = 0; step < steps; step++) {
    simplex.sort((a, b) => a.value - b.value);
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
