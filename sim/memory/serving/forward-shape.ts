import type { Architecture } from '../../catalog/architecture.ts';
import type { MoeShape } from '../../moe/shape.ts';
import { stageLayers } from '../parallel.ts';
import type { RankMemory } from '../rank-memory.ts';
import type { StartupInput } from '../startup.ts';

/** What the tensors of one rank's forward pass take, bytes a token. */
export interface ForwardShape {
  /** Hidden states, residual stream, output of a layer. */
  readonly hidden: number;
  readonly attention: AttentionShape;
  /** Gate and up of a dense MLP, and their product. */
  readonly dense: readonly [number, number];
  /** null: no experts. */
  readonly experts: MoeShape | null;
  /** The experts' workspace is there since the start (V1 since 0.13). */
  readonly keepsWorkspace: boolean;
  /** The stage's layers, those that follow each other and are of one kind together. */
  readonly layers: readonly LayerRun[];
  /** The last pipeline stage has the logits. */
  readonly samples: boolean;
}

export interface LayerRun {
  readonly hasExperts: boolean;
  readonly count: number;
}

export interface AttentionShape {
  /** Queries, keys and values; with MLA, what these are made of. */
  readonly inputs: readonly number[];
  /** Of tokens of prompts only: MLA's keys and values, taken out of their latent form. */
  readonly prefill: readonly number[];
  /** Of decodes only: MLA's queries and outputs in latent form. */
  readonly decode: readonly number[];
  /** What the kernel says of its softmax: 32 bits a head. */
  readonly softmax: number;
  readonly output: number;
}

const VALUE_BYTES = 2;

/** The tensors of a forward pass on one rank; `experts` null for a dense model. */
export function forwardShapeOf(
  { architecture, parallel, rules }: StartupInput,
  { place }: RankMemory,
  experts: MoeShape | null,
): ForwardShape {
  const { hiddenSize, mlpMatrices, intermediateSize, numLayers, moe } = architecture;
  const { first, end } = stageLayers(numLayers, parallel.pipeline)[place.stage];
  const inner = (VALUE_BYTES * intermediateSize) / parallel.tensor;
  return {
    hidden: VALUE_BYTES * hiddenSize,
    attention: attentionOf(architecture, parallel.tensor),
    dense: [(mlpMatrices - 1) * inner, inner],
    experts,
    keepsWorkspace: rules.keepsMoeWorkspace,
    layers: runsOf(Array.from({ length: end - first }, (_, i) => moe?.hasExperts[first + i] ?? false)),
    samples: place.stage === parallel.pipeline - 1,
  };
}

function attentionOf(model: Architecture, tensor: number): AttentionShape {
  const { headDim, mla } = model;
  const heads = model.numHeads / tensor;
  const softmax = 4 * heads;
  const bytes = (...values: number[]) => values.filter((n) => n > 0).map((n) => VALUE_BYTES * n);
  if (mla === null) {
    const keysAndValues = 2 * Math.max(1, model.numKvHeads / tensor);
    return {
      inputs: bytes((heads + keysAndValues) * headDim),
      prefill: [],
      decode: [],
      softmax,
      output: VALUE_BYTES * heads * headDim,
    };
  }
  const query = mla.nopeDim + mla.ropeDim;
  return {
    inputs: bytes(mla.qLoraRank, mla.kvLoraRank + mla.ropeDim, heads * query),
    prefill: bytes(heads * (mla.nopeDim + mla.vDim), heads * query),
    decode: bytes(heads * mla.kvLoraRank, heads * mla.kvLoraRank),
    softmax,
    output: VALUE_BYTES * heads * mla.vDim,
  };
}

function runsOf(hasExperts: readonly boolean[]): LayerRun[] {
  const runs: LayerRun[] = [];
  for (const each of hasExperts) {
    const last = runs[runs.length - 1];
    if (last?.hasExperts === each) runs[runs.length - 1] = { ...last, count: last.count + 1 };
    else runs.push({ hasExperts: each, count: 1 });
  }
  return runs;
}
