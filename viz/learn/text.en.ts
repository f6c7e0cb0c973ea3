import { dec, int, many, percent } from './numbers.ts';
import type { CourseText } from './text.ts';

/** The course in English. */
export const ENGLISH: CourseText = {
  page: {
    title: 'Learn PagedAttention',
    intro: [
      'Each lesson asks you to predict something. Then the engine runs it, the same one that is checked against vLLM block by block, and shows what happens.',
      'No number here is written down beforehand: all come from a run in your browser. Each run can be opened in the playground and changed.',
    ],
    start: 'Start',
    continue: 'Continue',
    done: (done, of) => `${done} of ${of} lessons done`,
    lessons: 'Lessons',
    previous: 'Previous',
    next: 'Next',
    allLessons: 'All lessons',
    lesson: (number, of) => `Lesson ${number} of ${of}`,
    holdsFor: (eras) => `Holds for ${eras.join(', ')}`,
    predict: 'Predict',
    check: 'Run it',
    skip: 'Show me without guessing',
    running: 'The engine is running …',
    right: 'As you predicted.',
    wrong: (said) => `You predicted: ${said}.`,
    skipped: 'What happens',
    change: 'Change it',
    question: 'One question',
    showAnswer: 'Answer',
    tryIt: 'Try it on your own configuration',
    numbers: 'The figure in numbers',
    read: 'read',
    predicted: 'predicted',
    fault: 'The engine could not run this.',
    myths: 'Myths',
    mythsGist: 'What people say about paging, each with an experiment that could have shown it.',
    mythsIntro: [
      'Each of these has been said in good faith by somebody who runs vLLM or explains it. Each predicts something that a run can show. The verdict is computed when you open this page.',
      'The 77 claims of five guides are tried in the same way in docs/claims.md.',
    ],
    source: 'Said in',
    ifTrue: 'If it were true',
    runIt: 'Open the run',
    holds: 'Holds',
    fails: 'Does not hold',
    found: 'What the run shows',
    seeLesson: (title) => `Lesson: ${title}`,
    playground: 'Playground',
  },
  eras: { paper: 'the paper', V0: 'vLLM V0 (0.6.3)', V1: 'vLLM V1 (today)' },
  parts: {
    tokens: 'tokens',
    reserved: 'reserved: will be used later',
    internal: 'internal: never used',
    external: 'external and others: in no request',
    request: 'one request',
    free: 'left over',
  },
  states: {
    free: 'free',
    cached: 'free, content still known',
    shared: 'shared by several',
    used: 'held, a colour a request',
    reserved: 'reserved',
  },
  labels: {
    pool: () => 'pool',
    request: (name) => `request ${name}`,
    owner: (row) => `request ${'ABCDEFGHIJKLMNOP'[Number(row) % 16]}`,
    'orca-max': () => 'Orca (Max)',
    'orca-pow2': () => 'Orca (Pow2)',
    'orca-oracle': () => 'Orca (Oracle)',
    vllm: () => 'vLLM, paged',
    logical: () => 'logical',
    physical: () => 'physical',
    paged: () => 'paged',
    contiguous: () => 'in one piece',
    'table-of': (name) => `table of ${name}`,
    'slots-of': (block) => `block ${block}`,
    'token-divided': (token, size, logical, offset) =>
      `Token ${token}: ${token} ÷ ${size} is ${logical}, remainder ${offset}. So logical block ${logical}, slot ${offset}.`,
    'token-is-in': (block) => `The table says where that is: physical block ${block}.`,
    'after-tokens': (tokens, blocks) =>
      `After ${many(Number(tokens), 'token')}: ${many(Number(blocks), 'block')}.`,
    'every-second': (free) => `Every second block is free: ${free} in each pool.`,
    'contiguous-refuses': (wanted) => `A region of ${wanted} blocks: refused. No hole is long enough.`,
    'contiguous-serves': (wanted) => `A region of ${many(Number(wanted), 'block')}: served.`,
    'paged-refuses': (wanted) => `${wanted} pages: refused. There are not so many.`,
    'paged-serves': (wanted) => `${many(Number(wanted), 'page')}: served, wherever they are.`,
    'prompt-computed': () => 'The prompt is computed, once.',
    'samples-part': () => 'Both samples write their first token.',
    'samples-end': () => 'Near the end.',
    'token-edited': (token) => `Token ${token} of B’s prompt is another one; its block is outlined.`,
    'none-edited': () => 'B’s system prompt is the same.',
    'same-in-pool': () => 'Both in the pool.',
    'a-runs': () => 'A runs.',
    'a-ended': (free) => `A has ended: ${free} blocks are free.`,
    'b-runs': (wanted, evicted) =>
      `B takes ${many(Number(wanted), 'block')}: ${many(Number(evicted), 'block')} of A’s content lost.`,
    'c-runs': (hits) => `C asks with A’s prompt: ${hits} tokens come from the cache.`,
    'all-start': () => 'All three are admitted.',
    'all-fit': (free) => `The fullest moment: ${many(Number(free), 'block')} free.`,
    'pool-full': (free) => `Just before: ${many(Number(free), 'block')} free.`,
    preempted: (blocks, tokens) =>
      `One step later: one request has lost all its ${blocks} blocks, ${tokens} tokens to compute again.`,
    'waste-long': () => 'empty, chat lengths',
    'waste-short': () => 'empty, short requests',
    'block-size': (size) => `blocks of ${size}`,
    budget: (tokens) => `${int(Number(tokens))} tokens`,
    'interval-median': () => 'between tokens, median',
    'interval-max': () => 'between tokens, longest',
    'first-token-p99': () => 'first token, p99',
    throughput: () => 'output tokens',
    preemptions: () => 'preemptions',
    use: () => 'mean use of the pool',
    'longest-stall': () => 'longest wait between two tokens',
    'at-once': (limit) => `${limit} at once`,
  },
  lessons: {
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
      answer: () =>
        'Nothing. It reads the same keys and values in the same order. Placement does not matter.',
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
      title: 'Any free block will do',
      gist: 'Fragmentation of the pool does not exist, because nothing needs a run of blocks.',
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
      gist: 'Larger blocks, more empty slots at the end of each request.',
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
      gist: 'When blocks run out, the last one in loses all of its own.',
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
      question: 'Why the newest, and not the largest?',
      answer: () =>
        'Who came first shall end first. The newest also has computed the least in general, and it was admitted on the bet that memory would do.',
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
      gist: 'Past what fits, more requests at once only take blocks from each other.',
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
  },
  myths: {
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
  },
};
