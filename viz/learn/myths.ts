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
};
