import { GPUS_PER_NODE } from '../catalog/links.ts';
import { MIB } from '../units.ts';
import type { Balancer } from './eplb.ts';
import type { Offload } from './offload.ts';
import { expertsOfRank, type MoeShape, physicalExperts } from './shape.ts';

/** What a rank's experts hold from start to end, bytes. */
export interface ExpertMemory {
  readonly stage: number;
  /** Rank among those that share a stage's experts. */
  readonly rank: number;
  /** Logical experts of a layer that live here, copies included. */
  readonly numExperts: number;
  /** Their weights on the GPU; with an expert cache, its slots. */
  readonly experts: number;
  /** Of these, copies that the balancer asked for. */
  readonly redundant: number;
  /** Weights that wait in host memory. */
  readonly onHost: number;
  readonly shared: number;
  readonly router: number;
  /** The balancer's windows and maps, and its copy of one layer for transfers. */
  readonly balancer: number;
  readonly transfer: number;
  /** DeepEP's buffers, which no step changes. */
  readonly communication: number;
}

/** DeepEP's NVLink buffer, and across nodes as much again for RDMA (VLLM_DEEPEP_BUFFER_SIZE_MB). */
const DEEPEP_BYTES = 1024 * MIB;
/** vLLM keeps this many slots in its map from logical to physical experts, however few the copies are. */
const MAP_SLOTS = 1024;

/** Of every rank, stage by stage. Without an offload all experts are on the GPU. */
export function expertMemory(
  shape: MoeShape,
  balancer: Balancer | null,
  offload: Pick<Offload, 'slots' | 'shares'> | null,
): ExpertMemory[] {
  const { ranks, expertBytes } = shape;
  const physical = physicalExperts(shape);
  let end = 0;
  return shape.stageLayers.flatMap((layers, stage) => {
    const shares = offload?.shares.slice(end, end + layers) ?? [];
    end += layers;
    const offloaded = shares.reduce((sum, share) => sum + share, 0);
    return Array.from({ length: ranks }, (_, rank) => {
      const held = shape.spread
        ? Math.floor(physical / ranks) + (rank < physical % ranks ? 1 : 0)
        : shape.numExperts;
      const onHost = Math.round(offloaded * Math.max(0, held - (offload?.slots ?? 0)) * expertBytes);
      return {
        stage,
        rank,
        numExperts: held,
        experts: layers * held * expertBytes - onHost,
        redundant: shape.spread ? Math.round((layers * shape.redundant * expertBytes) / ranks) : 0,
        onHost,
        shared: layers * shape.sharedBytes,
        router: layers * shape.routerBytes,
        balancer: balancer === null ? 0 : sum(stateTensors(shape, layers, balancer.window)),
        transfer: balancer === null || layers === 0 ? 0 : held * expertBytes,
        communication: communicationBytes(shape),
      };
    });
  });
}

/**
 * EplbState: load window and current pass (int32), physical → logical, logical → physical and replica counts (int64);
 * bytes each.
 */
function stateTensors(shape: MoeShape, layers: number, window: number): number[] {
  const physical = layers * physicalExperts(shape);
  const logical = layers * shape.numExperts;
  return [8 * physical, 8 * logical * MAP_SLOTS, 8 * logical, 4 * physical, 4 * window * physical];
}

/** DeepEP's buffers on a rank, outside of torch; bytes. */
export function communicationBytes(shape: MoeShape): number {
  const { allToAll, ranks, replicas, spread } = shape;
  if (!spread || replicas === 1 || allToAll === 'allgather') return 0;
  if (allToAll === 'deepep-low-latency') return DEEPEP_BYTES + lowLatencyBytes(shape);
  return DEEPEP_BYTES * (ranks > GPUS_PER_NODE ? 2 : 1);
}

/** The balancer's tensors on a rank of each stage, bytes each: its state, and room for one layer's experts. */
export function balancerTensors(shape: MoeShape, { window }: Balancer): number[][] {
  // vLLM refuses a balancer where experts do not divide.
  const transfer = expertsOfRank(shape) * shape.expertBytes;
  return shape.stageLayers.map((layers) =>
    layers === 0 ? [] : [...stateTensors(shape, layers, window), (transfer * 2) / 3, transfer / 3],
  );
}

/**
 * DeepEP's RDMA buffer for its low-latency mode: room to send and to receive a message for every expert and token
 * (`get_low_latency_rdma_size_hint`; fits vllm#57894 exactly). Bytes.
 */
export function lowLatencyBytes(
  shape: Pick<MoeShape, 'hiddenSize' | 'maxTokens' | 'numExperts' | 'redundant'>,
): number {
  const { hiddenSize: h, maxTokens } = shape;
  const experts = shape.numExperts + shape.redundant;
  const message = Math.max(16 + 2 * h, 2 * h + 4 * (h / 128));
  return Math.ceil((2 * (2 * experts * maxTokens * message + 4 * experts)) / 128) * 128;
}

/** Bytes that a cache of so many slots per layer leaves in host memory, on the rank that it relieves least. */
export function leftOnHost(shape: MoeShape, slots: number): number {
  const shares = Array.from({ length: shape.layers }, () => 1);
  return Math.min(...expertMemory(shape, null, { slots, shares }).map(({ onHost }) => onHost));
}

function sum(bytes: readonly number[]): number {
  return bytes.reduce((total, each) => total + each, 0);
}
