import { dec, int, many, percent } from '../numbers.ts';
import type { CourseText } from '../text.ts';

/** Lessons on memory, in English. */
export const MEMORY = {
  'kv-per-token': {
    title: 'A token costs memory',
    gist: 'Keys and values of every token stay in GPU memory while its request runs.',
    text: [
      'A language model writes one token at a time. For each it looks back at all tokens before. So that it need not compute them again, the keys and values of every token stay in memory: the KV cache.',
      'OPT-13B, the model of the PagedAttention paper, has 40 layers of 5,120 values. A key and a value in each layer, 2 bytes each: 2 × 40 × 5,120 × 2 bytes for one token.',
      'On the paper’s GPU, 12 GiB are left for the cache. The model reads at most 2,048 tokens. Suppose each request gets room for all of them.',
    ],
    ask: 'How many such requests fit into 12 GiB?',
    unit: 'requests',
    result: (f) => `${many(f.requests, 'request')} of ${int(f.length)} tokens.`,
    reveal: (f) => [
      `A token takes ${int(f.bytesPerToken)} bytes, ${int(f.kibPerToken)} KiB. A request of ${int(f.length)} tokens takes ${dec(f.gibPerRequest, 2)} GiB.`,
      `12 GiB hold ${int(f.slots)} tokens, so ${many(f.requests, 'request')} of ${int(f.length)}. ${int(f.left)} slots, ${percent(f.leftShare)}, are too few for one more: nobody can use them.`,
    ],
    caption: 'The 12 GiB as token slots, cut into requests of equal length.',
    knob: { label: 'Tokens kept for each request', unit: (n) => `${int(n)} tokens` },
    question: 'The weights of the model are read by all requests together. Why can the cache not be?',
    answer: (f) =>
      `The weights are the same for everybody; keys and values belong to one text. Where texts begin alike, they can be shared: that is the prefix cache, later. Till then, each of the ${int(f.slots)} slots serves one request.`,
  },
  'kinds-of-waste': {
    title: 'Three ways to lose a slot',
    gist: 'Reserved, internal, external: where memory goes that holds no token.',
    text: [
      'Before paging, a request got one contiguous region, as long as it might ever become: nobody knows when a model will stop.',
      'Request A may have 2,048 tokens and B 512. In truth A will end with 10 tokens and B with 5. The picture is taken after each has written its first token.',
      'A slot either holds a token now, or it is reserved for a token that will come, or it is internal waste that no token will ever use. Slots in no request at all are external waste.',
    ],
    ask: 'Which kind do most of the 2,560 slots belong to?',
    choices: {
      tokens: 'tokens that are there now',
      reserved: 'reserved, used later',
      internal: 'internal, never used',
    },
    result: (f) => `${int(f.neverA)} and ${int(f.neverB)} slots will never be used.`,
    reveal: (f) => [
      `A keeps ${int(f.keptA)} slots: ${f.tokensA} hold tokens, ${f.laterA} will, ${int(f.neverA)} never. B keeps ${int(f.keptB)}: ${f.tokensB}, ${f.laterB} and ${int(f.neverB)}.`,
      `${percent(f.share)} of what is kept holds a token. These are the numbers of the paper’s Figure 3.`,
    ],
    caption:
      'What the two regions hold. Tokens and reserved slots are there, at the left edge, too few to see.',
    question: 'A request that ends at exactly its maximum: which waste remains?',
    answer: () =>
      'No internal waste, since every slot will be used. But until the end many are reserved: the region is as large on the first token as on the last.',
  },
  'figure-2': {
    title: 'Four systems, the same requests',
    gist: 'Figure 2 of the paper, run again as you read.',
    text: [
      'Orca (Max) keeps the model’s maximum for every request. Orca (Pow2) keeps the next power of two of the true output. Orca (Oracle) knows the output and keeps exactly that, in one piece, from a buddy allocator.',
      'vLLM cuts memory into blocks of 16 slots and takes one when it is needed.',
      'All get the same stream of chat-like requests, more than they can hold. No system is told how long outputs will be, except the Oracle.',
    ],
    ask: 'The Oracle wastes nothing inside its regions. How much of the memory holds tokens?',
    choices: { third: 'less than half', 'two-thirds': 'half to 85 %', 'nearly-all': 'more than 85 %' },
    result: (f) =>
      `The Oracle fills ${percent(f['orca-oracle tokens'])}. vLLM fills ${percent(f['vllm tokens'])}.`,
    reveal: (f) => [
      `Knowing the length does not cure it. A region must be in one piece and is there from the first token on. What is reserved for later is lost now, and ${percent(f['orca-oracle external'])} lie between the regions or are rounded up.`,
      `Orca (Max) runs ${dec(f['orca-max running'])} requests at once and the Oracle ${dec(f['orca-oracle running'])}; vLLM runs ${dec(f['vllm running'])}. ${percent(f['orca-max external'])} external waste of Orca (Max) is exact, as printed in the paper. The other shares depend on request lengths that are not public, so compare the shapes (docs/paper.md).`,
    ],
    caption: 'Shares of the token slots, averaged over the steps in which somebody waits.',
    knob: { label: 'Other requests', unit: (seed) => `seed ${seed}` },
    question: 'Which of the Oracle’s losses is contiguity’s, and which the buddy allocator’s?',
    answer: () =>
      'Rounding up to powers of two is the buddy allocator’s. With first fit, most of the external waste goes away. What stays is the reservation: memory held today for tokens of tomorrow. Only allocation on demand gives that up.',
  },
  'block-table': {
    title: 'The block table',
    gist: 'A list per request says where its blocks are; tokens need not be neighbours.',
    text: [
      'Paging cuts the cache into blocks of 16 token slots. A request sees its tokens in order: logical blocks 0, 1, 2 … Each can be anywhere in the pool. The block table translates.',
      'To find a token, divide its position by 16. The quotient is the logical block, the remainder the slot in it. Then look up the table.',
      'Three requests run together, so their blocks mix. This is the table of the second one. Tokens count from 0.',
    ],
    ask: 'In which physical block is its token 37?',
    unit: '(number of the block)',
    result: (f) => `Token ${f.token} is in physical block ${f.physical}, slot ${f.offset}.`,
    reveal: (f) => [
      `${f.token} ÷ ${f.blockSize} gives logical block ${f.logical} and slot ${f.offset}. Entry ${f.logical} of the table is ${f.physical}.`,
      'The attention kernel does the same for every token that it reads. That is what PagedAttention means: attention that reads keys and values through a table.',
    ],
    caption: 'The table of B, the pool, and one block of it. Colours are requests.',
    knob: { label: 'Token', unit: (n) => `token ${n}` },
    question:
      'What would change for the model if two blocks of the pool traded places, and the table with them?',
    answer: () => 'Nothing. It reads the same keys and values in the same order. Placement does not matter.',
  },
  'on-demand': {
    title: 'A block when it is needed',
    gist: 'Memory grows with the text, one block at a time.',
    text: [
      'A request begins with one token and writes more, one in each step. It may grow to 128.',
      'The pool has 8 blocks of 16. The upper row is paged: a block is taken when the last one is full. The lower row is how it was before: the maximum is kept from the start.',
    ],
    ask: 'How many blocks does the paged request hold when it has 33 tokens?',
    unit: 'blocks',
    result: (f) => `${many(f.blocks, 'block')} for ${many(f.numTokens, 'token')}.`,
    reveal: (f) => [
      `${f.numTokens} tokens need ${many(f.blocks, 'block')} of ${f.blockSize}. ${many(f.empty, 'slot')} of the last one ${f.empty === 1 ? 'is' : 'are'} still empty. That is all the waste there is: always less than one block.`,
      `The request in one piece holds ${f.kept} blocks from its first token on, since it may need ${f.maxModelLen}.`,
    ],
    caption: 'Blocks that hold tokens, how full they are, and what is kept for later.',
    knob: { label: 'Tokens', unit: (n) => many(n, 'token') },
    question:
      'If memory is taken late, it can run out while requests run. What must the engine be able to do?',
    answer: () => 'Take blocks away from somebody: preemption, a later lesson.',
  },
  'any-free-block': {
    title: 'Holes in memory',
    gist: 'Requests have come and gone, and free memory lies in pieces: who still finds room?',
    text: [
      'Requests have come and gone. In both pools every second block is free.',
      'Now a request comes that needs 3 blocks. One system gives it a region in one piece, by first fit. The other gives it pages.',
    ],
    ask: 'Who refuses the request?',
    choices: {
      contiguous: 'the one that needs one piece',
      paged: 'the paged one',
      both: 'both',
      neither: 'neither',
    },
    result: (f) =>
      `Wanted: ${many(f.wanted, 'block')}. Free in each pool: ${f.free}, the longest hole has ${f.largest}.`,
    reveal: (f) => [
      `In one piece there is room for ${many(f.largest, 'block')} at most, though ${f.free} are free. That is external fragmentation.`,
      'The paged pool counts free blocks and nothing else. A metric like “largest free run” tells nothing about it.',
    ],
    caption: 'The same pool under two rules. What the new request got is outlined.',
    knob: { label: 'Blocks that it needs', unit: (n) => many(n, 'block') },
    question: 'When does a paged pool refuse?',
    answer: (f) => `When it has fewer free blocks than needed: here, from ${f.free + 1} blocks on.`,
  },
  'block-size': {
    title: 'How large should a block be?',
    gist: 'The same requests in blocks of 1 to 256 slots.',
    text: [
      'Each request fills its blocks from the front. Only the last one is partly empty: half a block on average.',
      'The same requests run with blocks of 1 to 256 slots. Chat-like requests have some 500 tokens, short ones some 80.',
    ],
    ask: 'If blocks become larger, where does the waste go?',
    choices: { up: 'up', down: 'down', same: 'it stays' },
    result: (f) =>
      `Short requests leave ${percent(f.short16)} of the memory empty with blocks of 16, ${percent(f.short256)} with blocks of 256.`,
    reveal: (f) => [
      `Chat-like requests leave ${percent(f.long16)} and ${percent(f.long256)}.`,
      'Half a block is lost per request, so short requests feel it more. Blocks of one slot waste nothing, but then the table is as long as the text, and the kernel reads memory in crumbs. vLLM’s usual size is 16.',
    ],
    caption: 'Share of the memory that is held and empty, by the size of blocks.',
    question: 'A guide advises larger blocks against fragmentation. What do they in fact reduce?',
    answer: () => 'How often a block is taken, and the length of tables. Waste grows.',
  },
  'copy-on-write': {
    title: 'Copy on write',
    gist: 'Samples of one prompt share it, until one writes into a shared block.',
    text: [
      'Two samples are wanted for one prompt of 40 tokens. Its keys and values are the same for both, so they share its 3 blocks; each block counts its readers.',
      'Then each sample writes its own first token. It goes into the third block, which has 8 tokens of the prompt and room for 8 more.',
      'This is the paper and vLLM V0. In V1 samples are requests of their own that share full blocks through the prefix cache, and nothing is ever copied.',
    ],
    ask: 'How many blocks are copied in the whole run?',
    unit: 'blocks',
    result: (f) => `${many(f.copies, 'block')} copied, for a prompt of ${f.numPrompt} tokens.`,
    reveal: (f) => [
      f.copies === 0
        ? 'The prompt fills its blocks, so each sample begins a block of its own. Nobody writes where another reads.'
        : 'The first to write finds two readers, so it gets a copy. Then the other is alone and writes in place. Full blocks are never written again.',
      `In the end the two tables have ${f.separate} entries, and ${f.shared} blocks hold them.`,
    ],
    caption: 'The pool. Shared blocks are striped.',
    knob: { label: 'Tokens of the prompt', unit: (n) => many(n, 'token') },
    question: 'With six samples instead of two, how many copies does one prompt cause?',
    answer: () => 'Five at most: each but the last finds another reader. Still one block each.',
  },
  'beam-search': {
    title: 'Beam search',
    gist: 'Several texts are kept alive at once; they split and die, and so do their blocks.',
    text: [
      'Beam search keeps the four best texts so far. In each step every one may be continued in several ways, and the best four of all continuations stay. So a beam that does well splits, and another one dies.',
      'Beams that split have their past in common: a block that both can read is held once and counts two readers. A dead beam gives its blocks back, except those that somebody else still reads.',
      'The prompt has 40 tokens and each beam writes 56, so each table ends with 6 blocks of 16. This is the paper and vLLM V0; today’s vLLM does beam search outside its engine.',
    ],
    ask: 'Four requests would hold 24 blocks at the end. How many do four beams hold at their fullest moment?',
    unit: 'blocks',
    result: (f) =>
      `${many(f.held, 'block')} for ${many(f.width, 'beam')}; apart they would hold ${f.separate}.`,
    reveal: (f) => [
      f.width === 1
        ? 'One beam is an ordinary request: nobody to share with.'
        : `${percent(f.saved, 0)} is saved. Samples (the lesson before) share their prompt only; beams share most of what they wrote, too.`,
      'Which beams survive is a model here: one splits in each step, and the one that split off longest ago dies. Real searches share somewhat less. The paper measured 37.6 to 55.2 % saved on short requests (docs/paper.md).',
    ],
    caption: 'The block tables of the beams at three moments. Striped blocks have several readers.',
    knob: { label: 'Beams', unit: (n) => many(n, 'beam') },
    question: 'A beam dies. Why may none of its blocks come free?',
    answer: () =>
      'A block is free when nobody reads it any more. What the dead beam had in common with a living one keeps its readers; only blocks that it wrote alone come back.',
  },
} satisfies Partial<CourseText['lessons']>;
