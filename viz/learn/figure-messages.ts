import { isObject } from '../../sim/plain-values.ts';

/*
 * What a page that embeds a lesson's figure and the figure say to each other, by postMessage: docs/embed.md. Whatever
 * has not the shape of a message is none.
 */

export type FigureMessage =
  | { readonly type: 'reveal' | 'state?' }
  | { readonly type: 'knob'; readonly value: number };

/** What the figure tells: when it is drawn, after each change, and when it is asked. */
export interface FigureState {
  readonly lesson: string;
  /** Where the slider stands, and where it can; null and none for a lesson without. */
  readonly knob: number | null;
  readonly knobs: readonly number[];
  readonly revealed: boolean;
}

/** A message, or null where the data is none. */
export function figureMessageOf(data: unknown): FigureMessage | null {
  if (!isObject(data)) return null;
  const { poolscope, type, value } = data;
  if (poolscope !== 1) return null;
  if (type === 'reveal' || type === 'state?') return { type };
  return type === 'knob' && Number.isFinite(value) ? { type, value: value as number } : null;
}

export function figureStateMessage(state: FigureState): FigureState & { type: 'lesson'; poolscope: 1 } {
  return { poolscope: 1, type: 'lesson', ...state };
}
