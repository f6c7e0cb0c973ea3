import * as v from 'valibot';
import { count } from './schema-parts.ts';

/** Thresholds of the prefix-aware router; see PrefixAwareOptions. */
export interface PrefixAwareSpec {
  readonly kind: 'prefix-aware';
  readonly cacheThreshold: number | null;
  readonly balanceAbsThreshold: number | null;
  readonly balanceRelThreshold: number | null;
}

/** Who decides which replica serves a request. */
export type RouterSpec = { readonly kind: 'round-robin' | 'least-loaded' } | PrefixAwareSpec;

/** Copies of the whole deployment, each with GPUs of its own, behind a router that is not vLLM's. */
export interface ReplicasSpec {
  readonly count: number;
  readonly router: RouterSpec;
}

const ROUTER = 'round-robin, least-loaded, prefix-aware, or an object with prefix-aware and its thresholds';
const REPLICAS = 'a number of replicas, or an object with count and router';
const SHARE = 'a share from 0 to 1';
const FACTOR = 'a number from 1 to 1000';

const router = v.union(
  [
    v.picklist(['round-robin', 'least-loaded', 'prefix-aware'], ROUTER),
    v.strictObject({
      'prefix-aware': v.strictObject(
        {
          'cache-threshold': v.optional(v.pipe(v.number(SHARE), v.minValue(0, SHARE), v.maxValue(1, SHARE))),
          'balance-abs-threshold': v.optional(count(0, 1_000_000)),
          'balance-rel-threshold': v.optional(
            v.pipe(v.number(FACTOR), v.minValue(1, FACTOR), v.maxValue(1000, FACTOR)),
          ),
        },
        'an object with cache-threshold, balance-abs-threshold and balance-rel-threshold',
      ),
    }),
  ],
  ROUTER,
);

const replicaCount = count(1, 256);
/** A number is short for {count: number}. */
export const replicasSchema = v.union(
  [replicaCount, v.strictObject({ count: replicaCount, router: v.optional(router) }, REPLICAS)],
  REPLICAS,
);

type ReplicasFile = v.InferOutput<typeof replicasSchema>;

/** The checked `replicas:`; null for a single engine. */
export function replicasOf(file: ReplicasFile | undefined): ReplicasSpec | null {
  if (file === undefined) return null;
  if (typeof file === 'number') return { count: file, router: { kind: 'round-robin' } };
  return { count: file.count, router: routerOf(file.router ?? 'round-robin') };
}

function routerOf(file: v.InferOutput<typeof router>): RouterSpec {
  if (file === 'round-robin' || file === 'least-loaded') return { kind: file };
  const thresholds = typeof file === 'object' ? file['prefix-aware'] : {};
  return {
    kind: 'prefix-aware',
    cacheThreshold: thresholds['cache-threshold'] ?? null,
    balanceAbsThreshold: thresholds['balance-abs-threshold'] ?? null,
    balanceRelThreshold: thresholds['balance-rel-threshold'] ?? null,
  };
}
