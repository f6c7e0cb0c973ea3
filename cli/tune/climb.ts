import { keyOf, type Settings } from './evaluator.ts';

/** A field and the values that are tried. */
export interface Axis {
  readonly key: string;
  readonly values: readonly unknown[];
}

/** How good a configuration is; compared from the first number on. */
export interface Scored {
  readonly settings: Settings;
  readonly rank: readonly number[];
}

/** Less than this share is not worth a change. */
const WORTH = 0.01;
const MOST_ROUNDS = 4;

/** Whether a ranks above b: by the first figure in which they are further apart than noise. */
export function isBetter(a: Scored, b: Scored): boolean {
  for (let i = 0; i < a.rank.length; i++) {
    const worth = Math.abs(b.rank[i]) * WORTH;
    if (a.rank[i] > b.rank[i] + worth) return true;
    if (a.rank[i] < b.rank[i] - worth) return false;
  }
  return false;
}

/**
 * One axis after the other: the best of its values, all others as they are, until a round changes nothing.
 * Deterministic: the first of equals wins, and what is there wins over a change. `enough` ends it early.
 * @returns the best, and all that were tried.
 */
export async function climb<T extends Scored>(
  start: Settings,
  axes: readonly Axis[],
  score: (settings: Settings) => Promise<T>,
  enough: (best: T) => boolean = () => false,
): Promise<{ best: T; tried: readonly T[] }> {
  const tried = new Map<string, Promise<T>>();
  const scoreOnce = (settings: Settings) => {
    const key = keyOf(settings);
    const scored = tried.get(key) ?? score(settings);
    tried.set(key, scored);
    return scored;
  };
  let best = await scoreOnce(start);
  for (let round = 0; round < MOST_ROUNDS && !enough(best); round++) {
    const before = best;
    for (const { key, values } of axes) {
      const candidates = await Promise.all(
        values.map((value) => scoreOnce({ ...best.settings, [key]: value })),
      );
      for (const candidate of candidates) if (isBetter(candidate, best)) best = candidate;
      if (enough(best)) break;
    }
    if (best === before) break;
  }
  return { best, tried: await Promise.all(tried.values()) };
}
