import { dec, int, many, percent } from '../numbers.ts';
import type { CourseText } from '../text.ts';

/** What people say, in English. */
export const MYTHS: CourseText['myths'] = {
  gaps: {
    claim: 'A pool in gaps is fragmented: the largest free run must stay above 100 blocks',
    source: 'a guide for GLM-4.7-Flash; kvcache-view draws paging as “fragmented memory with gaps”',
    predicts: 'Requests fail or are preempted when the longest free run is short.',
    found: (f) =>
      `The longest free run falls to ${many(f.shortest, 'block')}. ${int(f.finished)} of ${int(f.total)} requests finish, with ${many(f.numPreemptions, 'preemption')}.`,
  },
  'no-waste': {
    claim: 'Paging has no internal fragmentation',
    source: 'AI-Experiri/llm-lab, SystemsPage.svelte',
    predicts: 'No slot that is held is empty.',
    found: (f) =>
      `With blocks of 16 and short requests, ${percent(f.internal)} of the memory is held and empty: the ends of last blocks.`,
  },
  'larger-blocks': {
    claim: 'Larger blocks reduce fragmentation',
    source: 'a guide for GLM-4.7-Flash',
    predicts: 'Blocks of 64 leave less memory empty than blocks of 16.',
    found: (f) => `Empty: ${percent(f.small)} with blocks of 16, ${percent(f.large)} with blocks of 64.`,
  },
  'cache-fragments': {
    claim: 'Prefix caching fragments memory until it runs out',
    source: 'a comment in vllm#15446',
    predicts: 'With the prefix cache, requests fail, or wait for blocks although enough are free.',
    found: (f) =>
      `${int(f.finished)} of ${int(f.total)} requests finish. Steps in which the queue waits although enough blocks are free: ${int(f.refused)}. With the cache it takes ${int(f.seconds)} s, without it ${int(f.secondsWithout)}. Sharing lets up to ${int(f.most)} requests run at once instead of ${int(f.mostWithout)}, which preempts more often: ${int(f.preemptions)} times instead of ${int(f.preemptionsWithout)}. But the pool is taken once, at the start. What runs out of memory later is PyTorch’s allocator, another layer.`,
  },
  utilization: {
    claim: 'A higher gpu_memory_utilization reduces fragmentation',
    source: 'heard often; vLLM’s own warning only says that it gives more cache',
    predicts: 'In a pool twice as large, a smaller share is held and empty.',
    found: (f) =>
      `${percent(f.small, 2)} in the small pool, ${percent(f.large, 2)} in one twice as large. More blocks, the same share.`,
  },
  'hard-limit': {
    claim: '“Maximum concurrency: 4.61x” is how many requests can run',
    source: 'vllm#8031, vllm#27017, vllm#14350',
    predicts: 'No more than that run at once.',
    found: (f) =>
      `The log says ${dec(f.said, 2)}x, for requests of 8,192 tokens. Of short ones, ${int(f.ran)} run at once.`,
  },
  'max-tokens': {
    claim: 'On admission, memory is kept for max_tokens',
    source: 'a question in vllm#27017',
    predicts: 'A request that may have 121 tokens begins with all its blocks.',
    found: (f) => `It begins with ${many(f.blocks, 'block')}, not ${f.wanted}.`,
  },
  'largest-evicted': {
    claim: 'vLLM evicts the largest request',
    source: 'the engine of Inference-Playground',
    predicts: 'Of three requests, the one with the most blocks is preempted.',
    found: (f) =>
      `The newest is, with ${many(f.lost, 'block')}. The largest, with ${f.oldest}, keeps its own.`,
  },
  'more-at-once': {
    claim: 'A higher --max-num-seqs gives more throughput',
    source: 'guides for tuning; see Tandemn#11 for what came of it',
    predicts: 'More than 5 % more tokens per second with 128 than with 64.',
    found: (f) =>
      `${int(f.more)} and ${int(f.most)} tokens per second, with ${int(f.preemptionsMost)} preemptions at 128.`,
  },
};
