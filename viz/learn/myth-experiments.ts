import {
  cacheFragments,
  flush,
  fullIsBad,
  gaps,
  largerBlocks,
  noWaste,
  utilization,
} from './myths/blocks.ts';
import type { MythOutcome } from './myths/outcome.ts';
import {
  hardLimit,
  largestEvicted,
  maxTokens,
  moreAtOnce,
  swapForBursts,
  utilizationIsWork,
} from './myths/scheduling.ts';
import {
  above95,
  cardsBalance,
  everyCardACopy,
  expertCacheFlag,
  float16,
  hostMemory,
  overrideZero,
  poolSize,
  sixteenKilobytes,
} from './myths/startup.ts';
import type { MythId } from './myths.ts';

/** What each myth comes to. The page runs them in a worker. */
export const MYTH_EXPERIMENTS: Readonly<Record<MythId, () => MythOutcome>> = {
  gaps,
  'no-waste': noWaste,
  'larger-blocks': largerBlocks,
  'cache-fragments': cacheFragments,
  utilization,
  'hard-limit': hardLimit,
  'max-tokens': maxTokens,
  'largest-evicted': largestEvicted,
  'more-at-once': moreAtOnce,
  'full-is-bad': fullIsBad,
  flush,
  'swap-for-bursts': swapForBursts,
  'utilization-is-work': utilizationIsWork,
  'pool-size': poolSize,
  float16,
  'sixteen-kilobytes': sixteenKilobytes,
  'every-card-a-copy': everyCardACopy,
  'cards-balance': cardsBalance,
  'override-zero': overrideZero,
  'expert-cache-flag': expertCacheFlag,
  'host-memory': hostMemory,
  'above-95': above95,
};
