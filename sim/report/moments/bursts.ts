/**
 * Of what happened, ascending by step, the group of neighbours, at most `gap` steps apart, that weighs most; empty if
 * nothing happened.
 */
export function heaviestBurst<T extends { readonly step: number }>(
  happened: readonly T[],
  gap: number,
  weight: (each: T) => number,
): readonly T[] {
  let heaviest: readonly T[] = [];
  let most = 0;
  let begin = 0;
  let sum = 0;
  happened.forEach((each, i) => {
    sum += weight(each);
    const next = happened[i + 1];
    if (next !== undefined && next.step - each.step <= gap) return;
    if (sum > most) {
      most = sum;
      heaviest = happened.slice(begin, i + 1);
    }
    begin = i + 1;
    sum = 0;
  });
  return heaviest;
}
