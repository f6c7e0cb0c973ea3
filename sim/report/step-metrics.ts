import { numUsableBlocks, type Recording } from '../recording/recording.ts';
import { NS_PER_S } from '../units.ts';
import { STEP_TOKENS } from './buckets.ts';
import type { Metric } from './metric.ts';
import { swappedRequests } from './swapped-requests.ts';

/** A share of the pool's token slots; null where blocks of unequal size make slots incomparable. */
function slotShare(slots: (recording: Recording, step: number, blockSize: number) => number) {
  return (recording: Recording) => {
    const { groups } = recording.header.pool;
    const { blockSize } = groups[0];
    const all = numUsableBlocks(recording.header) * blockSize;
    if (all <= 0 || groups.some((group) => group.blockSize !== blockSize)) return null;
    return (step: number) => slots(recording, step, blockSize) / all;
  };
}

function blockShare(blocks: (recording: Recording, step: number, usable: number) => number) {
  return (recording: Recording) => {
    const usable = numUsableBlocks(recording.header);
    return usable > 0 ? (step: number) => blocks(recording, step, usable) / usable : null;
  };
}

/** Metrics with a sample of each step, and gauges. */
export const STEP_METRICS: readonly Metric[] = [
  {
    name: 'vllm:iteration_tokens_total',
    unit: 'tokens',
    kind: 'step',
    about: 'Tokens that a step computes. A histogram in vLLM, in spite of its name.',
    buckets: STEP_TOKENS,
    read: ({ steps }, step) => steps.numScheduledTokens[step],
  },
  {
    name: 'poolscope:step_time_seconds',
    unit: 'seconds',
    kind: 'step',
    about: 'How long a step takes.',
    read: ({ steps }, step) => (steps.endNs[step] - steps.startNs[step]) / NS_PER_S,
  },
  {
    name: 'vllm:kv_cache_usage_perc',
    aliases: ['vllm:gpu_cache_usage_perc'],
    unit: 'share',
    kind: 'gauge',
    about: 'Blocks in use of the usable ones; cached blocks that nobody holds are free. 1 is all.',
    read: blockShare(({ steps }, step, usable) => usable - steps.numFreeBlocks[step]),
  },
  {
    name: 'vllm:num_requests_running',
    unit: 'requests',
    kind: 'gauge',
    about: 'Requests that run.',
    read:
      ({ steps }) =>
      (step) =>
        steps.numRunning[step],
  },
  {
    name: 'vllm:num_requests_waiting',
    unit: 'requests',
    kind: 'gauge',
    about: 'Requests in the waiting queue, preempted ones included.',
    read:
      ({ steps }) =>
      (step) =>
        steps.numWaiting[step],
  },
  {
    name: 'vllm:num_requests_swapped',
    unit: 'requests',
    kind: 'gauge',
    about: 'Requests whose blocks are on the CPU. Always 0 in V1, which does not swap.',
    needsEvents: true,
    read: swappedRequests,
  },
  {
    name: 'poolscope:internal_waste_share',
    unit: 'share',
    kind: 'gauge',
    about: 'Empty slots of the blocks that requests are filling, of all token slots.',
    read: slotShare(({ steps }, step) => steps.internalWasteSlots[step]),
  },
  {
    name: 'poolscope:reserved_share',
    unit: 'share',
    kind: 'gauge',
    about: 'Slots held for tokens to come (look-ahead, rejected drafts, reservations), of all token slots.',
    read: slotShare(({ steps }, step) => steps.reservedSlots[step]),
  },
  {
    name: 'poolscope:cached_free_share',
    unit: 'share',
    kind: 'gauge',
    about: 'Free blocks whose content the prefix cache still knows, of the usable ones.',
    read: blockShare(({ steps }, step) => steps.numCachedFreeBlocks[step]),
  },
];
