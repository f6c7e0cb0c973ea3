import { BlockPool } from '../../../sim/pool/block-pool.ts';
import { makeRegionAllocator } from '../../../sim/pool/contiguous/placement.ts';
import { NO_REGION } from '../../../sim/pool/contiguous/region-allocator.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { DETAIL_SHIFT, EventKind, KIND_MASK } from '../../../sim/recording/events.ts';
import { Replace } from '../../../sim/recording/v0-listener.ts';
import type { Cell, Experiment } from '../outcome.ts';
import { firstStep, poolCells, run, scenario, tokensAt } from './lab.ts';

/* Block tables: where tokens are, and when blocks are taken. */

const BLOCK = 16;

/** A few requests in a small pool of today's vLLM. */
function smallPool(name: string, flags: string, workload: string): string {
  return `version: 1
name: ${name}
vllm: "2026-05"
seed: 1
command: >
  vllm serve meta-llama/Llama-3.1-8B-Instruct --block-size ${BLOCK} --no-async-scheduling ${flags}
hardware: { gpu: l4, count: 1 }
workload: { ${workload} }
`;
}

/** Three requests; in which block the token of the second one is. */
export const blockTable: Experiment = (token) => {
  const source = scenario(
    'block-table',
    smallPool(
      'Block table',
      '--num-gpu-blocks-override 19 --max-model-len 96',
      'num-prompts: 3, request-rate: inf, input-len: 20, output-len: 40',
    ),
  );
  const cursor = firstStep(run(source), (at) => tokensAt(at, 1) === 3 * BLOCK);
  const table = [...cursor.table(1)];
  const logical = Math.floor(token / BLOCK);
  const offset = token % BLOCK;
  const rows = (isMarked: boolean) => [
    {
      label: ['logical'] as const,
      cells: table.map(
        (_, i): Cell => ({ state: 'index', text: String(i), marked: isMarked && i === logical }),
      ),
    },
    {
      label: ['physical'] as const,
      cells: table.map(
        (block, i): Cell => ({
          state: 'used',
          owner: 1,
          text: String(block),
          marked: isMarked && i === logical,
        }),
      ),
    },
  ];
  const slots = Array.from(
    { length: BLOCK },
    (_, i): Cell => ({ state: 'used', owner: 1, text: String(i), marked: i === offset }),
  );
  return {
    facts: { token, logical, offset, physical: table[logical], blockSize: BLOCK },
    answer: table[logical],
    before: { kind: 'frames', frames: [{ caption: ['table-of', 'B'], rows: rows(false) }] },
    figure: {
      kind: 'frames',
      frames: [
        { caption: ['token-divided', token, BLOCK, logical, offset], rows: rows(true) },
        {
          caption: ['token-is-in', table[logical]],
          rows: [
            { label: ['pool'], cells: poolCells(cursor, (block) => block === table[logical]) },
            { label: ['slots-of', table[logical]], cells: slots },
          ],
        },
      ],
    },
    scenario: source,
  };
};

/** One request that grows token by token. */
export const onDemand: Experiment = (numTokens) => {
  const flags = '--num-gpu-blocks-override 9 --max-model-len 128';
  const workload = 'num-prompts: 1, request-rate: inf, input-len: 1, output-len: 120';
  const source = scenario('on-demand', smallPool('On demand', flags, workload));
  const recording = run(source);
  const { maxModelLen } = recording.header.scheduler;
  const kept = Math.ceil(maxModelLen / BLOCK);
  const frame = (tokens: number) => {
    const cursor = firstStep(recording, (at) => tokensAt(at, 0) === tokens);
    const contiguous = Array.from({ length: kept }, (_, i): Cell => {
      const fill = Math.max(0, Math.min(1, (tokens - i * BLOCK) / BLOCK));
      return fill > 0 ? { state: 'used', owner: 0, fill } : { state: 'reserved' };
    });
    return {
      caption: ['after-tokens', tokens, cursor.table(0).length] as const,
      rows: [
        { label: ['paged'] as const, cells: poolCells(cursor) },
        { label: ['contiguous'] as const, cells: contiguous },
      ],
    };
  };
  const blocks = firstStep(recording, (at) => tokensAt(at, 0) === numTokens).table(0).length;
  const moments = [...new Set([16, 17, numTokens])].sort((a, b) => a - b);
  return {
    facts: { numTokens, blocks, empty: blocks * BLOCK - numTokens, blockSize: BLOCK, maxModelLen, kept },
    answer: blocks,
    figure: { kind: 'frames', frames: moments.map(frame) },
    scenario: source,
  };
};

const NUM_BLOCKS = 16;

/** Every second block is free: who can serve a request of so many blocks? */
export const anyFreeBlock: Experiment = (wanted) => {
  const regions = makeRegionAllocator('first-fit', NUM_BLOCKS * BLOCK);
  const pool = new BlockPool(NUM_BLOCKS + 1, 1);
  const offsets = Array.from({ length: NUM_BLOCKS }, () => regions.allocate(BLOCK));
  const blocks = Array.from({ length: NUM_BLOCKS }, () => pool.allocate());
  for (let i = 1; i < NUM_BLOCKS; i += 2) {
    regions.release(offsets[i], BLOCK);
    pool.free(blocks[i]);
  }
  const { numFree, largestFree } = regions;
  const { numFree: numFreeBlocks } = pool;
  const checkerboard = blocks.map((_, i): Cell => ({ state: i % 2 === 0 ? 'used' : 'free', owner: i }));
  const offset = regions.allocate(wanted * BLOCK);
  const taken = wanted <= pool.numFree ? Array.from({ length: wanted }, () => pool.allocate()) : [];
  const after = (isTaken: (i: number) => boolean) =>
    checkerboard.map((cell, i): Cell => (isTaken(i) ? { state: 'used', owner: 1, marked: true } : cell));
  const first = offset / BLOCK;
  const isRegion = (i: number) => offset !== NO_REGION && i >= first && i < first + wanted;
  const refuses = { contiguous: offset === NO_REGION, paged: taken.length < wanted };
  const verdict = (system: 'contiguous' | 'paged') =>
    [refuses[system] ? `${system}-refuses` : `${system}-serves`, wanted] as const;
  const before = [
    { label: ['contiguous'] as const, cells: checkerboard },
    { label: ['paged'] as const, cells: checkerboard },
  ];
  return {
    facts: { wanted, free: numFreeBlocks, freeSlots: numFree, largest: largestFree / BLOCK },
    answer:
      refuses.contiguous === refuses.paged
        ? refuses.paged
          ? 'both'
          : 'neither'
        : refuses.paged
          ? 'paged'
          : 'contiguous',
    before: { kind: 'frames', frames: [{ caption: ['every-second', numFreeBlocks], rows: before }] },
    figure: {
      kind: 'frames',
      frames: [
        { caption: verdict('contiguous'), rows: [{ label: ['contiguous'], cells: after(isRegion) }] },
        {
          caption: verdict('paged'),
          rows: [{ label: ['paged'], cells: after((i) => taken.includes(blocks[i])) }],
        },
      ],
    },
    scenario: scenario(
      'any-free-block',
      smallPool(
        'Any free block',
        '--num-gpu-blocks-override 129 --max-model-len 1024',
        'num-prompts: 60, request-rate: 2, input-len: { uniform: [16, 300] }, output-len: { uniform: [16, 200] }',
      ),
    ),
  };
};

/** Two samples of one prompt part, in the vLLM that had copy-on-write. */
export const copyOnWrite: Experiment = (numPrompt) => {
  const source = scenario(
    'copy-on-write',
    `version: 1
name: Copy on write
vllm: "0.6.3"
seed: 1
command: >
  vllm serve meta-llama/Llama-3.1-8B-Instruct --block-size ${BLOCK} --num-gpu-blocks-override 12
  --max-model-len 128 --swap-space 0 --disable-async-output-proc
hardware: { gpu: l4, count: 1 }
workload: { num-prompts: 1, request-rate: inf, input-len: ${numPrompt}, output-len: 20, n: 2 }
`,
  );
  const recording = run(source);
  const { events } = recording;
  let copies = 0;
  for (let event = 0; event < recording.numEvents; event++) {
    const isReplace = (events.kind[event] & KIND_MASK) === EventKind.Replace;
    if (isReplace && events.kind[event] >> DETAIL_SHIFT === Replace.Copy) copies++;
  }
  const cursor = new Cursor(recording);
  const frame = (step: number, caption: string) => {
    cursor.seek(step);
    return { caption: [caption] as const, rows: [{ label: ['pool'] as const, cells: poolCells(cursor) }] };
  };
  const frames = [
    frame(0, 'prompt-computed'),
    frame(1, 'samples-part'),
    frame(recording.numSteps - 1, 'samples-end'),
  ];
  const used = [0, 1].map((which) => cursor.table(0, which));
  const separate = used.reduce((sum, table) => sum + table.length, 0);
  const shared = new Set(used.flatMap((table) => [...table])).size;
  return {
    facts: { numPrompt, copies, promptBlocks: Math.ceil(numPrompt / BLOCK), separate, shared },
    answer: copies,
    figure: { kind: 'frames', frames },
    scenario: source,
  };
};
