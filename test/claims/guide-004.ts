import { type Claim, dec, int, near, percent } from './claim.ts';

const ONE = '004-r1-distill-qwen-7b-on-4090-at-0.9';
const TWO = '004-r1-distill-qwen-7b-on-2x4090-at-0.9';
const TWO_40 = '004-r1-distill-qwen-7b-on-2x4090-runs';
const LLAMA2 = '4.2-llama-2-7b';
const V0 = '4.1-default-of-0.6.3';
const TEN_GB = 1e10;

export const GUIDE_004: readonly Claim[] = [
  {
    id: '4.1',
    says: 'vLLM takes 90 % of the GPU if nothing is said',
    predicts: [{ says: '90 % within 1', holds: (see) => near(see(V0).planned, 0.9, 0.012) }],
    found: (see) => `${percent(see(V0).planned)} on 0.6.3; today’s default is 92 %`,
  },
  {
    id: '4.2',
    says: 'The KV cache of a 7B model on long sequences is larger than 10 GB',
    predicts: [
      { says: '28,000 tokens of Llama 2 7B', holds: (see) => 28_000 * see(LLAMA2).bytesPerToken > TEN_GB },
    ],
    found: (see) =>
      `10 GB are ${int(TEN_GB / see(LLAMA2).bytesPerToken)} tokens of Llama 2 7B; of R1-Distill-Qwen-7B, which the guide deploys, ${int(TEN_GB / see(ONE).bytesPerToken)}`,
  },
  {
    id: '4.3',
    says: 'Paging lowers fragmentation from 20–40 % to less than 4 %',
    predicts: [
      {
        says: '20 to 40 % wasted before',
        holds: (see) =>
          [1 - see('figure-2-orca-max').summary.slots!.tokens].every((waste) => waste >= 0.2 && waste <= 0.4),
      },
      {
        says: 'less than 4 % of the slots in use wasted by paging',
        holds: (see) => see('figure-2-vllm').internalWaste < 0.04,
      },
    ],
    found: (see) =>
      `misquoted: 20–40 % is what earlier systems *used*; here Orca (Max) holds tokens in ${percent(see('figure-2-orca-max').summary.slots!.tokens)}, paging wastes ${percent(see('figure-2-vllm').internalWaste)}`,
  },
  {
    id: '4.4',
    says: 'Several GPUs hold the parameters twice',
    predicts: [
      {
        says: 'more than 60 % on each of two',
        holds: (see) => see(TWO).weightsGib > 0.6 * see(ONE).weightsGib,
      },
    ],
    found: (see) => `${dec(see(ONE).weightsGib)} GiB on one, ${dec(see(TWO).weightsGib)} on each of two`,
  },
  {
    id: '4.5',
    says: 'Buffers between GPUs cost extra memory',
    predicts: [
      { says: 'more outside of torch', holds: (see) => see(TWO).nonTorchGib > see(ONE).nonTorchGib },
    ],
    found: (see) => `${dec(see(ONE).nonTorchGib)} → ${dec(see(TWO).nonTorchGib)} GiB outside of torch`,
  },
  {
    id: '4.6',
    says: 'The engine balances memory between cards',
    predicts: [
      {
        says: 'more blocks than if both were shared',
        holds: (see) => see('4.6-one-card-shared').blocks > see('4.6-both-shared').blocks,
      },
    ],
    found: (see) =>
      `${int(see('4.6-one-card-shared').blocks)} blocks with 6 GiB less on one card, as with 6 GiB less on both: the smallest decides`,
  },
  {
    id: '4.7',
    says: 'A utilization of 0.3 to 0.5, such as 0.4, for R1-Distill-Qwen-7B on a 4090',
    predicts: [{ says: 'starts', holds: (see) => see('004-r1-distill-qwen-7b-on-4090').starts }],
    found: (see) =>
      `${see('004-r1-distill-qwen-7b-on-4090').because}; cut over two cards it starts with ${int(see(TWO_40).tokens)} tokens`,
  },
  {
    id: '4.8',
    says: 'offload_weights=True',
    predicts: [{ says: 'starts', holds: (see) => see('004-r1-distill-qwen-7b-offload').starts }],
    found: (see) => `${see('004-r1-distill-qwen-7b-offload').because}: it is --cpu-offload-gb`,
  },
  {
    id: '4.9',
    says: 'max_batch_size, max_num_seqs and max_tokens lower memory',
    predicts: [
      { says: 'max_num_seqs leaves more', holds: (see) => see(TWO).blocks > see('4.9-256-sequences').blocks },
      { says: 'the others are options', holds: (see) => see('4.9-max-batch-size').starts },
    ],
    found: (see) =>
      `depends on which: 32 instead of 256 sequences leave ${int(see(TWO).blocks - see('4.9-256-sequences').blocks)} of ${int(see(TWO).blocks)} blocks more; the others are no options (${see('4.9-max-batch-size').because})`,
  },
  {
    id: '4.10',
    says: 'Models in 4 or 8 bits are smaller',
    predicts: [
      {
        says: 'less than two thirds',
        holds: (see) => see('4.10-fp8').weightsGib < (2 / 3) * see(ONE).weightsGib,
      },
    ],
    found: (see) => `FP8: ${dec(see(ONE).weightsGib)} → ${dec(see('4.10-fp8').weightsGib)} GiB`,
  },
  {
    id: '4.11',
    says: 'Weights that stay on the GPU lower latency',
    predicts: { untested: 'the time of --cpu-offload-gb’s copies is not modelled for dense models' },
  },
];
