/** What people say about paging, in the order of the page. Words: text.en.ts; what is run: myth-experiments.ts. */
export const MYTHS = [
  'gaps',
  'no-waste',
  'larger-blocks',
  'cache-fragments',
  'utilization',
  'hard-limit',
  'max-tokens',
  'largest-evicted',
  'more-at-once',
  'full-is-bad',
  'flush',
  'swap-for-bursts',
  'utilization-is-work',
  'pool-size',
  'float16',
  'sixteen-kilobytes',
  'every-card-a-copy',
  'cards-balance',
  'override-zero',
  'expert-cache-flag',
  'host-memory',
  'above-95',
] as const;

export type MythId = (typeof MYTHS)[number];

/** The lesson that explains it. */
export const LESSON_OF: Readonly<Partial<Record<MythId, string>>> = {
  gaps: 'any-free-block',
  'no-waste': 'block-size',
  'larger-blocks': 'block-size',
  'cache-fragments': 'free-is-not-empty',
  'max-tokens': 'on-demand',
  'largest-evicted': 'preemption',
  'more-at-once': 'admission',
  'full-is-bad': 'free-is-not-empty',
  flush: 'free-is-not-empty',
  'swap-for-bursts': 'swap-or-recompute',
  'pool-size': 'kv-per-token',
  'every-card-a-copy': 'tensor-parallel',
  'cards-balance': 'tensor-parallel',
  'expert-cache-flag': 'mixture-of-experts',
};
