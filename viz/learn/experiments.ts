import type { LessonId } from './course.ts';
import { beams } from './experiments/beams.ts';
import { hybridGroups, mixtureOfExperts, tensorParallel } from './experiments/machines.ts';
import { blockSize, figure2, kindsOfWaste, kvPerToken } from './experiments/paper-memory.ts';
import { freeIsNotEmpty, prefixCaching } from './experiments/prefix.ts';
import { admission, chunkedPrefill, preemption } from './experiments/scheduling.ts';
import { swapOrRecompute } from './experiments/swap.ts';
import { anyFreeBlock, blockTable, copyOnWrite, onDemand } from './experiments/tables.ts';
import type { Experiment } from './outcome.ts';

/** What each lesson finds out. The page runs them in a worker. */
export const EXPERIMENTS: Readonly<Record<LessonId, Experiment>> = {
  'kv-per-token': kvPerToken,
  'kinds-of-waste': kindsOfWaste,
  'figure-2': figure2,
  'block-table': blockTable,
  'on-demand': onDemand,
  'any-free-block': anyFreeBlock,
  'block-size': blockSize,
  'copy-on-write': copyOnWrite,
  'beam-search': beams,
  'prefix-caching': prefixCaching,
  'free-is-not-empty': freeIsNotEmpty,
  preemption,
  'swap-or-recompute': swapOrRecompute,
  'chunked-prefill': chunkedPrefill,
  admission,
  'hybrid-groups': hybridGroups,
  'tensor-parallel': tensorParallel,
  'mixture-of-experts': mixtureOfExperts,
};
