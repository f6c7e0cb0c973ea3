import { dec, int, many, percent } from '../numbers.ts';
import type { CourseText } from '../text.ts';

/** Lessons on what an engine does with its memory, in English. */
export const SERVING = {
  'prefix-caching': {
    title: 'The prefix cache',
    gist: 'A full block is known by all tokens up to its end.',
    text: [
      'Chats often begin with the same system prompt. In vLLM V1 a full block gets a hash of its tokens and of the hash of the block before. So a hash stands for the whole text up to there.',
      'A runs, with a system prompt of 64 tokens and a question of 16. B comes with the same system prompt and another question. But in B’s system prompt, token 3 is another one: a date, say.',
    ],
    ask: 'How many of B’s 80 prompt tokens come from the cache?',
    unit: 'tokens',
    result: (f) => `${f.hits} of ${f.prompt} tokens; ${f.computed} are computed.`,
    reveal: (f) => [
      f.edited >= 64
        ? `Nothing differs in the system prompt, so its ${f.hitBlocks} blocks are shared and held once.`
        : `Token ${f.edited} is in block ${Math.floor(f.edited / f.blockSize)}. Its hash differs, and so do all after it, though their own tokens are the same. What comes before is a hit: ${many(f.hitBlocks, 'block')}.`,
      `Together A and B hold ${f.held} blocks.`,
    ],
    caption: 'The tables of A and B. Shared blocks are striped; the edited one is outlined.',
    knob: {
      label: 'Token that differs',
      unit: (n) => (n >= 64 ? 'none' : `token ${n}`),
    },
    question: 'Where in a prompt should the date of today stand?',
    answer: () => 'At its end. Everything before it can then be shared; everything after it cannot.',
  },
  'free-is-not-empty': {
    title: 'Free is not empty',
    gist: 'Blocks of ended requests stay known until somebody needs them.',
    text: [
      'When a request ends, its blocks are free. But the prefix cache still knows what is in them. They are taken back only when a block is needed, the longest unused first.',
      'A has ended; all 8 blocks are free, and 4 of them still know A’s prompt. Now B comes and needs 5 blocks.',
    ],
    ask: 'Which of A’s blocks is lost?',
    choices: {
      first: 'the first of its prompt',
      last: 'the last of its prompt',
      all: 'all of them',
      none: 'none',
    },
    result: (f) =>
      `${many(f.evicted, 'block')} of A lost. Then C finds ${f.hits} of its ${f.promptOfC} tokens.`,
    reveal: (f) => [
      'Blocks never used come first. Then those of A, from the end of its table: the end of a text is the least likely to be asked for again, and without its beginning it is worth nothing.',
      `C comes with A’s prompt and gets ${f.hits} tokens from the cache. So a pool that is “100 % free” may be full of useful content, and one that shows much in use may be able to serve at once.`,
    ],
    caption: 'The pool, from A’s run to C’s. Dotted blocks are free and known.',
    knob: { label: 'Blocks that B needs', unit: (n) => many(n, 'block') },
    question: 'Would emptying the cache (reset_prefix_cache) give B more memory?',
    answer: () => 'No. Cached blocks are free already. It would only take C’s hits away.',
  },
  preemption: {
    title: 'Preemption',
    gist: 'Requests grow, and at some step no block is free.',
    text: [
      'Three requests arrive one after the other, each with 40 tokens, and each will write 50. They fit now. But they grow, and the pool has 12 blocks.',
      'At some step one of them needs a block, and none is free. Somebody must give. This is V1 with its usual policy, first come, first served.',
    ],
    ask: 'Who loses blocks?',
    choices: {
      oldest: 'the oldest request',
      newest: 'the newest request',
      each: 'each gives one block',
      nobody: 'nobody: it waits for a block',
    },
    result: (f) =>
      f.total === 0
        ? 'Nobody: all three fit to their ends.'
        : `The newest loses ${many(f.lost, 'block')}: ${f.lostTokens} tokens must be computed again.`,
    reveal: (f) => [
      f.total === 0
        ? `Even at the fullest moment, ${many(f.stillFree, 'block')} were free.`
        : 'Half a request is of no use: to write one token, all its keys and values are needed. So it is all or nothing. The request goes back to the queue and computes its tokens again when there is room.',
      `${many(f.total, 'preemption')} in the whole run. V0 could also swap blocks to the CPU; V1 recomputes. The prefix cache may still know some of the blocks.`,
    ],
    caption: 'The pool before and after. Dotted blocks are free and known.',
    knob: { label: 'Blocks of the pool', unit: (n) => many(n, 'block') },
    question: 'Would it be better to take the blocks of the largest request?',
    answer: () =>
      'vLLM does not look at sizes. The largest one has the most to compute again and often is the nearest to its end. The newest has computed the least in general, and was admitted on the bet that memory would do; so who came first ends first.',
  },
  'chunked-prefill': {
    title: 'Long prompts in slices',
    gist: 'A step has a token budget; what decodes comes first, a slice of prompt fills the rest.',
    text: [
      'A step of the engine computes tokens of many requests at once. Chats that decode need one each. A prompt of 8,000 tokens needs 8,000.',
      '--max-num-batched-tokens is the budget of a step. Requests that run come first; the rest goes to a slice of the prompt. A step takes as long as its tokens need, and all in it wait for its end.',
      'Nine of ten requests are short chats, one brings a long document. Llama 3.1 8B on one H100. The times come from a model of the GPU, not from a measurement.',
    ],
    ask: 'The budget goes from 512 to 8,192. What happens to the longest pause between two tokens of a chat?',
    choices: {
      none: 'less than half as long again',
      double: 'up to four times as long',
      tenfold: 'more than four times as long',
    },
    result: (f) => `From ${dec(f.small)} to ${dec(f.large)} ms: ${dec(f.factor)} times as long.`,
    reveal: (f) => [
      'With 8,192 the whole document is computed in one step, and everybody’s next token waits for it. With 512 it takes many steps, each a little longer than usual.',
      `The document pays for it: with small slices the slowest first tokens come after ${int(f.smallFirst)} ms instead of ${int(f.largeFirst)}. The median pause hardly changes: ${dec(f.smallMedian)} and ${dec(f.largeMedian)} ms. So look at the tail.`,
    ],
    caption: 'Pauses of all requests and the time to first tokens, by the budget of a step.',
    question: 'Does chunked prefill reduce fragmentation, as a guide says?',
    answer: () =>
      'No. A smaller profiled batch leaves a little more memory for the pool. But the pool has no fragmentation to reduce.',
  },
  admission: {
    title: 'Admission and thrash',
    gist: 'How many requests should run at once?',
    text: [
      'V1 admits a request when its prompt fits. What it will write is not known, so nothing is kept for it. Short prompts with long answers are therefore admitted easily, and grow.',
      'The pool holds 40,000 tokens. 150 requests wait, with prompts of some 150 tokens and answers of some 1,500. --max-num-seqs limits how many run at once.',
    ],
    ask: 'You raise --max-num-seqs from 64 to 128. What happens to the output tokens per second?',
    choices: { faster: 'more than 5 % more', same: 'within 5 %', slower: 'more than 5 % fewer' },
    result: (f) => `${int(f.more)} with 64, ${int(f.most)} with 128.`,
    reveal: (f) => [
      `${int(f.fitting)} requests of the mean length fit. With 32 at once there ${f.preemptionsFits === 1 ? 'is one preemption' : `are ${int(f.preemptionsFits)} preemptions`}, and the longest pause between two tokens is ${dec(f.stallFits, 2)} s. With 128 there are ${int(f.preemptionsMost)}, and somebody waits ${int(f.stallMost)} s in the middle of an answer.`,
      `The pool looks well used: ${percent(f.use)}. Use tells that memory is held, not that it does work twice. Watch preemptions beside it.`,
    ],
    caption: 'The same requests, by how many may run at once.',
    question: 'Throughput with 64 is a little better than with 32. Would you choose 64?',
    answer: (f) =>
      `For a batch job, perhaps: ${int(f.more)} instead of ${int(f.fits)} tokens per second. For people who read along, no: an answer that stops for minutes is broken.`,
  },
  'swap-or-recompute': {
    title: 'Swap or recompute',
    gist: 'Two ways on for a request that has lost its place, and what each costs.',
    text: [
      'A request has lost its place. vLLM V0 knew two ways on. Swap: its blocks go over PCIe to the memory of the CPU, and come back later. Recompute: the blocks are given up, and all its tokens are computed again in one go, as a prompt.',
      'Each block lies in many places, keys and values apart in each of 40 layers, and each piece is a copy of its own. A copy needs a start, 10 µs here, and then its bytes cross at 25 GB/s.',
      'OPT-13B on an A100, a request of 256 tokens. The times come from a model of the GPU, and the cost of a copy is an estimate.',
    ],
    ask: 'With blocks of 1 slot, which way is the faster one?',
    choices: { swap: 'swap out and in', recompute: 'recompute' },
    result: (f) =>
      `With blocks of 1: ${int(f.swap1)} ms to swap, ${dec(f.recompute)} ms to recompute. With blocks of 256 it takes ${dec(f.swap256)} ms to swap.`,
    reveal: (f) => [
      `${int(f.numTokens)} tokens in blocks of 1 are ${int(f.copies)} copies each way, and their starts cost more than their bytes. Larger blocks need fewer copies of the same bytes. To recompute takes the same time whatever the size of blocks.`,
      f.crossing === 0
        ? 'Here swapping is never the faster one.'
        : `From blocks of ${f.crossing} on, swapping wins. With the usual 16 it is ${dec(f.swap16)} against ${dec(f.recompute)} ms. The paper’s Figure 19 has the same shape: recomputing for small blocks, swapping for large ones, little between them from 16 to 64.`,
    ],
    caption: 'Milliseconds that one preemption costs, by the size of blocks.',
    knob: { label: 'Tokens of the request', unit: (n) => many(n, 'token') },
    question: 'V1 has no swapping at all. What makes recomputing cheaper today than this figure shows?',
    answer: () =>
      'The prefix cache: blocks that were given up stay known until somebody takes them, so often only a part must be computed again. And chunked prefill spreads that part over steps in which others decode.',
  },
} satisfies Partial<CourseText['lessons']>;
