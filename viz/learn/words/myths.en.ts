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
  'full-is-bad': {
    claim: 'A pool without empty blocks is full, and requests must wait',
    source: 'dashboards that count cached blocks as used',
    predicts: 'While hardly a block is empty, requests wait for blocks.',
    found: (f) =>
      `In ${int(f.full)} of ${int(f.numSteps)} steps fewer blocks are empty than the ${f.prompt} that a prompt needs; the others still know a text that ended. Steps of those in which somebody waits for a block: ${int(f.waits)}. Free is what nobody holds, empty or not.`,
  },
  flush: {
    claim: 'Emptying the prefix cache now and then cleans up fragments and makes vLLM faster',
    source:
      'a guide for GLM-4.7-Flash (POST /flush_cache, which does not exist; the real one is /reset_prefix_cache)',
    predicts: 'Emptied every five seconds, first tokens come earlier.',
    found: (f) =>
      `Hits fall from ${percent(f.hits)} to ${percent(f.hitsEmptied)}, and first tokens come after ${dec(f.firstMsEmptied)} ms instead of ${dec(f.firstMs)}, on average. Cached blocks were free already.`,
  },
  'swap-for-bursts': {
    claim: 'More --swap-space carries vLLM over bursts that do not fit into GPU memory',
    source: 'a guide for GLM-4.5V',
    predicts: 'Under pressure, blocks are swapped out.',
    found: (f) =>
      `${many(f.numPreemptions, 'preemption')}, and ${many(f.swapped, 'block')} swapped, with 8 GiB of swap space in vLLM 0.6.3: requests with one answer are recomputed unless --preemption-mode says otherwise. Today’s vLLM never swaps.`,
  },
  'utilization-is-work': {
    claim: 'If the GPU is idle, raise gpu_memory_utilization',
    source: 'a guide for GLM-4.5V',
    predicts: 'With 0.95 instead of 0.85, a quiet server writes more tokens per second.',
    found: (f) =>
      `${dec(f.low)} tokens per second with 0.85, ${dec(f.high)} with 0.95. It is a share of memory, not of work.`,
  },
  'pool-size': {
    claim: '--max-model-len and --block-size decide how large the KV cache is',
    source: 'a guide on out-of-memory errors (GLM-4#121)',
    predicts: 'Four times the length, or the block, changes its size.',
    found: (f) =>
      `${dec(f.gib, 2)} GiB with 4,096 tokens and blocks of 16; ${dec(f.longer, 2)} with 16,384 tokens; ${dec(f.larger, 2)} with blocks of 64. The pool takes what is left.`,
  },
  float16: {
    claim: 'float16 takes slightly less memory than bfloat16',
    source: 'a guide on out-of-memory errors (GLM-4#121)',
    predicts: 'Weights are smaller, or more tokens fit.',
    found: (f) =>
      `${dec(f.weights, 2)} GiB of weights in both; ${int(f.tokens)} and ${int(f.tokensBrain)} tokens. Both have two bytes.`,
  },
  'sixteen-kilobytes': {
    claim: 'A block has 16 KB',
    source: 'a guide for GLM-4.7-Flash',
    predicts: 'Every model’s block has 16 KB.',
    found: (f) =>
      `A block of 16 tokens takes ${int(f.llama)} KiB for Llama 3.1 8B and ${int(f.small)} KiB for Qwen2.5 0.5B. 16 are tokens.`,
  },
  'every-card-a-copy': {
    claim: 'On several GPUs the parameters are held several times',
    source: 'a guide for LLaMA-Factory',
    predicts: 'With TP 2 each card holds the whole weights.',
    found: (f) => `${dec(f.one)} GiB on one card, ${dec(f.each)} on each of two.`,
  },
  'cards-balance': {
    claim: 'vLLM balances memory between its cards',
    source: 'a guide for LLaMA-Factory',
    predicts: 'With 6 GiB taken on one of two cards, more fits than with 6 taken on both.',
    found: (f) =>
      `${int(f.oneShared)} tokens with one card shared, ${int(f.bothShared)} with both, ${int(f.none)} with none. Each card keeps its share, here 70 %, and all have the same number of blocks: nothing moves between them.`,
  },
  'override-zero': {
    claim: '--num-gpu-blocks-override 0 means automatic',
    source: 'a guide for GLM-4.5V',
    predicts: 'vLLM starts and finds the number itself.',
    found: () =>
      'It takes the 0 at its word and refuses to start: no memory for the cache. Without the flag it is automatic.',
  },
  'expert-cache-flag': {
    claim: '--enable-expert-cache saves most of the routing',
    source: 'a guide for GLM-4.7-Flash',
    predicts: 'vLLM knows the flag.',
    found: () => 'unrecognized arguments: the flag never existed, and vLLM exits.',
  },
  'host-memory': {
    claim: 'The host needs 1.5 times the memory that the model takes on the GPU',
    source: 'a guide for GLM-4-9b-chat (GLM-4#117)',
    predicts: 'A container of 10 GiB is too small.',
    found: (f) =>
      `It starts, with ${int(f.limit)} GiB for ${dec(f.weights)} GiB of weights: they are read from mapped files, whose pages the host can take back.`,
  },
  'above-95': {
    claim: 'A card with more than 95 % of its memory taken is ill: restart the server',
    source: 'a guide for GLM-4.7-Flash',
    predicts: 'So much is taken only when something has gone wrong.',
    found: (f) =>
      `With --gpu-memory-utilization 0.97, ${percent(f.taken)} are taken before the first request, ${dec(f.cache)} GiB of it for a cache that is still empty.`,
  },
};
