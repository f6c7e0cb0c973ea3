/** What a lesson is about: the systems of the PagedAttention paper, vLLM before 2025 (V0) or since (V1). */
export type Era = 'paper' | 'V0' | 'V1';

/** A value that a reader can change after the reveal; the experiment runs again. */
export interface Knob {
  readonly values: readonly number[];
  /** The value that the question is about. */
  readonly start: number;
}

/** A lesson without its words (text.en.ts) and without what is found out (experiments.ts). */
export interface Lesson {
  readonly id: LessonId;
  readonly eras: readonly Era[];
  /** A number, or one of these. */
  readonly asks: 'number' | readonly string[];
  readonly knob: Knob | null;
}

export type LessonId = (typeof IDS)[number];

const IDS = [
  'kv-per-token',
  'kinds-of-waste',
  'figure-2',
  'block-table',
  'on-demand',
  'any-free-block',
  'block-size',
  'copy-on-write',
  'beam-search',
  'prefix-caching',
  'free-is-not-empty',
  'preemption',
  'swap-or-recompute',
  'chunked-prefill',
  'admission',
  'hybrid-groups',
  'tensor-parallel',
  'mixture-of-experts',
] as const;

const ABOUT: Readonly<Record<LessonId, Omit<Lesson, 'id'>>> = {
  'kv-per-token': {
    eras: ['paper', 'V0', 'V1'],
    asks: 'number',
    knob: { values: [64, 256, 512, 1024, 2048], start: 2048 },
  },
  'kinds-of-waste': {
    eras: ['paper'],
    asks: ['tokens', 'reserved', 'internal'],
    knob: null,
  },
  'figure-2': {
    eras: ['paper'],
    asks: ['third', 'two-thirds', 'nearly-all'],
    knob: { values: [1, 2, 3, 4, 5], start: 1 },
  },
  'block-table': {
    eras: ['paper', 'V0', 'V1'],
    asks: 'number',
    knob: { values: [0, 5, 15, 16, 31, 32, 37, 47], start: 37 },
  },
  'on-demand': {
    eras: ['paper', 'V0', 'V1'],
    asks: 'number',
    knob: { values: [1, 8, 16, 17, 32, 33, 48, 49, 64], start: 33 },
  },
  'any-free-block': {
    eras: ['paper', 'V0', 'V1'],
    asks: ['contiguous', 'paged', 'both', 'neither'],
    knob: { values: [1, 2, 3, 5, 8, 9], start: 3 },
  },
  'block-size': {
    eras: ['paper', 'V0', 'V1'],
    asks: ['up', 'down', 'same'],
    knob: null,
  },
  'copy-on-write': {
    eras: ['paper', 'V0'],
    asks: 'number',
    knob: { values: [32, 36, 40, 48, 50], start: 40 },
  },
  'beam-search': {
    eras: ['paper', 'V0'],
    asks: 'number',
    knob: { values: [1, 2, 4, 6, 8], start: 4 },
  },
  'prefix-caching': {
    eras: ['V1'],
    asks: 'number',
    knob: { values: [3, 17, 33, 49, 63, 64], start: 3 },
  },
  'free-is-not-empty': {
    eras: ['V1'],
    asks: ['first', 'last', 'all', 'none'],
    knob: { values: [2, 4, 5, 6, 7], start: 5 },
  },
  preemption: {
    eras: ['V1'],
    asks: ['oldest', 'newest', 'each', 'nobody'],
    knob: { values: [10, 11, 12, 14, 16, 21], start: 12 },
  },
  'swap-or-recompute': {
    eras: ['paper', 'V0'],
    asks: ['swap', 'recompute'],
    knob: { values: [64, 128, 256, 512, 1024], start: 256 },
  },
  'chunked-prefill': {
    eras: ['V1'],
    asks: ['none', 'double', 'tenfold'],
    knob: null,
  },
  admission: {
    eras: ['V1'],
    asks: ['faster', 'same', 'slower'],
    knob: null,
  },
  'hybrid-groups': {
    eras: ['V1'],
    asks: 'number',
    knob: { values: [64, 136, 256, 400, 512], start: 400 },
  },
  'tensor-parallel': {
    eras: ['V0', 'V1'],
    asks: ['same', 'times', 'more'],
    knob: { values: [2, 4, 8], start: 2 },
  },
  'mixture-of-experts': {
    eras: ['V1'],
    asks: 'number',
    knob: { values: [0, 8, 16, 32], start: 16 },
  },
};

/** Parts of the course, each with its first lesson. */
export const PARTS = [
  { id: 'memory', first: 'kv-per-token' },
  { id: 'serving', first: 'prefix-caching' },
  { id: 'machines', first: 'hybrid-groups' },
] as const satisfies readonly { id: string; first: LessonId }[];

/** The course, in the order in which it builds. */
export const LESSONS: readonly Lesson[] = IDS.map((id) => ({ id, ...ABOUT[id] }));
