import { findModel } from '../../sim/catalog/models.ts';
import { type Claim, dec, int, near, percent } from './claim.ts';

const BEFORE = '002-glm47-flash-on-4x4090d-before';
const AFTER = '002-glm47-flash-on-4x4090d-runs';
const B16 = '2.7-block-size-16';
const B64 = '2.7-block-size-64';
const SHORT = '2.4-short-free-runs';
const PROMPT = 3200;
const blocksOf = (tokens: number, size: number) => Math.ceil(tokens / size);
const experts = () => findModel('GLM-4.7-Flash')!.config;

export const GUIDE_002: readonly Claim[] = [
  {
    id: '2.0',
    says: 'vLLM 0.6.3 runs GLM-4.7-Flash (its premise)',
    predicts: [{ says: 'starts', holds: (see) => see('2.0-model-on-0.6.3').starts }],
    found: (see) => `${see('2.0-model-on-0.6.3').because}; what follows is today’s vLLM`,
  },
  {
    id: '2.1',
    says: 'Four cards of 24 GB run out of memory',
    predicts: [
      {
        says: 'does not start, or preempts',
        holds: (see) => !see(BEFORE).starts || see(BEFORE).preemptions > 0,
      },
    ],
    found: (see) =>
      `starts with ${int(see(BEFORE).tokens)} tokens, uses at most ${percent(see(BEFORE).maxUse)}, preempts nobody`,
  },
  {
    id: '2.2',
    says: 'The cause is fragmentation by small dynamic allocations',
    predicts: [{ says: 'a GiB in pieces', holds: (see) => see(BEFORE).inactiveMib >= 1024 }],
    found: (see) =>
      `${dec(see(BEFORE).inactiveMib, 0)} MiB of inactive splits of a rank’s 24 GB; the cache is allocated once`,
  },
  {
    id: '2.3',
    says: 'The model activates 2 of 64 experts',
    predicts: [{ says: '2 per token', holds: () => experts().num_experts_per_tok === 2 }],
    found: () =>
      `${String(experts().num_experts_per_tok)} of ${String(experts().n_routed_experts)}, and a shared one`,
  },
  {
    id: '2.4',
    says: 'A largest_free_block below 100 means fragmentation, and failures',
    predicts: [
      {
        says: 'requests wait for memory or are preempted where the longest run is short',
        holds: (see) => see(SHORT).leastLongestRun >= 100 || see(SHORT).preemptions > 0,
      },
    ],
    found: (see) =>
      `under churn the longest run falls to ${int(see(SHORT).leastLongestRun)} of 499 blocks, at most ${percent(see(SHORT).maxUse)} are in use, and ${see(SHORT).preemptions} of ${see(SHORT).summary.requests.finished} requests are preempted: any free block serves`,
  },
  {
    id: '2.5',
    says: 'A block has 16 KB',
    predicts: [{ says: '16,384 bytes', holds: (see) => see(BEFORE).blockBytes === 16_384 }],
    found: (see) => `16 are tokens: ${int(see(BEFORE).blockBytes)} bytes over 47 layers`,
  },
  {
    id: '2.6',
    says: 'A layer’s cache needs 24 KB, so blocks of 16 are split, and 32 are perfect',
    predicts: [
      {
        says: 'more bytes per token in blocks of 16',
        holds: (see) => see(B16).blockBytes / 16 > see(AFTER).blockBytes / 32,
      },
    ],
    found: (see) =>
      `${int(see(B16).blockBytes / 16)} bytes per token in blocks of 16 and of 32; nothing is ever split`,
  },
  {
    id: '2.7',
    says: 'Blocks of 32 tokens save 37 % of the allocations',
    predicts: [
      { says: 'fewer blocks for a prompt', holds: () => blocksOf(PROMPT, 32) < blocksOf(PROMPT, 16) },
      {
        says: '37 % fewer, within 3',
        holds: () => near(1 - blocksOf(PROMPT, 32) / blocksOf(PROMPT, 16), 0.37, 0.08),
      },
    ],
    found: (see) =>
      `direction right, number wrong: ${blocksOf(PROMPT, 16)} → ${blocksOf(PROMPT, 32)} blocks for ${int(PROMPT)} tokens; empty slots at the ends ${percent(see(B16).internalWaste)} → ${percent(see(AFTER).internalWaste)}`,
  },
  {
    id: '2.8',
    says: 'Blocks of 64 lower the use of memory by 5 % (measured on 0.6.3)',
    predicts: [
      { says: '0.6.3 takes them', holds: (see) => see('2.8-block-size-64-on-0.6.3').starts },
      {
        says: '4 % fewer tokens in use, today',
        holds: (see) => see(B64).internalWaste - see(AFTER).internalWaste >= 0.04,
      },
    ],
    found: (see) =>
      `0.6.3 refuses them (${see('2.8-block-size-64-on-0.6.3').because}); today’s waste is ${percent(see(B64).internalWaste)} of the slots instead of ${percent(see(AFTER).internalWaste)}`,
  },
  {
    id: '2.9',
    says: '--kv-cache-dtype fp16 makes blocks smaller',
    predicts: [{ says: 'starts', holds: (see) => see('2.9-fp16-cache').starts }],
    found: (see) => `${see('2.9-fp16-cache').because}: no such choice, and auto is 16 bits already`,
  },
  {
    id: '2.10',
    says: '--enable-chunked-prefill is the best weapon against fragmentation',
    predicts: [
      { says: 'a larger pool', holds: (see) => see(B16).tokens > see(BEFORE).tokens },
      {
        says: 'more requests served at once',
        holds: (see) => see(B16).mostRunning > 1.1 * see(BEFORE).mostRunning,
      },
    ],
    found: (see) =>
      `depends on what for: the smaller profiled batch leaves ${dec(see(BEFORE).activationGib - see(B16).activationGib)} GiB, ${int(see(B16).tokens - see(BEFORE).tokens)} tokens more; first tokens (p99) ${dec(see(BEFORE).ttft(99))} → ${dec(see(B16).ttft(99))} s`,
  },
  {
    id: '2.11',
    says: '--max-num-seqs 256 is part of the cure',
    predicts: [
      {
        says: 'other decisions than by default',
        holds: (see) => see(AFTER).decisions !== see('2.11-default-sequences').decisions,
      },
    ],
    found: () => 'it is the default: every step is the same with and without',
  },
  {
    id: '2.12',
    says: '--enable-expert-cache saves 90 % of the routing',
    predicts: [{ says: 'starts', holds: (see) => see('2.12-expert-cache').starts }],
    found: (see) => `${see('2.12-expert-cache').because}: the flag never existed`,
  },
  {
    id: '2.13',
    says: 'Emptying the cache cures fragmentation',
    predicts: [
      {
        says: 'a faster first token',
        holds: (see) => see('2.13-emptied').meanTtft < see('2.13-kept').meanTtft,
      },
      {
        says: 'fewer preemptions',
        holds: (see) => see('2.13-emptied').preemptions < see('2.13-kept').preemptions,
      },
    ],
    found: (see) =>
      `cached blocks are free already: hits ${percent(see('2.13-kept').hitRate)} → ${percent(see('2.13-emptied').hitRate)}, mean first token ${dec(see('2.13-kept').meanTtft * 1000, 0)} → ${dec(see('2.13-emptied').meanTtft * 1000, 0)} ms`,
  },
  {
    id: '2.14',
    says: 'All of it: 62 → 85 % of memory in use, first token −37 %, 18 → 32 requests at once',
    predicts: [
      { says: 'use up by a third', holds: (see) => see(AFTER).meanUse > 1.3 * see(BEFORE).meanUse },
      {
        says: 'p90 of the first token down by a third',
        holds: (see) => see(AFTER).ttft(90) < 0.7 * see(BEFORE).ttft(90),
      },
      {
        says: 'half as many more at once',
        holds: (see) => see(AFTER).mostRunning > 1.5 * see(BEFORE).mostRunning,
      },
    ],
    found: (see) =>
      `mean use ${percent(see(BEFORE).meanUse)} → ${percent(see(AFTER).meanUse)}, p90 ${dec(see(BEFORE).ttft(90))} → ${dec(see(AFTER).ttft(90))} s, at most ${see(BEFORE).mostRunning} → ${see(AFTER).mostRunning} at once`,
  },
  {
    id: '2.15',
    says: '1.2 GiB free and yet a failure proves fragmentation',
    predicts: {
      untested:
        'true at most of PyTorch’s allocator, not of the pool; a scenario cannot place other processes’ allocations. docs/allocator.md has the rules',
    },
  },
  {
    id: '2.16',
    says: 'Leaks slowly fill the pool with fragments',
    predicts: [
      {
        says: 'blocks stay in use after the last request',
        holds: (see) => see('2.16-long-run').useAtEnd > 0,
      },
    ],
    found: (see) =>
      `after ${int(see('2.16-long-run').summary.requests.total)} requests ${percent(see('2.16-long-run').useAtEnd)} of the pool is in use`,
  },
  {
    id: '2.17',
    says: 'A card without a process means that tensor parallelism is misconfigured',
    predicts: { untested: 'about nvidia-smi, not about memory or scheduling' },
  },
  {
    id: '2.18',
    says: 'A card above 95 % is ill: restart the server',
    predicts: [
      { says: 'a server above 95 % preempts', holds: (see) => see('2.18-utilization-0.97').preemptions > 0 },
    ],
    found: (see) =>
      `${percent(see('2.18-utilization-0.97').planned)} are taken from the start, by design; ${see('2.18-utilization-0.97').preemptions} preemptions`,
  },
  {
    id: '2.19',
    says: '/health tells gpu_cache_usage, free_blocks and largest_free_block',
    predicts: { untested: 'invented fields: /health is empty. docs/memory-stats.md computes them' },
  },
];
