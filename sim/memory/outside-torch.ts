import { GPUS_PER_NODE, type Link } from '../catalog/links.ts';
import { GIB } from '../units.ts';
import type { StartupRules } from './rules.ts';

/**
 * What libraries and the kernels' modules take after the first snapshot. Median of start-ups on one GPU that log it
 * (r098, r099, r103–r108, m10, m12, m15: 0.01–0.09 GiB).
 */
const LIBRARIES_BYTES = 0.05 * GIB;
/**
 * The CUDA context: r134 against r135, the same run on both engines (and 0.42 GiB with CUDA 13,
 * unslothai/unsloth-zoo#1053). It is always there; whether vLLM counts it differs.
 */
const CONTEXT_BYTES = 0.35 * GIB;

/** What NCCL takes on a GPU, by what joins it to the others. */
interface ExchangeMemory {
  /** While communicators and custom all-reduce are set up, before the model is loaded. */
  readonly setUp: number;
  /** Connections made when the first large batch is exchanged, and of these for each peer in the node. */
  readonly connected: number;
  readonly perPeer: number;
}

const ALONE: ExchangeMemory = { setUp: 0, connected: 0, perPeer: 0 };
/** Through the host's memory: r146 (eight T4), r095 (two). */
const OVER_PCIE: ExchangeMemory = { setUp: 0, connected: 0.1 * GIB, perPeer: 0 };
/** r115, which counts both (four A100). */
const OVER_NVLINK: ExchangeMemory = { setUp: 0, connected: 0.3 * GIB, perPeer: 0 };
/** With buffers in the switch: r034, r066, r070, r072 count the connections, r005 also what was set up. */
const OVER_NVSWITCH: ExchangeMemory = { setUp: 1.15 * GIB, connected: 0.3 * GIB, perPeer: 0.1 * GIB };

function exchangeMemory(link: Link): ExchangeMemory {
  if (link === 'nvlink4') return OVER_NVSWITCH;
  return link === 'nvlink3' ? OVER_NVLINK : OVER_PCIE;
}

/** Bytes outside of torch on one rank. */
export interface OutsideTorch {
  /** What vLLM's profile takes from the budget. */
  readonly counted: number;
  /** What was there when vLLM first looked; no part of its budget. */
  readonly uncounted: number;
}

/** @param worldSize ranks that talk to each other. */
export function outsideTorch(
  worldSize: number,
  link: Link,
  { countsContext, countsExchangeSetUp }: Pick<StartupRules, 'countsContext' | 'countsExchangeSetUp'>,
): OutsideTorch {
  const { setUp, connected, perPeer } = worldSize === 1 ? ALONE : exchangeMemory(link);
  const early = (countsContext ? CONTEXT_BYTES : 0) + (countsExchangeSetUp ? setUp : 0);
  const peers = Math.min(worldSize, GPUS_PER_NODE) - 1;
  return {
    counted: Math.round(LIBRARIES_BYTES + early + connected + perPeer * peers),
    uncounted: Math.round(CONTEXT_BYTES + setUp - early),
  };
}
