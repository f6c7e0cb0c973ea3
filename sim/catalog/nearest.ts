/**
 * The candidate that a misspelt name most likely means, or null if none is near: of equally near ones that which
 * begins like it. Case and -/_ do not count.
 */
export function nearest(name: string, candidates: Iterable<string>): string | null {
  const wanted = fold(name);
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  let bestStart = 0;
  for (const candidate of candidates) {
    const folded = fold(candidate);
    const distance = editDistance(wanted, folded, bestDistance + 1);
    const start = commonStart(wanted, folded);
    if (distance < bestDistance || (best !== null && distance === bestDistance && start > bestStart)) {
      bestDistance = distance;
      bestStart = start;
      best = candidate;
    }
  }
  return best;
}

function fold(name: string): string {
  return name.slice(0, 100).toLowerCase().replaceAll('_', '-');
}

function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

/** Insertions, deletions, substitutions and swaps of neighbours between two words; at most `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let twoBack: number[] = [];
  let back = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(back[j] + 1, row[j - 1] + 1, back[j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], twoBack[j - 2] + 1);
      }
    }
    twoBack = back;
    back = row;
  }
  return Math.min(limit, back[b.length]);
}
