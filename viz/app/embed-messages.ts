import { isObject } from '../../sim/plain-values.ts';

/*
 * What a page that embeds Poolscope and the embedded one say to each other, by postMessage: docs/embed.md. Whatever has
 * not the shape of a message is none; nothing of a message is ever run, or taken for markup.
 */

/** Every message has it, so that other messages of the page around are told apart. */
const MARK = { poolscope: 1 } as const;

export type EmbedMessage =
  | { readonly type: 'seek'; readonly step: number }
  | { readonly type: 'play' | 'pause' | 'state?' }
  | { readonly type: 'mode'; readonly mode: string }
  /** null: none is followed. */
  | { readonly type: 'request'; readonly request: string | null };

/** What the embedded page tells: when it has loaded, after each change, and when it is asked. */
export interface EmbedState {
  readonly name: string;
  readonly step: number;
  readonly numSteps: number;
  readonly playing: boolean;
  readonly mode: string;
  /** Name of the followed request. */
  readonly request: string | null;
}

/** A message, or null where the data is none. */
export function messageOf(data: unknown): EmbedMessage | null {
  if (!isObject(data)) return null;
  const { poolscope, type, step, mode, request } = data;
  if (poolscope !== MARK.poolscope) return null;
  switch (type) {
    case 'seek':
      return Number.isSafeInteger(step) ? { type, step: step as number } : null;
    case 'play':
    case 'pause':
    case 'state?':
      return { type };
    case 'mode':
      return typeof mode === 'string' ? { type, mode } : null;
    case 'request':
      return typeof request === 'string' || request === null ? { type, request } : null;
    default:
      return null;
  }
}

export function stateMessage(state: EmbedState): EmbedState & { type: 'state'; poolscope: 1 } {
  return { ...MARK, type: 'state', ...state };
}
