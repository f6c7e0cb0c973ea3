import type { Architecture } from '../catalog/architecture.ts';
import { findGpu, GPUS, type Gpu } from '../catalog/gpus.ts';
import { LINKS, type Link } from '../catalog/links.ts';
import { findModel } from '../catalog/models.ts';
import { parseModelConfig } from '../catalog/parse-model-config.ts';
import type { ConstantGroup } from '../catalog/timing-bounds.ts';
import { decodeAttention } from '../time/decode-attention.ts';
import { elementwise } from '../time/elementwise.ts';
import { allReduce } from '../time/exchange.ts';
import { gemm } from '../time/gemm.ts';
import { sampler } from '../time/host.ts';
import { addPrefill, mixedAttention, noPrefill } from '../time/mixed-attention.ts';
import { mixtureOfExperts } from '../time/moe.ts';
import type { CsvRow } from './csv.ts';

export const KERNEL_COLUMNS = [
  'gpu',
  'model',
  'tp',
  'op',
  'kind',
  'm',
  'k',
  'n',
  'width',
  'ms',
  'use',
] as const;

/** A measured kernel and what the formulas make of it. */
export interface KernelCheck {
  readonly gpu: string;
  /** What is reported together: gemm, decode, prefill, mixed, skewed, moe, elementwise, sampler, all-reduce. */
  readonly operation: string;
  readonly op: string;
  readonly model: string;
  /** fit or check. */
  readonly use: string;
  readonly measuredMs: number;
  readonly predictedMs: number;
}

/** Bytes that an element-wise kernel moves, per row and column of its width. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  norm: 8,
  norm2: 8,
  final_norm: 8,
  qk_norm: 4,
  rope: 4,
  act: 6,
  add: 6,
  embed: 4,
};

const NODE_LINKS: Readonly<Record<string, Link>> = {
  a100_dgx: 'nvlink3',
  h100_dgx: 'nvlink4',
  a100_pairwise_nvlink: 'nvlink3-pairs',
  h100_pairwise_nvlink: 'nvlink4-pairs',
};

const OPERATIONS: Readonly<Record<string, string>> = {
  attn_decode: 'decode',
  attn_prefill: 'prefill',
  attn_mixed: 'mixed',
  attn_skew: 'skewed decode',
  attn_skew_mixed: 'skewed mixed',
};

/** A measured kernel, read once, to be compared with any GPU's constants. */
export interface Kernel extends Omit<KernelCheck, 'predictedMs'> {
  /** Which constants it depends on; null = those of a link. */
  readonly group: ConstantGroup | null;
  seconds(gpu: Gpu): number;
}

/** Reads one row of a kernel table; a text says why it cannot be compared. */
export function readKernel(row: CsvRow): Kernel | string {
  if (row.use === 'exclude') return 'marked as not usable';
  const measuredMs = Number(row.ms);
  if (!(measuredMs > 0)) return 'without a time';
  const timed = row.kind === 'comm' ? exchangeOf(row) : kernelOf(row);
  if (typeof timed === 'string') return timed;
  return {
    gpu: row.gpu,
    operation: operationOf(row),
    op: row.op,
    model: row.model,
    use: row.use,
    measuredMs,
    ...timed,
  };
}

/** Compares one row of a kernel table with the catalogue; a text says why it cannot be. */
export function checkKernel(row: CsvRow): KernelCheck | string {
  const kernel = readKernel(row);
  if (typeof kernel === 'string') return kernel;
  const { group, seconds, ...check } = kernel;
  // A link's timing needs no GPU. A suffix tells rows that were measured through another library, kept as a check.
  const gpu = group === null ? GPUS[0] : findGpu(row.gpu.replace(/-v0$/, ''));
  if (gpu === null) return `GPU ${row.gpu} is not in the catalogue`;
  return { ...check, predictedMs: seconds(gpu) * 1e3 };
}

function operationOf({ kind, op }: CsvRow): string {
  if (kind === 'comm') return 'all-reduce';
  if (kind === 'elt') return op === 'sampler' ? 'sampler' : 'elementwise';
  return OPERATIONS[op] ?? kind;
}

type Timed = Pick<Kernel, 'group' | 'seconds'>;

function exchangeOf(row: CsvRow): Timed | string {
  const link = NODE_LINKS[row.gpu];
  if (link === undefined) return `node ${row.gpu} is not known`;
  if (row.op !== 'all_reduce') return `${row.op} is not modelled`;
  return { group: null, seconds: () => allReduce(LINKS[link], Number(row.tp), Number(row.m)) };
}

function kernelOf(row: CsvRow): Timed | string {
  const numbers = new Map<string, number>();
  for (const [name, cell] of Object.entries(row)) numbers.set(name, Number(cell || 0));
  const n = (name: string) => numbers.get(name) ?? 0;
  switch (row.kind) {
    case 'gemm':
      return { group: 'gemm', seconds: (gpu) => gemm(gpu, n('m'), n('k'), n('n'), 2) };
    case 'elt': {
      if (row.op === 'sampler') return { group: 'sampler', seconds: (gpu) => sampler(gpu, n('m')) };
      const bytes = ELEMENT_BYTES[row.op];
      if (bytes === undefined) return `element-wise ${row.op} is not modelled`;
      return { group: 'elt', seconds: (gpu) => elementwise(gpu, bytes * n('m') * n('width')) };
    }
    case 'attn':
      return {
        group: row.op === 'attn_decode' || n('chunk') === 0 ? 'dec' : 'fa',
        seconds: (gpu) => attentionSeconds(gpu, row, n) + launchSeconds(gpu, row),
      };
    case 'moe':
      return mixtureOf(row, n);
    default:
      return `kind ${row.kind} is not modelled`;
  }
}

type Column = (name: string) => number;

/** `batch` equal chunks, and decodes whose longest context is not recorded: their mean stands for it. */
function attentionSeconds(gpu: Gpu, row: CsvRow, n: Column): number {
  const shape = { queryHeads: n('hq'), kvHeads: n('hkv'), headDim: n('hd'), kvBytes: 2 };
  if (row.op === 'attn_decode')
    return decodeAttention(gpu, shape, n('batch'), n('batch') * n('ctx'), n('ctx'));
  const decodes = n('ndec');
  const context = n('ctxdec');
  if (n('chunk') === 0) return decodeAttention(gpu, shape, decodes, decodes * context, context);
  const prefill = noPrefill();
  const numChunks = row.op === 'attn_prefill' ? Math.max(1, n('batch')) : 1;
  for (let i = 0; i < numChunks; i++) addPrefill(gpu, prefill, n('chunk'), n('ctx'));
  return mixedAttention(gpu, shape, prefill, decodes, decodes * context, context);
}

/** The step has its launches captured in graphs or hidden behind other kernels; a kernel measured alone has not. */
function launchSeconds({ par }: Gpu, { op }: CsvRow): number {
  return (op === 'attn_decode' ? par.dec.launch : par.fa.launch) ?? 0;
}

/** Without the router. The experts that were touched are recorded: they take the place of the guess of uniform routing. */
function mixtureOf(row: CsvRow, n: Column): Timed | string {
  const architecture = architectureOf(row.model);
  if (architecture === null || architecture.moe === null)
    return `experts of ${row.model} are not in the catalogue`;
  const { numExperts, topK } = architecture.moe;
  const shape = { hidden: n('k'), width: n('n'), numExperts, topK, numLocal: numExperts, weightBytes: 2 };
  return { group: 'moe', seconds: (gpu) => mixtureOfExperts(gpu, shape, n('m'), n('experts')) };
}

function architectureOf(name: string): Architecture | null {
  const model = findModel(name);
  const architecture = model === null ? null : parseModelConfig(model.config);
  return architecture === null || 'missing' in architecture ? null : architecture;
}
