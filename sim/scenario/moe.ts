import * as v from 'valibot';
import type { FlagValue } from './stated-flags.ts';

/*
 * The key `moe` of a scenario: how tokens find their experts, and experiments with experts. vLLM's own choices are
 * flags (--enable-expert-parallel, --eplb-config, …); `eplb` is short for two of them.
 */

const number = (least: number, most: number, what: string) =>
  v.pipe(v.number(what), v.minValue(least, what), v.maxValue(most, what));
const whole = (least: number, most: number) => {
  const message = `a whole number from ${least} to ${most}`;
  return v.pipe(number(least, most, message), v.integer(message));
};
const share = number(0, 1, 'a number from 0 to 1');

const routing = v.pipe(
  v.strictObject(
    {
      model: v.optional(v.literal('zipf', 'zipf')),
      exponent: v.optional(number(0, 10, 'a number from 0 to 10')),
      shift: v.optional(number(0, 1e6, 'a number of ranks, 0 or more')),
      locality: v.optional(share),
      trace: v.optional(v.pipe(v.string('a path'), v.nonEmpty('a path'))),
    },
    'an object with model, exponent, shift and locality, or with trace',
  ),
  v.check(
    (spec) => spec.trace === undefined || Object.keys(spec).length === 1,
    'trace alone, without a model',
  ),
);

export const moeSchema = v.strictObject(
  {
    routing: v.optional(routing),
    eplb: v.optional(
      v.strictObject(
        {
          'num-redundant-experts': v.optional(whole(0, 4096)),
          'window-size': v.optional(whole(1, 1e6)),
          'step-interval': v.optional(whole(1, 1e9)),
        },
        'an object with num-redundant-experts, window-size and step-interval',
      ),
    ),
    'expert-cache': v.optional(
      v.strictObject(
        {
          slots: whole(1, 4096),
          policy: v.optional(v.picklist(['lru', 'lfu'], 'lru or lfu')),
          prefetch: v.optional(share),
        },
        'an object with slots, policy and prefetch',
      ),
    ),
    'routing-reuse': v.optional(v.boolean('true or false')),
  },
  'an object with routing, eplb, expert-cache and routing-reuse',
);

export type MoeFile = v.InferOutput<typeof moeSchema>;

/** What a scenario says of experts beside vLLM's flags. */
export interface MoeSpec {
  /** null where the model's default holds. */
  readonly routing:
    | {
        readonly kind: 'zipf';
        readonly exponent: number | null;
        readonly shift: number | null;
        readonly locality: number | null;
      }
    | { readonly kind: 'trace'; readonly path: string };
  readonly expertCache: {
    readonly slots: number;
    readonly policy: 'lru' | 'lfu';
    readonly prefetch: number;
  } | null;
  readonly routingReuse: boolean;
}

/** The checked `moe:`, with its defaults. */
export function moeOf(file: MoeFile = {}): MoeSpec {
  const { exponent, shift, locality, trace } = file.routing ?? {};
  const cache = file['expert-cache'];
  return {
    routing:
      trace === undefined
        ? {
            kind: 'zipf',
            exponent: exponent ?? null,
            // An exponent alone means Zipf's law without a shift.
            shift: shift ?? (exponent === undefined ? null : 0),
            locality: locality ?? null,
          }
        : { kind: 'trace', path: trace },
    expertCache:
      cache === undefined
        ? null
        : { slots: cache.slots, policy: cache.policy ?? 'lru', prefetch: cache.prefetch ?? 0 },
    routingReuse: file['routing-reuse'] ?? false,
  };
}

/** The flags that `eplb` stands for. */
export function eplbFlags({ eplb }: MoeFile): [name: string, value: FlagValue][] {
  if (eplb === undefined) return [];
  const config = Object.entries(eplb).map(([key, value]) => [key.replaceAll('-', '_'), value]);
  return [
    ['enable_eplb', true],
    ['eplb_config', Object.fromEntries(config)],
  ];
}
