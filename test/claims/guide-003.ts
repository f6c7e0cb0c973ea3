import { findGpu, hasFp8 } from '../../sim/catalog/gpus.ts';
import { findMetric } from '../../sim/report/metrics.ts';
import { type Claim, dec, int, near, percent } from './claim.ts';

const RUNS = '003-glm45v-on-8xa100-runs';
const BITS16 = '003-glm45v-on-8xa100-16-bit-cache';
const SWAP = '003-swap-space-on-64-gib';
const METRICS = [
  'vllm_num_requests_running',
  'vllm_gpu_utilization',
  'vllm_model_latency_seconds',
  'vllm_throughput_tokens_per_second',
  'vllm_memory_used_bytes',
  'vllm_scheduler_queue_length',
  'vllm_tokenization_latency_seconds',
];

export const GUIDE_003: readonly Claim[] = [
  {
    id: '3.1',
    says: '8 × 80 GB are enough for GLM-4.5V',
    predicts: [{ says: 'starts', holds: (see) => see(RUNS).starts }],
    found: (see) =>
      `${dec(see(RUNS).weightsGib)} GiB of weights on each GPU, ${int(see(BITS16).tokens)} tokens of 16-bit cache`,
  },
  {
    id: '3.2',
    says: 'An FP8 cache halves the memory of the cache',
    predicts: [
      { says: 'twice the tokens', holds: (see) => near(see(RUNS).tokens, 2 * see(BITS16).tokens, 0.001) },
    ],
    found: (see) => `${int(see(BITS16).tokens)} → ${int(see(RUNS).tokens)} tokens`,
  },
  {
    id: '3.3',
    says: 'The A100 computes in FP8',
    predicts: [{ says: 'FP8 tensor cores', holds: () => hasFp8(findGpu('a100-80g-pcie')!) }],
    found: () => 'FP8 tensor cores came with Ada and Hopper; there it is storage only',
  },
  {
    id: '3.4',
    says: 'AWQ with 4 bits makes a model 75 % smaller',
    predicts: [
      {
        says: 'less than half',
        holds: (see) => see('3.4-awq').weightsGib < see('3.4-16-bit').weightsGib / 2,
      },
      {
        says: '75 % within 2',
        holds: (see) => near(1 - see('3.4-awq').weightsGib / see('3.4-16-bit').weightsGib, 0.75, 0.027),
      },
    ],
    found: (see) =>
      `depends on the share of embeddings, which stay: Llama 3.1 8B ${dec(see('3.4-16-bit').weightsGib)} → ${dec(see('3.4-awq').weightsGib)} GiB, ${percent(1 - see('3.4-awq').weightsGib / see('3.4-16-bit').weightsGib)} smaller`,
  },
  {
    id: '3.5',
    says: 'Swap space of 16 GB per GPU handles bursts, on a host of 64 GB',
    predicts: [{ says: 'starts', holds: (see) => see(SWAP).starts }],
    found: (see) =>
      `${see(SWAP).because}: 8 × 16 = 128 GiB; 0.6.3 swaps only requests of several sequences, today’s vLLM none`,
  },
  {
    id: '3.6',
    says: '--num-gpu-blocks-override 0 means automatic',
    predicts: [{ says: 'starts', holds: (see) => see('003-glm45v-blocks-override-0').starts }],
    found: (see) => `${see('003-glm45v-blocks-override-0').because}: no blocks at all`,
  },
  {
    id: '3.7',
    says: 'Blocks of 16 tokens balance',
    predicts: { untested: 'says nothing that could be false; 2.7 has the numbers' },
  },
  {
    id: '3.8',
    says: '--max-num-seqs 20 is right for ten users',
    predicts: [
      { says: 'nobody waits for memory', holds: (see) => see(RUNS).preemptions === 0 },
      { says: '20 are never reached', holds: (see) => see(RUNS).mostRunning < 20 },
    ],
    found: (see) => `at most ${see(RUNS).mostRunning} at once, ${percent(see(RUNS).maxUse)} of the pool`,
  },
  {
    id: '3.9',
    says: '--max-num-batched-tokens 8192 instead of 4096 lowers latency',
    predicts: [
      {
        says: 'a faster first token',
        holds: (see) => see('3.9-batched-tokens-8192').meanTtft < see('3.9-batched-tokens-4096').meanTtft,
      },
      {
        says: 'no longer waits between tokens (p99)',
        holds: (see) => see('3.9-batched-tokens-8192').tpot(99) <= see('3.9-batched-tokens-4096').tpot(99),
      },
      {
        says: 'no smaller pool',
        holds: (see) => see('3.9-batched-tokens-8192').tokens >= see('3.9-batched-tokens-4096').tokens,
      },
    ],
    found: (see) => {
      const [small, large] = [see('3.9-batched-tokens-4096'), see('3.9-batched-tokens-8192')];
      return `depends on which: mean first token ${dec(small.meanTtft, 1)} → ${dec(large.meanTtft, 1)} s, time per token (p99) ${dec(small.tpot(99) * 1000, 0)} → ${dec(large.tpot(99) * 1000, 0)} ms, ${int(small.blocks - large.blocks)} blocks fewer`;
    },
  },
  {
    id: '3.10',
    says: '--max-num-seqs 25 instead of 20 raises throughput',
    predicts: [
      {
        says: 'where requests queue',
        holds: (see) =>
          see('3.10-busy-25-sequences').throughput > 1.02 * see('3.10-busy-20-sequences').throughput,
      },
      {
        says: 'with ten users',
        holds: (see) =>
          see('3.10-quiet-25-sequences').throughput > 1.02 * see('3.10-quiet-20-sequences').throughput,
      },
    ],
    found: (see) =>
      `depends on a queue: ${dec(see('3.10-busy-20-sequences').throughput, 0)} → ${dec(see('3.10-busy-25-sequences').throughput, 0)} tokens/s with one, ${dec(see('3.10-quiet-20-sequences').throughput, 0)} → ${dec(see('3.10-quiet-25-sequences').throughput, 0)} without`,
  },
  {
    id: '3.11',
    says: 'A higher gpu_memory_utilization raises the use of the GPU',
    predicts: [
      {
        says: 'more tokens per second',
        holds: (see) =>
          see('3.11-utilization-0.95').throughput > 1.01 * see('3.10-quiet-20-sequences').throughput,
      },
    ],
    found: (see) =>
      `${dec(see('3.10-quiet-20-sequences').throughput, 1)} and ${dec(see('3.11-utilization-0.95').throughput, 1)} tokens/s: it is a share of memory, not of work`,
  },
  {
    id: '3.12',
    says: 'Against OOM: fewer batched tokens, or more swap space',
    predicts: [
      {
        says: 'fewer batched tokens leave more',
        holds: (see) => see('3.9-batched-tokens-4096').kvGib > see('3.9-batched-tokens-8192').kvGib,
      },
      { says: 'swap space helps', holds: (see) => see(SWAP).starts },
    ],
    found: () =>
      'depends on which: fewer batched tokens do; swap space takes host memory and never GPU memory off',
  },
  {
    id: '3.13',
    says: 'More tensor parallelism if GPUs are idle',
    predicts: [
      {
        says: 'twice the GPUs, 1.5 times the tokens',
        holds: (see) =>
          see('3.13-tensor-parallel-8').throughput > 1.5 * see('3.13-tensor-parallel-4').throughput,
      },
    ],
    found: (see) =>
      `Llama 3.1 70B on A100 PCIe: ${dec(see('3.13-tensor-parallel-4').throughput, 0)} tokens/s on 4, ${dec(see('3.13-tensor-parallel-8').throughput, 0)} on 8: the links decide`,
  },
  {
    id: '3.14',
    says: 'To recompute is faster than to swap',
    predicts: [
      {
        says: 'with blocks of 8 tokens on an A100',
        holds: (see) =>
          see('3.14-recompute-blocks-of-8').meanLatency < see('3.14-swap-blocks-of-8').meanLatency,
      },
      {
        says: 'with blocks of 32 tokens on an L4, which computes slowly',
        holds: (see) => see('3.14-recompute-on-l4').meanLatency < see('3.14-swap-on-l4').meanLatency,
      },
    ],
    found: (see) =>
      `depends on the size of copies and the speed of the GPU: Llama 2 7B in blocks of 8 on an A100 takes ${dec(see('3.14-recompute-blocks-of-8').meanLatency, 1)} s recomputed and ${dec(see('3.14-swap-blocks-of-8').meanLatency, 1)} s swapped (mean of a request), Llama 3.1 8B in blocks of 32 on an L4 ${dec(see('3.14-recompute-on-l4').meanLatency, 0)} and ${dec(see('3.14-swap-on-l4').meanLatency, 0)} s, nearly the same. A copy’s start of 10 µs is an estimate`,
  },
  {
    id: '3.15',
    says: 'n-gram speculation with chunked prefill on V0',
    predicts: { untested: 'V0’s speculation is not modelled; vLLM 0.6.3 refuses the pair' },
  },
  {
    id: '3.16',
    says: 'No speculation above a batch of 10',
    predicts: { untested: 'V0’s speculation is not modelled' },
  },
  {
    id: '3.17',
    says: 'Targets: first token in a second, 200 tokens/s, at most 72 GB of a card',
    predicts: [
      { says: 'first token, mean', holds: (see) => see(RUNS).meanTtft <= 1 },
      { says: '72 GB', holds: (see) => see(RUNS).plannedGib * 1.073741824 <= 72 },
    ],
    found: (see) =>
      `depends on which: mean first token ${dec(see(RUNS).meanTtft)} s; ${dec(see(RUNS).plannedGib * 1.073741824, 1)} GB are taken from the start; ten users get ${dec(see(RUNS).throughput, 0)} tokens/s since they ask for no more`,
  },
  {
    id: '3.18',
    says: `Metrics called ${METRICS.slice(1, 4).join(', ')} …`,
    predicts: METRICS.map((name) => ({ says: name, holds: () => findMetric(name) !== null })),
    found: () => 'none of the seven exists; the first is spelt vllm:num_requests_running',
  },
  {
    id: '3.19',
    says: 'PCIe cards joined by NVLink at 600 GB/s',
    predicts: { untested: 'about hardware: bridges join pairs' },
  },
  { id: '3.20', says: '--shm-size=1g is enough', predicts: { untested: 'shared memory is not modelled' } },
  {
    id: '3.21',
    says: '--enable-server-load-tracking improves scheduling',
    predicts: [
      {
        says: 'other decisions',
        holds: (see) => see('3.21-load-tracking').decisions !== see('3.10-quiet-20-sequences').decisions,
      },
    ],
    found: () => 'every step is the same: it only fills GET /load',
  },
  {
    id: '3.22',
    says: 'A host of 64 GB is enough',
    predicts: [
      { says: 'without swap space', holds: (see) => see(RUNS).starts },
      { says: 'with 16 GB per GPU', holds: (see) => see(SWAP).starts },
    ],
    found: (see) =>
      `depends on swap space: ${dec(see(RUNS).hostGib, 1)} GiB without; with the guide’s own, ${see(SWAP).because}`,
  },
  {
    id: '3.23',
    says: 'Without the cache of the multimodal preprocessor there is more memory',
    predicts: [
      {
        says: 'on the host',
        holds: (see) => see('3.23-without-processor-cache').hostLaterGib < see(RUNS).hostLaterGib,
      },
      {
        says: 'on the GPU',
        holds: (see) => see('3.23-without-processor-cache').blocks > see('3.10-quiet-20-sequences').blocks,
      },
    ],
    found: (see) =>
      `depends on which: host ${dec(see(RUNS).hostLaterGib, 1)} → ${dec(see('3.23-without-processor-cache').hostLaterGib, 1)} GiB once the caches are full; the GPU’s blocks stay`,
  },
];
