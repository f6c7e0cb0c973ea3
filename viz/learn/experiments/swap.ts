import { parseScenario } from '../../../sim/scenario/parse.ts';
import { timingOf } from '../../../sim/scenario-time.ts';
import { rooflineStepTime } from '../../../sim/time/roofline.ts';
import { emptyBatch } from '../../../sim/time/step-time.ts';
import { swapCopies } from '../../../sim/time/transfer.ts';
import type { Experiment } from '../outcome.ts';
import { scenario } from './lab.ts';

/* What a preempted request costs: its blocks over PCIe and back, or its tokens again. */

const SLOTS = 4000;

/** OPT-13B of the paper with too little room, in the vLLM that could swap. */
function preempting(mode: 'swap' | 'recompute') {
  return scenario(
    `preemption-${mode}`,
    `version: 1
name: Preemption by ${mode}
vllm: "0.6.3"
seed: 1
command: >
  vllm serve facebook/opt-13b --dtype float16 --max-model-len 2048 --num-gpu-blocks-override ${SLOTS / 16}
  --swap-space 4 --preemption-mode ${mode} --disable-async-output-proc
hardware: { gpu: a100-40g, count: 1 }
workload: { num-prompts: 30, request-rate: inf, input-len: { uniform: [100, 400] }, output-len: 150 }
`,
  );
}

const BLOCK_SIZES = [1, 8, 16, 32, 64, 128, 256];

/** Milliseconds to swap so many tokens out and in again, and to compute them again, by the size of blocks. */
function costs(numTokens: number) {
  const { text, file } = preempting('swap');
  const { options, ...machine } = timingOf(parseScenario(text, file));
  return BLOCK_SIZES.map((blockSize) => {
    const host = { weightBytes: options.host?.weightBytes ?? [0], blockSize };
    const times = rooflineStepTime({ ...machine, options: { ...options, host } });
    const oneWay = { ...emptyBatch(0), swappedBlocks: Math.ceil(numTokens / blockSize) };
    const again = emptyBatch(1);
    again.numRequests = 1;
    again.numPrefills = 1;
    again.numTokens = numTokens;
    again.prefillTokens[0] = numTokens;
    again.numSampled = 1;
    return {
      blockSize,
      numLayers: machine.model.numLayers,
      swap: 2000 * times.breakdown(oneWay).transfer,
      recompute: times.stepNs(again) / 1_000_000,
    };
  });
}

/** A request of so many tokens is preempted: which of vLLM V0's two ways is the cheaper one, by the size of blocks? */
export const swapOrRecompute: Experiment = (numTokens) => {
  const rows = costs(numTokens);
  const at = (size: number) => rows.find(({ blockSize }) => blockSize === size)!;
  const crossing = rows.find(({ swap, recompute }) => swap < recompute);
  const [smallest, usual, largest] = [at(1), at(16), at(256)];
  return {
    facts: {
      numTokens,
      swap1: smallest.swap,
      swap16: usual.swap,
      swap256: largest.swap,
      recompute: usual.recompute,
      copies: swapCopies(numTokens, usual.numLayers),
      crossing: crossing?.blockSize ?? 0,
    },
    answer: smallest.swap < smallest.recompute ? 'swap' : 'recompute',
    figure: {
      kind: 'measures',
      oneScale: true,
      columns: [
        { label: ['swap'], unit: 'milliseconds' },
        { label: ['recompute'], unit: 'milliseconds' },
      ],
      rows: rows.map(({ blockSize, swap, recompute }) => ({
        label: ['block-size', blockSize],
        values: [swap, recompute],
        marked: blockSize === 1,
      })),
    },
    scenario: preempting('swap'),
    beside: [preempting('recompute')],
  };
};
