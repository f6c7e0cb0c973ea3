import { type Claim, dec, int, near, percent } from './claim.ts';

const L4 = '000-glm4-9b-on-l4';
const ALONE = '001-glm4-9b-alone';
const BESIDE = '001-glm4-9b-with-a-neighbour';
const AT_60 = '001-glm4-9b-openai-server';

export const GUIDES_000_001: readonly Claim[] = [
  {
    id: '0.1',
    says: 'A container of 6 GB is killed although the GPU has room; 10 GB work',
    predicts: [
      {
        says: '6 GiB: killed',
        holds: (see) => see('000-glm4-9b-on-l4-6gib-container').because === 'host-memory',
      },
      { says: '10 GiB: starts', holds: (see) => see(L4).starts },
    ],
    found: (see) =>
      `${dec(see(L4).hostGib)} GiB of host memory cannot be taken back, of which 5 are pinned swap space; without it ${dec(see('000-glm4-9b-on-l4-6gib-without-swap').hostGib)} GiB, and 6 are enough`,
  },
  {
    id: '0.2',
    says: '9 billion parameters of 2 bytes take about 18 GB',
    predicts: [
      { says: '18 GB, within 6 %', holds: (see) => near(see(L4).weightsGib * 1.073741824, 18, 0.06) },
    ],
    found: (see) => `${dec(see(L4).weightsGib)} GiB, ${dec(see(L4).weightsGib * 1.073741824, 1)} GB`,
  },
  {
    id: '0.3',
    says: 'gpu_memory_utilization does not touch host memory',
    predicts: [
      { says: 'the same at 0.95', holds: (see) => see('0.3-utilization-0.95').hostGib === see(L4).hostGib },
    ],
    found: (see) => `${dec(see(L4).hostGib)} GiB of host memory at 0.9 and at 0.95`,
  },
  {
    id: '0.4',
    says: '--enforce-eager reduces memory fragmentation',
    predicts: [
      {
        says: 'less free memory in pieces',
        holds: (see) => see(L4).inactiveMib < see('0.4-cuda-graphs').inactiveMib,
      },
      {
        says: 'less memory held',
        holds: (see) => see(L4).reservedGib < see('0.4-cuda-graphs').reservedGib,
      },
    ],
    found: (see) =>
      `depends on what is meant: ${dec(see(L4).inactiveMib, 1)} MiB of inactive splits with and ${dec(see('0.4-cuda-graphs').inactiveMib, 1)} without it; what it saves are the graphs: ${dec(see('0.4-cuda-graphs').reservedGib)} → ${dec(see(L4).reservedGib)} GiB held`,
  },
  {
    id: '0.5',
    says: 'A smaller --max-model-len limits memory',
    predicts: [
      {
        says: 'less for the profiled batch',
        holds: (see) => see(L4).activationGib < see('0.5-length-8192').activationGib,
      },
      { says: 'a smaller KV cache', holds: (see) => see(L4).kvGib < see('0.5-length-8192').kvGib },
    ],
    found: (see) =>
      `depends on which: from 8,192 to 4,096 the activations fall from ${dec(see('0.5-length-8192').activationGib)} to ${dec(see(L4).activationGib)} GiB, and the cache takes what they leave: ${int(see('0.5-length-8192').blocks)} → ${int(see(L4).blocks)} blocks`,
  },
  {
    id: '0.6',
    says: 'Host memory should be 1.5 times what the model needs on the GPU',
    predicts: [
      {
        says: 'less does not do',
        holds: (see) => !see(L4).starts || see(L4).hostGib > 1.5 * see(L4).weightsGib,
      },
    ],
    found: (see) =>
      `${dec(see(L4).hostGib)} GiB do for ${dec(see(L4).weightsGib)} GiB of weights, which are mapped files`,
  },
  {
    id: '0.7',
    says: 'Enable PagedAttention',
    predicts: { untested: 'there is nothing to enable: it is vLLM' },
  },
  {
    id: '0.8',
    says: 'GPTQ lowers the memory of the GPU',
    predicts: [{ says: 'half or less', holds: (see) => see('0.8-gptq').weightsGib < see(L4).weightsGib / 2 }],
    found: (see) => `weights ${dec(see(L4).weightsGib)} → ${dec(see('0.8-gptq').weightsGib)} GiB`,
  },
  {
    id: '0.9',
    says: 'docker --memory=10g --memory-swap=12g',
    predicts: { untested: 'swap on disk is not modelled; pinned memory cannot go there' },
  },
  {
    id: '0.10',
    says: 'An L4 is enough at 0.9',
    predicts: [
      { says: 'starts', holds: (see) => see(L4).starts },
      { says: 'serves a load without preemption', holds: (see) => see(L4).preemptions === 0 },
    ],
    found: (see) =>
      `${int(see(L4).blocks)} blocks, ${int(see(L4).tokens)} tokens: ${dec(see(L4).maxConcurrency, 1)} requests of 4,096`,
  },
  {
    id: '1.1',
    says: 'Its log: 34,318 to 38,675 GPU blocks, 6,553 CPU blocks, beside 17.56 GB of weights',
    predicts: [
      { says: '38,675 blocks within 0.5 %', holds: (see) => near(see(ALONE).blocks, 38_675, 0.005) },
      { says: '17.56 GiB within 1 %', holds: (see) => near(see(ALONE).weightsGib, 17.56, 0.01) },
    ],
    found: (see) => `${int(see(ALONE).blocks)} blocks, ${dec(see(ALONE).weightsGib)} GiB on a 48 GB card`,
  },
  {
    id: '1.2',
    says: 'Allocations of 606 and 538 MB fail',
    predicts: [
      {
        says: '38,675 blocks: 606',
        holds: (see) => see('001-glm4-9b-38675-blocks').message.includes('606.00 MiB'),
      },
      {
        says: '34,318 blocks: 538',
        holds: (see) => see('001-glm4-9b-34318-blocks').message.includes('538.00 MiB'),
      },
    ],
    found: () =>
      'a layer’s tensor is blocks × 16,384 bytes, rounded up to 2 MiB: the log’s two numbers of blocks give its two sizes',
  },
  {
    id: '1.3',
    says: 'They fail with 35 GB free',
    predicts: [
      {
        says: 'more than 606 MiB free',
        holds: (see) => /of which [\d.]+ GiB is free/.test(see(BESIDE).message),
      },
    ],
    found: (see) =>
      `${/of which ([\d.]+ \w+) is free/.exec(see(BESIDE).message)?.[1]} are free when it fails`,
  },
  {
    id: '1.4',
    says: 'A utilization of 0.6 cures it',
    predicts: [
      { says: 'starts beside the same neighbour', holds: (see) => see(AT_60).starts && !see(BESIDE).starts },
    ],
    found: (see) =>
      `beside a neighbour of 6 GiB, for ${percent(1 - see(AT_60).kvGib / see(ALONE).kvGib)} of the cache; beside one of 20 GiB it fails again (${see('001-glm4-9b-larger-neighbour').because})`,
  },
  {
    id: '1.5',
    says: 'The cause is fragmentation at a high utilization',
    predicts: [
      {
        says: '606 MiB more in pieces at 0.9 than at 0.6',
        holds: (see) => see(ALONE).inactiveMib - see(AT_60).inactiveMib >= 606,
      },
    ],
    found: (see) =>
      `inactive splits: ${dec(see(ALONE).inactiveMib, 1)} MiB at 0.9, ${dec(see(AT_60).inactiveMib, 1)} at 0.6; the card is promised twice`,
  },
  {
    id: '1.6',
    says: 'The default utilization may be too high',
    predicts: [
      { says: 'fails on a card of its own', holds: (see) => !see(ALONE).starts },
      { says: 'fails on a shared card', holds: (see) => !see(BESIDE).starts },
    ],
    found: () =>
      'depends on who else uses the card: alone it starts, beside 6 GiB of another process it does not',
  },
  {
    id: '1.7',
    says: 'max_model_len and block_size decide the size of the KV cache',
    predicts: [
      {
        says: 'half the length, another size',
        holds: (see) => !near(see('1.7-length-4096').kvGib, see(ALONE).kvGib, 0.01),
      },
      {
        says: 'blocks of 8, another size',
        holds: (see) => !near(see('1.8-block-size-8').kvGib, see(ALONE).kvGib, 0.01),
      },
    ],
    found: (see) =>
      `${dec(see(ALONE).kvGib)} GiB at 8,192 and ${dec(see('1.7-length-4096').kvGib)} at 4,096 tokens; ${dec(see('1.8-block-size-8').kvGib)} in blocks of 8, ${dec(see('1.8-block-size-32').kvGib)} of 32`,
  },
  {
    id: '1.8',
    says: 'Smaller blocks save memory',
    predicts: [
      {
        says: 'a smaller cache',
        holds: (see) => see('1.8-block-size-8').kvGib < 0.99 * see('1.8-block-size-32').kvGib,
      },
    ],
    found: (see) =>
      `${int(see('1.8-block-size-8').blocks)} × 8 and ${int(see('1.8-block-size-32').blocks)} × 32 tokens: the same bytes`,
  },
  {
    id: '1.9',
    says: 'float16 takes slightly less memory than bfloat16',
    predicts: [
      { says: 'lighter weights', holds: (see) => see('1.9-float16').weightsGib < see(ALONE).weightsGib },
      { says: 'more blocks', holds: (see) => see('1.9-float16').blocks > see(ALONE).blocks },
    ],
    found: (see) =>
      `${dec(see('1.9-float16').weightsGib)} GiB and ${int(see('1.9-float16').blocks)} blocks in both: two bytes each`,
  },
  {
    id: '1.10',
    says: 'The default max_model_len of 8192 asks for many blocks',
    predicts: [
      { says: 'the default is 8,192', holds: (see) => see('1.10-default-length').maxModelLen === 8192 },
      {
        says: 'a longer one asks for more',
        holds: (see) => see('1.10-default-length').blocks > see(ALONE).blocks,
      },
    ],
    found: (see) =>
      `the default is the checkpoint’s ${int(see('1.10-default-length').maxModelLen)}, with ${int(see('1.10-default-length').blocks)} blocks, as with 8,192`,
  },
  {
    id: '1.11',
    says: 'Tensor parallelism helps',
    predicts: [
      {
        says: 'half the KV bytes on each GPU',
        holds: (see) => near(see('1.11-tensor-parallel-2').blockBytes, see(ALONE).blockBytes / 2, 0.001),
      },
      {
        says: 'half the weights, within 5 %',
        holds: (see) => near(see('1.11-tensor-parallel-2').weightsGib, see(ALONE).weightsGib / 2, 0.05),
      },
    ],
    found: (see) =>
      `weights ${dec(see(ALONE).weightsGib)} → ${dec(see('1.11-tensor-parallel-2').weightsGib)} GiB, a block ${int(see(ALONE).blockBytes)} → ${int(see('1.11-tensor-parallel-2').blockBytes)} bytes; with four GPUs ${int(see('1.11-tensor-parallel-4').blockBytes)}: two KV heads cannot be cut further`,
  },
  {
    id: '1.12',
    says: 'Weights and cache come near the limit of a 24 GB card',
    predicts: [{ says: 'less than 4 GiB for the cache', holds: (see) => see('1.12-rtx3090').kvGib < 4 }],
    found: (see) => `${dec(see('1.12-rtx3090').kvGib)} GiB are left for the cache`,
  },
  {
    id: '1.13',
    says: 'AWQ or GPTQ make it fit',
    predicts: [{ says: 'more room than 16 bits', holds: (see) => see('0.8-gptq').kvGib > 2 * see(L4).kvGib }],
    found: (see) =>
      `on an L4 the cache grows from ${dec(see(L4).kvGib)} to ${dec(see('0.8-gptq').kvGib)} GiB`,
  },
];
