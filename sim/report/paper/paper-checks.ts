import type { Architecture } from '../../catalog/architecture.ts';
import { findModel } from '../../catalog/models.ts';
import { parseModelConfig } from '../../catalog/parse-model-config.ts';
import { invariant } from '../../error.ts';
import { kvBytesPerToken } from '../../memory/kv-cache.ts';
import type { Placement } from '../../pool/contiguous/placement.ts';
import type { ContiguousPolicy } from '../../scheduler/contiguous/config.ts';
import { ContiguousScheduler } from '../../scheduler/contiguous.ts';
import { oldestDies } from '../../scheduler/v0/beam-search.ts';
import { GIB } from '../../units.ts';
import { WorkloadBuilder } from '../../workload/builder.ts';
import type { Workload } from '../../workload/workload.ts';
import { ALPACA_LIKE, type PaperLoad, paperWorkload, SHAREGPT_LIKE } from './loads.ts';
import { contiguousOccupancy, type Occupancy, pagedOccupancy } from './occupancy.ts';
import { sharingSaved } from './sharing.ts';

/**
 * Exact: the paper's digits, which follow from what it states. Same shape: its lengths or its time matter and are
 * not public. Fitted: the spread of the lengths was chosen for it (see loads.ts), so it shows nothing but that one
 * spread explains three numbers. Differs: it should have the same shape, and does not; docs/paper.md says why. Own: the
 * paper does not print the number.
 */
export type PaperNote = 'exact' | 'same shape' | 'fitted' | 'differs' | 'own';

/** A number of the PagedAttention paper (Kwon et al., SOSP 2023, arXiv 2309.06180) and the one that comes out. */
export interface PaperCheck {
  /** Where it is in the paper. */
  readonly where: string;
  readonly name: string;
  readonly unit: string;
  /** null if the paper does not have it. */
  readonly paper: number | null;
  readonly measured: number;
  /** Digits behind the point that the paper prints. */
  readonly digits: number;
  readonly note: PaperNote;
}

export const MAX_MODEL_LEN = 2048;
/** Enough that the averages do not move with the seed by more than a few per cent. */
const REQUESTS_THAT_WAIT = new Map([
  [SHAREGPT_LIKE, 1000],
  [ALPACA_LIKE, 8000],
]);
const REQUESTS_THAT_SHARE = 200;

/** Runs all the experiments; about a second. The seed is that of the loads. */
export function paperChecks(seed = 1): PaperCheck[] {
  const { bytesPerToken, slots } = table1();
  return [
    exact('Table 1', 'OPT-13B, KV cache of a token', 'KiB', 800, bytesPerToken / 1024, 0),
    exact('Table 1', 'OPT-13B, slots in 12 GiB', 'K', 15.7, slots / 1000, 1),
    own('OPT-13B, slots in 12 GiB', 'slots', slots, 0),
    ...exampleChecks(),
    ...occupancyChecks(slots, seed),
    ...blockSizeChecks(slots, seed),
    ...sharingChecks(seed),
  ];
}

/** OPT-13B in 16 bits: bytes of a token's keys and values, and how many tokens 12 GiB hold. */
export function table1(): { bytesPerToken: number; slots: number } {
  const bytesPerToken = kvBytesPerToken(opt13b(), 1, 2);
  return { bytesPerToken, slots: Math.floor((12 * GIB) / bytesPerToken) };
}

/** The checks as a table in Markdown. */
export function paperTable(checks: readonly PaperCheck[]): string {
  const rows = checks.map(({ where, name, unit, paper, measured, digits, note }) => {
    const printed = paper === null ? '–' : paper.toFixed(digits);
    return `| ${where} | ${name} | ${unit} | ${printed} | ${measured.toFixed(digits)} | ${note} |`;
  });
  const head = ['| where | what | unit | paper | Poolscope | |', '|---|---|---|--:|--:|---|'];
  return [...head, ...rows].join('\n');
}

/** Figure 3: two requests that end with 10 and 5 tokens, and might have had 2048 and 512. */
export function figure3(): ContiguousScheduler {
  const builder = new WorkloadBuilder();
  for (const [prompt, maxTokens] of [
    [7, 3],
    [3, 2],
  ]) {
    builder.add({ arrivalNs: 0, prompt: [[builder.newSegment(), 0, prompt]], maxTokens });
  }
  const lengths = [2048, 512];
  const scheduler = new ContiguousScheduler(
    builder.finish(),
    {
      policy: 'max',
      placement: 'first-fit',
      totalSlots: 2560,
      maxModelLen: 2048,
      maxNumSeqs: 2,
      maxNumBatchedTokens: 2048,
    },
    { maxLength: (request) => lengths[request] },
  );
  for (const request of [0, 1]) scheduler.add(request, 0);
  // The prompts; then the picture is taken, with one output of each in its slot.
  scheduler.schedule(0);
  scheduler.updateFromOutput();
  scheduler.schedule(1);
  return scheduler;
}

function exampleChecks(): PaperCheck[] {
  const { numFinal, numReserved, numUsed } = figure3();
  return [0, 1].flatMap((request) => {
    const name = `request ${'AB'[request]}`;
    const later = numFinal[request] - numUsed[request];
    const never = numReserved[request] - numFinal[request];
    return [
      exact('Figure 3', `${name}, slots used later`, 'slots', [2, 1][request], later, 0),
      exact('Figure 3', `${name}, slots never used`, 'slots', [2038, 507][request], never, 0),
    ];
  });
}

/** A contiguous baseline as the paper sets it up, on so many slots. */
export function orcaOccupancy(
  totalSlots: number,
  workload: Workload,
  policy: ContiguousPolicy,
  placement: Placement = 'buddy',
): Occupancy {
  const limits = { maxModelLen: MAX_MODEL_LEN, maxNumSeqs: 256, maxNumBatchedTokens: 2048 };
  return contiguousOccupancy({ policy, placement, totalSlots, ...limits }, workload);
}

/** Figure 2, and how many requests run under such a load. */
function occupancyChecks(slots: number, seed: number): PaperCheck[] {
  const workload = workloadThatWaits(SHAREGPT_LIKE, seed);
  const orca = (policy: ContiguousPolicy, placement?: Placement) =>
    orcaOccupancy(slots, workload, policy, placement);
  const max = orca('max');
  const pow2 = orca('pow2');
  const oracle = orca('oracle');
  const vllm = pagedOccupancy(slots, 16, workload);
  const figure2 = (name: string, paper: number, share: number) =>
    shape('Figure 2', name, '%', paper, 100 * share, 1);
  const batch = (name: string, { numRunning }: Occupancy) =>
    own(`${name}, requests that run`, 'requests', numRunning, 2);
  const firstFit = orca('oracle', 'first-fit');
  const bestFit = orca('oracle', 'best-fit');
  return [
    { ...figure2('Orca (Max), tokens', 20.4, max.tokens), note: 'fitted' },
    { ...figure2('Orca (Max), reservation', 13.3, max.reserved), note: 'fitted' },
    { ...figure2('Orca (Max), internal', 57.3, max.internal), note: 'fitted' },
    exact('Figure 2', 'Orca (Max), external and others', '%', 8.9, 100 * max.external, 1),
    figure2('Orca (Pow2), tokens', 26.8, pow2.tokens),
    figure2('Orca (Pow2), reservation', 17.9, pow2.reserved),
    figure2('Orca (Pow2), internal', 13.6, pow2.internal),
    figure2('Orca (Pow2), external and others', 41.6, pow2.external),
    figure2('Orca (Oracle), tokens', 38.2, oracle.tokens),
    figure2('Orca (Oracle), reservation', 25.2, oracle.reserved),
    figure2('Orca (Oracle), external and others', 36.6, oracle.external),
    figure2('vLLM, tokens', 96.3, vllm.tokens),
    batch('Orca (Max)', max),
    batch('Orca (Pow2)', pow2),
    batch('Orca (Oracle)', oracle),
    batch('vLLM', vllm),
    own('Orca (Oracle) with first fit, external', '%', 100 * firstFit.external, 1),
    own(
      'Orca (Oracle) with first fit, of the free outside the largest hole',
      '%',
      100 * firstFit.externalFragmentation,
      1,
    ),
    own('Orca (Oracle) with best fit, external', '%', 100 * bestFit.external, 1),
    own(
      'Orca (Oracle) with best fit, of the free outside the largest hole',
      '%',
      100 * bestFit.externalFragmentation,
      1,
    ),
    own('Static batches, internal', '%', 100 * orca('static').internal, 1),
  ];
}

/** Section 7.2 speaks of internal fragmentation that grows with the block, and more so where requests are short. */
function blockSizeChecks(slots: number, seed: number): PaperCheck[] {
  return [SHAREGPT_LIKE, ALPACA_LIKE].flatMap((load) => {
    const workload = workloadThatWaits(load, seed);
    return [1, 16, 32, 64, 128, 256].map((blockSize) => {
      const { internal } = pagedOccupancy(slots, blockSize, workload);
      return own(`vLLM, ${load.name}, blocks of ${blockSize}, internal`, '%', 100 * internal, 1);
    });
  });
}

/** Figure 15 and section 6.3: blocks saved by sharing. For ShareGPT the paper prints the range from 2 to 6. */
function sharingChecks(seed: number): PaperCheck[] {
  const saved = (load: PaperLoad, n: number, beams: boolean) =>
    100 * sharingSaved(paperWorkload(load, seed, REQUESTS_THAT_SHARE, n), beams ? oldestDies : null);
  const parallel = (where: string, load: PaperLoad, n: number, paper: number, digits: number) =>
    shape(where, `${load.name}, ${n} samples, saved`, '%', paper, saved(load, n, false), digits);
  const beam = (where: string, load: PaperLoad, n: number, paper: number, digits: number) =>
    shape(where, `${load.name}, ${n} beams, saved`, '%', paper, saved(load, n, true), digits);
  return [
    parallel('Figure 15a', ALPACA_LIKE, 2, 6.09, 2),
    parallel('Figure 15a', ALPACA_LIKE, 4, 8.53, 2),
    parallel('Figure 15a', ALPACA_LIKE, 6, 9.79, 2),
    beam('Figure 15b', ALPACA_LIKE, 2, 37.56, 2),
    beam('Figure 15b', ALPACA_LIKE, 4, 53.13, 2),
    beam('Figure 15b', ALPACA_LIKE, 6, 55.16, 2),
    parallel('Section 6.3', SHAREGPT_LIKE, 2, 16.2, 1),
    parallel('Section 6.3', SHAREGPT_LIKE, 6, 30.5, 1),
    beam('Section 6.3', SHAREGPT_LIKE, 2, 44.3, 1),
    beam('Section 6.3', SHAREGPT_LIKE, 6, 66.3, 1),
  ];
}

/** More requests than a pool can hold at once. */
export function workloadThatWaits(load: PaperLoad, seed: number): Workload {
  return paperWorkload(load, seed, REQUESTS_THAT_WAIT.get(load)!);
}

function opt13b(): Architecture {
  const model = findModel('OPT-13b');
  invariant(model !== null, 'the catalogue has OPT-13B');
  const architecture = parseModelConfig(model.config);
  invariant(!('missing' in architecture), 'its config is complete');
  return architecture;
}

function exact(
  ...[where, name, unit, paper, measured, digits]: [string, string, string, number, number, number]
): PaperCheck {
  return { where, name, unit, paper, measured, digits, note: 'exact' };
}

function shape(...values: Parameters<typeof exact>): PaperCheck {
  return { ...exact(...values), note: 'same shape' };
}

function own(name: string, unit: string, measured: number, digits: number): PaperCheck {
  return { where: '–', name, unit, paper: null, measured, digits, note: 'own' };
}
