import { dec, int, many, percent } from '../numbers.ts';
import type { CourseText } from '../text.ts';

/** Lessons on models and machines of more than one kind, in English. */
export const MACHINES = {
  'hybrid-groups': {
    title: 'Layers that forget',
    gist: 'Some layers see only the last tokens; they have block tables of their own.',
    text: [
      'Half of the layers of gpt-oss-20b see only the last 128 tokens. What is older is never read there again, so to keep it would be waste.',
      'vLLM V1 puts such layers into a group of their own: a KV cache group. Each group has its own block table for a request, and all take their blocks from the same pool. When a block of the window’s group falls behind the window, it goes back to the pool.',
      'A request grows. At 128 tokens both tables have 8 blocks of 16, as the figure shows.',
    ],
    ask: 'How many blocks does the group with the window hold at 400 tokens?',
    unit: 'blocks',
    result: (f) =>
      `${many(f.windowed, 'block')} at ${int(f.numTokens)} tokens; the layers that see all hold ${f.full}.`,
    reveal: (f) => [
      `The group with the window never needs more than its ${int(f.window)} tokens, and a block more where the window lies across their edges. Its table keeps its length, with empty places at the front, so that a token is still found by dividing its position.`,
      `With ${int(f.long)} tokens the layers that see all hold ${int(f.longFull)} blocks and those with a window ${f.longWindowed}. So one H100 has room for ${int(f.tokens)} tokens in requests of twice that length, and without groups (--disable-hybrid-kv-cache-manager) for ${int(f.tokensWithout)}.`,
    ],
    caption: 'The two block tables of one request. Dashed places were given back.',
    knob: { label: 'Tokens', unit: (n) => many(n, 'token') },
    question: 'What does a long conversation lose in the prefix cache when blocks are given back?',
    answer: () =>
      'Little. A new request with the same beginning needs, in these layers, only the last blocks of what it shares. While those are known in the pool it is a hit; once they are taken, only a shorter beginning is one, for all layers.',
  },
  'tensor-parallel': {
    title: 'One table, several GPUs',
    gist: 'With tensor parallelism each GPU holds a share of every block’s heads.',
    text: [
      'A model can be cut across GPUs: each holds some of the attention heads and a slice of every weight. That is tensor parallelism, TP.',
      'There is still one scheduler and one block table. Block 7 is block 7 on each GPU; each keeps there the keys and values of its own heads. So a block is smaller on each GPU.',
      'Llama 3.1 8B on L4 cards of 24 GB. One card has room for its weights, and for some tokens beside them.',
    ],
    ask: 'Two cards instead of one. How many tokens does the pool hold?',
    choices: {
      same: 'as many: the tables are the same',
      times: 'twice as many',
      more: 'more than twice as many',
    },
    result: (f) =>
      `${int(f.tokensOne)} tokens on one card, ${int(f.tokens)} on ${f.numGpus}: ${dec(f.factor)} times as many.`,
    reveal: (f) => [
      `A token takes ${int(f.kib)} KiB on each card instead of ${int(f.kibOne)}. And the weights shrink too, from ${dec(f.weightsOne)} to ${dec(f.weights)} GiB, which leaves more to the pool. Both work together.`,
      'Nothing is free: after each layer the cards must exchange what they found, in every step.',
    ],
    caption: 'Per card: weights and a token’s keys and values; and what the pool holds in all.',
    knob: { label: 'Cards', unit: (n) => many(n, 'card') },
    question: 'GLM-4-9B has two heads of keys and values. Does TP 4 halve what a token takes once more?',
    answer: (f) =>
      `No: ${int(f.glmOne)} KiB on one card, ${int(f.glmTwo)} with TP 2, and still ${int(f.glmFour)} with TP 4. A head cannot be cut, so it is held twice.`,
  },
  'mixture-of-experts': {
    title: 'Experts take their room',
    gist: 'Many experts, of which a token uses a few: where they lie, and what is left for the cache.',
    text: [
      'In a mixture of experts, each layer has many small networks and sends a token through a few of them: 8 of 128 in Qwen3-30B-A3B. Which ones is known only when the token is there. So all must lie in GPU memory.',
      'Four GPUs can share them in two ways. Tensor parallelism gives each a slice of every expert. Expert parallelism, EP, gives each some whole experts: 32 of the 128.',
      'With EP a GPU whose experts are popular has more work than the others. vLLM’s load balancer (EPLB) then holds copies of experts. Say 16 copies in each layer.',
    ],
    ask: 'How many experts of each layer does every GPU hold then?',
    unit: 'experts',
    result: (f) =>
      `(${f.numExperts} + ${f.copies}) ÷ ${f.ranks} = ${f.held} experts of each layer, and room for ${int(f.tokens)} tokens.`,
    reveal: (f) => [
      `Slices or whole experts take the same memory, ${dec(f.expertsGib)} GiB a GPU, though a token uses ${f.active} of ${f.numExperts}. Either way the pool holds ${int(f.tokensSliced)} tokens. Fewer active experts save time, not memory.`,
      `The balancer with ${f.copies} copies leaves room for ${int(f.tokens)} tokens, ${percent(f.tokens / f.tokensWhole, 0)} of that. Copies come out of the cache, and so do the balancer’s own tables.`,
    ],
    caption: 'What vLLM may use of one GPU, 24 GB, and what for.',
    knob: { label: 'Copies in each layer', unit: (n) => (n === 0 ? 'none' : `${n}`) },
    question: 'vLLM’s documentation has 256 experts and 32 copies on 32 GPUs. How many does each hold?',
    answer: (f) =>
      `(256 + 32) ÷ 32 = ${f.heldOf288}. The number of all must divide by that of the GPUs, or vLLM refuses.`,
  },
} satisfies Partial<CourseText['lessons']>;
