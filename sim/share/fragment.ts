import { deflateSync, Inflate, strFromU8, strToU8 } from 'fflate';
import { isObject } from '../plain-values.ts';
import { MIB } from '../units.ts';

/*
 * The page's state in the URL's fragment: `#/<room>?s=<version>.<state>`, the state as JSON, deflated, in base64url.
 * Nothing of it reaches a server. Whatever is no such fragment is no state: links may be cut or forged.
 */

const VERSION = 1;
/** Longer fragments are refused unread; a scenario is some hundred characters. */
const MAX_FRAGMENT = 64 * 1024;
/** A forged state may unpack to anything. */
const MAX_STATE_BYTES = MIB;
const MAX_SETS = 100;
const MAX_OTHERS = 3;

/** `embed`: within another page, without header and editor. */
const ROOMS = ['play', 'embed'] as const;
export type Room = (typeof ROOMS)[number];

/** A scenario as the page knows it: a file's text, and fields that are set in place of the file's. */
export interface ScenarioSource {
  readonly text: string;
  readonly file: string;
  /** As for `--set`: `engine.block-size=32`. */
  readonly sets: readonly string[];
}

/** What a link brings back. */
export interface SharedState {
  readonly scenario: ScenarioSource;
  readonly step: number;
  readonly mode: string;
  /** Row of the followed request. */
  readonly request: number | null;
  /** What is shown; empty in links that are older than it. */
  readonly scene: string;
  /** Which of several engines; absent: the first. */
  readonly replica?: number;
  /** How blocks are laid out; absent: by their ids. */
  readonly order?: string;
  /** The block that is looked at. */
  readonly block?: number;
  /** The steps that the charts of time show, the second exclusive; absent: all. */
  readonly window?: { readonly from: number; readonly to: number };
  /** Scenarios beside this one. */
  readonly others: readonly ScenarioSource[];
}

/** `#/play?s=1.…` */
export function toFragment(room: Room, state: SharedState): string {
  const { scenario, step, mode, request, scene, replica, order, block, window, others } = state;
  const { text, file, sets } = scenario;
  // Short names: most links are pasted somewhere.
  const json = JSON.stringify({
    t: text,
    f: file,
    o: sets,
    s: step,
    m: mode,
    r: request,
    v: scene,
    e: replica,
    l: order,
    p: block,
    w: window && [window.from, window.to],
    // Most of them are the same file with other fields.
    b: others.map((other) =>
      other.text === text && other.file === file
        ? { o: other.sets }
        : { t: other.text, f: other.file, o: other.sets },
    ),
  });
  return `#/${room}?s=${VERSION}.${toBase64Url(deflateSync(strToU8(json), { level: 9 }))}`;
}

/** The state of a fragment; null where there is none, or none that can be read. */
export function fromFragment(fragment: string): { room: Room; state: SharedState } | null {
  if (fragment.length > MAX_FRAGMENT) return null;
  const match = /^#\/([a-z-]+)\?s=(\d+)\.([\w-]+)$/.exec(fragment);
  const room = ROOMS.find((name) => name === match?.[1]);
  if (!match || room === undefined || Number(match[2]) !== VERSION) return null;
  try {
    const state = stateOf(JSON.parse(strFromU8(unpack(fromBase64Url(match[3])))));
    return state === null ? null : { room, state };
  } catch {
    return null;
  }
}

/** The room of an address, whether or not it holds a state; `play` where it names none. */
export function roomOf(fragment: string): Room {
  const name = /^#\/([a-z-]+)(?:\?|$)/.exec(fragment)?.[1];
  return ROOMS.find((room) => room === name) ?? 'play';
}

function stateOf(value: unknown): SharedState | null {
  if (!isObject(value)) return null;
  const { s, m, r, v, e, l, p, w, b } = value;
  const scenario = sourceOf(value, null);
  if (scenario === null || typeof m !== 'string') return null;
  const others = (Array.isArray(b) ? b : []).slice(0, MAX_OTHERS).map((other) => sourceOf(other, scenario));
  if (others.includes(null)) return null;
  const [from, to] = Array.isArray(w) ? w : [];
  return {
    scenario,
    step: isRow(s) ? s : 0,
    mode: m,
    request: isRow(r) ? r : null,
    scene: typeof v === 'string' ? v : '',
    ...(isRow(e) && { replica: e }),
    ...(typeof l === 'string' && { order: l }),
    ...(isRow(p) && { block: p }),
    ...(isRow(from) && isRow(to) && { window: { from, to } }),
    others: others as ScenarioSource[],
  };
}

/** A scenario; what it does not say is that of another, if there is one. */
function sourceOf(value: unknown, otherwise: ScenarioSource | null): ScenarioSource | null {
  if (!isObject(value)) return null;
  const { t = otherwise?.text, f = otherwise?.file, o, k, c } = value;
  const sets = setsOf(o);
  const forkSets = isRow(k) ? oldFork(k, setsOf(c)) : [];
  if (typeof t !== 'string' || typeof f !== 'string' || sets === null || forkSets === null) return null;
  return { text: t, file: f, sets: [...sets, ...forkSets] };
}

/** Links of before scenarios had forks said in a form of their own which flags change at a step. */
function oldFork(step: number, sets: readonly string[] | null): string[] | null {
  return sets && [`fork.at-step=${step}`, ...sets.map((set) => set.replace(/^engine\./, 'fork.set.'))];
}

/** null: they are none; what is absent is empty. */
function setsOf(value: unknown): string[] | null {
  if (!Array.isArray(value)) return [];
  return value.length <= MAX_SETS && value.every((set) => typeof set === 'string') ? value : null;
}

function isRow(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** @throws Error where the bytes are damaged, or unpack to more than a state can be. */
function unpack(bytes: Uint8Array): Uint8Array {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const inflate = new Inflate((chunk) => {
    length += chunk.length;
    if (length > MAX_STATE_BYTES) throw new Error('too long');
    chunks.push(chunk);
  });
  inflate.push(bytes, true);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function toBase64Url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const bits = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const digits = Math.min(4, bytes.length - i + 1);
    for (let digit = 0; digit < digits; digit++) text += DIGITS[(bits >> (18 - 6 * digit)) & 63];
  }
  return text;
}

/** Bits that do not fill a byte are dropped. */
function fromBase64Url(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let bits = 0;
  let known = 0;
  let at = 0;
  for (const char of text) {
    bits = ((bits << 6) | DIGITS.indexOf(char)) & 0xfff;
    known += 6;
    if (known < 8) continue;
    known -= 8;
    bytes[at++] = bits >> known;
  }
  return bytes;
}
