import { ALPACA_LIKE, SHAREGPT_LIKE } from '../../../sim/report/paper/loads.ts';
import { type Occupancy, pagedOccupancy } from '../../../sim/report/paper/occupancy.ts';
import {
  figure3,
  MAX_MODEL_LEN,
  orcaOccupancy,
  table1,
  workloadThatWaits,
} from '../../../sim/report/paper/paper-checks.ts';
import { GIB } from '../../../sim/units.ts';
import type { Bars, Experiment, Part } from '../outcome.ts';
import { scenario } from './lab.ts';

/* The memory of the PagedAttention paper: OPT-13B in 12 GiB. */

/** The load of Figure 2 in the playground. */
function figure2Scenario(system: string, blockSize = 16) {
  const { slots } = table1();
  return scenario(
    `figure-2-${system}`,
    `# PagedAttention paper, Figure 2: OPT-13B in 12 GiB, ${slots} slots.
version: 1
name: Figure 2, ${system}
vllm: "0.6.3"
system: ${system}
seed: 1
model: OPT-13b
command: >
  vllm serve OPT-13b --dtype float16 --num-gpu-blocks-override ${Math.floor(slots / blockSize)} --block-size ${blockSize}
  --max-model-len 2048 --max-num-seqs 256 --swap-space 0 --disable-async-output-proc
hardware: { gpu: a100-40g, count: 1 }
workload:
  num-prompts: 400
  request-rate: inf
  input-len: { lognormal: { median: 101, sigma: 1, max: 1024 } }
  output-len: { lognormal: { median: 235, sigma: 1.03, max: 1024 } }
`,
  );
}

/** How many requests of `length` tokens fit in the paper's 12 GiB. */
export const kvPerToken: Experiment = (length) => {
  const { bytesPerToken, slots } = table1();
  const requests = Math.floor(slots / length);
  const left = slots - requests * length;
  // Of many short requests one sees the sum only.
  const drawn = requests <= 64 ? requests : 0;
  const figure: Bars = {
    kind: 'bars',
    unit: 'slots',
    rows: [
      {
        label: ['pool'],
        parts: [
          ...Array.from({ length: drawn }, () => ({ part: 'request' as const, value: length })),
          ...(drawn === 0 ? [{ part: 'request' as const, value: requests * length }] : []),
          { part: 'free', value: left },
        ],
      },
    ],
  };
  return {
    facts: {
      bytesPerToken,
      kibPerToken: bytesPerToken / 1024,
      length,
      gibPerRequest: (length * bytesPerToken) / GIB,
      slots,
      requests,
      left,
      leftShare: left / slots,
    },
    answer: requests,
    figure,
    scenario: figure2Scenario('orca-max'),
  };
};

/** Figure 3: what the slots of two requests are. */
export const kindsOfWaste: Experiment = () => {
  const { numFinal, numReserved, numUsed } = figure3();
  const slotsOf = (request: number): Record<'tokens' | 'reserved' | 'internal', number> => ({
    tokens: numUsed[request],
    reserved: numFinal[request] - numUsed[request],
    internal: numReserved[request] - numFinal[request],
  });
  const [a, b] = [slotsOf(0), slotsOf(1)];
  const kinds = ['tokens', 'reserved', 'internal'] as const;
  const most = kinds.reduce((best, kind) => (a[kind] + b[kind] > a[best] + b[best] ? kind : best));
  return {
    facts: {
      neverA: a.internal,
      neverB: b.internal,
      laterA: a.reserved,
      laterB: b.reserved,
      tokensA: a.tokens,
      tokensB: b.tokens,
      keptA: numReserved[0],
      keptB: numReserved[1],
      share: (a.tokens + b.tokens) / (numReserved[0] + numReserved[1]),
    },
    answer: most,
    figure: {
      kind: 'bars',
      unit: 'slots',
      rows: [a, b].map((slots, request) => ({
        label: ['request', 'AB'[request]],
        parts: kinds.map((part) => ({ part, value: slots[part] })),
      })),
    },
    scenario: figure2Scenario('orca-max'),
  };
};

const PARTS: readonly Part[] = ['tokens', 'reserved', 'internal', 'external'];

/** Figure 2: four systems with the same requests, of the given seed. */
export const figure2: Experiment = (seed) => {
  const { slots } = table1();
  const workload = workloadThatWaits(SHAREGPT_LIKE, seed);
  const systems: Record<string, Occupancy> = {
    'orca-max': orcaOccupancy(slots, workload, 'max'),
    'orca-pow2': orcaOccupancy(slots, workload, 'pow2'),
    'orca-oracle': orcaOccupancy(slots, workload, 'oracle'),
    vllm: pagedOccupancy(slots, 16, workload),
  };
  const { tokens } = systems['orca-oracle'];
  const facts: Record<string, number> = { slots, maxLength: MAX_MODEL_LEN };
  for (const [name, each] of Object.entries(systems)) {
    facts[`${name} tokens`] = each.tokens;
    facts[`${name} external`] = each.external;
    facts[`${name} running`] = each.numRunning;
  }
  return {
    facts,
    answer: tokens < 0.5 ? 'third' : tokens < 0.85 ? 'two-thirds' : 'nearly-all',
    figure: {
      kind: 'bars',
      unit: 'share',
      rows: Object.entries(systems).map(([name, each]) => ({
        label: [name],
        parts: PARTS.map((part) => ({ part, value: each[part as keyof Occupancy] })),
      })),
    },
    scenario: figure2Scenario('vllm'),
    beside: ['orca-max', 'orca-pow2', 'orca-oracle'].map((system) => figure2Scenario(system)),
  };
};

const BLOCK_SIZES = [1, 16, 32, 64, 128, 256];

/** Slots lost at the ends of block tables, by the size of blocks. */
export const blockSize: Experiment = () => {
  const { slots } = table1();
  const wasted = [SHAREGPT_LIKE, ALPACA_LIKE].map((load) => {
    const workload = workloadThatWaits(load, 1);
    return BLOCK_SIZES.map((size) => pagedOccupancy(slots, size, workload).internal);
  });
  const [long, short] = wasted;
  const isUp = wasted.every((series) => series.every((value, i) => i === 0 || value > series[i - 1]));
  const isDown = wasted.every((series) => series.every((value, i) => i === 0 || value < series[i - 1]));
  return {
    facts: {
      long16: long[1],
      short16: short[1],
      long256: long[5],
      short256: short[5],
    },
    answer: isUp ? 'up' : isDown ? 'down' : 'same',
    figure: {
      kind: 'measures',
      columns: [
        { label: ['waste-long'], unit: 'share' },
        { label: ['waste-short'], unit: 'share' },
      ],
      rows: BLOCK_SIZES.map((size, i) => ({
        label: ['block-size', size],
        values: [long[i], short[i]],
        marked: size === 16,
      })),
    },
    scenario: figure2Scenario('vllm'),
    beside: [figure2Scenario('vllm', 32)],
  };
};
