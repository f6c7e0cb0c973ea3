import { LESSONS, type LessonId } from './course.ts';

const KEY = 'poolscope.learn';

/** A lesson whose answer was seen: with a prediction, or without. */
export type Seen = 'predicted' | 'read';

/** What this reader has done, kept in the browser where it allows that. */
export function progress(): ReadonlyMap<LessonId, Seen> {
  const found = new Map<LessonId, Seen>();
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    for (const { id } of LESSONS) {
      const seen = (kept as Record<string, unknown> | null)?.[id];
      if (seen === 'predicted' || seen === 'read') found.set(id, seen);
    }
  } catch {
    // Private windows refuse; what others wrote there may be anything.
  }
  return found;
}

/** A prediction counts more than having read. */
export function remember(id: LessonId, seen: Seen): void {
  const all = new Map(progress());
  if (all.get(id) === 'predicted') return;
  all.set(id, seen);
  try {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(all)));
  } catch {
    // The course works without.
  }
}
