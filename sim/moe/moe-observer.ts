import type { StepObserver } from '../engine/step-observer.ts';
import { TableWriter } from '../recording/column.ts';
import type { BatchShape } from '../time/step-time.ts';
import { NS_PER_S } from '../units.ts';
import type { Balancer } from './eplb.ts';
import { ExpertCache } from './expert-cache.ts';
import { mostStretches } from './expert-map.ts';
import { expertMemory } from './expert-memory.ts';
import { LoadBalancer, type Rearrangement } from './load-balancer.ts';
import { LoadHistory } from './load-history.ts';
import { MOE_STEP_COLUMNS, type MoeReport } from './moe-report.ts';
import type { Offload } from './offload.ts';
import { Placement } from './placement.ts';
import type { ExpertRouter } from './router.ts';
import type { MoeShape } from './shape.ts';
import { stepBuffers } from './step-buffers.ts';

export interface MoeSetup {
  readonly shape: MoeShape;
  readonly router: ExpertRouter;
  readonly balancer: Balancer | null;
  /** null: all experts are on the GPU. */
  readonly offload: Offload | null;
}

/** Follows a run's tokens to the experts, step by step and layer by layer. */
export class MoeObserver implements StepObserver {
  private readonly setup: MoeSetup;
  private readonly placement: Placement;
  private readonly balancer: LoadBalancer | null;
  private readonly cache: ExpertCache | null;
  private readonly table = new TableWriter(MOE_STEP_COLUMNS);
  /** Rank (or one for all) → its buffers, step by step. */
  private readonly buffers: TableWriter<Readonly<Record<string, 'f64'>>>;
  private readonly numBuffers: number;
  private readonly history: LoadHistory;
  private readonly rearrangements: Rearrangement[] = [];
  private numSteps = 0;
  /** Of the layer at hand. */
  private readonly counts: Int32Array;
  private readonly rankLoad: Float64Array;
  private readonly loads: Int32Array;
  /** Rank → its most token-expert pairs of a layer in this step. */
  private readonly mostRows: Float64Array;

  constructor(setup: MoeSetup) {
    const { shape, balancer, offload } = setup;
    const { layers, numExperts, ranks } = shape;
    this.setup = setup;
    this.placement = new Placement(shape);
    this.balancer = balancer === null ? null : new LoadBalancer(balancer, this.placement, shape);
    // Ranks with slices of all experts load and keep the same.
    const rankOf = Int32Array.from({ length: numExperts }, (_, e) =>
      shape.spread ? this.placement.rankOf(0, e) : 0,
    );
    const cacheRanks = shape.spread ? ranks : 1;
    this.cache =
      offload === null ? null : new ExpertCache(layers, rankOf, cacheRanks, offload.slots, offload.policy);
    this.loads = new Int32Array(cacheRanks);
    this.numBuffers = shape.allToAll === 'deepep-high-throughput' ? ranks : 1;
    this.buffers = new TableWriter(
      Object.fromEntries(Array.from({ length: this.numBuffers }, (_, rank) => [rank, 'f64' as const])),
    );
    this.history = new LoadHistory(layers * numExperts, mostStretches(layers * numExperts));
    this.counts = new Int32Array(numExperts);
    this.rankLoad = new Float64Array(ranks);
    this.mostRows = new Float64Array(ranks);
  }

  step(batch: BatchShape, stepNs: number): number {
    const { shape } = this.setup;
    const tokens = batch.numTokens * shape.replicas;
    const { current, row } = this.table;
    this.numSteps++;
    this.mostRows.fill(0);
    this.history.beginStep();
    let stallNs = 0;
    if (tokens > 0) {
      current.tokens[row] = tokens;
      stallNs = this.passLayers(tokens, stepNs);
    }
    for (let rank = 0; rank < this.numBuffers; rank++) {
      this.buffers.current[rank][this.buffers.row] =
        batch.numTokens === 0 ? 0 : stepBuffers(shape, batch.numTokens, this.mostRows[rank]).total;
    }
    this.buffers.advance();
    this.table.advance();
    const rearranged = this.balancer?.endStep(this.numSteps - 1) ?? null;
    if (rearranged !== null) this.rearrangements.push(rearranged);
    return stallNs;
  }

  /** Rank → token-expert pairs of its fullest layer in the last step. */
  get rows(): ArrayLike<number> {
    return this.mostRows;
  }

  private passLayers(tokens: number, stepNs: number): number {
    const { shape, router } = this.setup;
    const { layers, numExperts, topK, ranks, spread } = shape;
    const { counts, balancer, mostRows, rankLoad } = this;
    const load = this.history.current;
    const { current, row } = this.table;
    const records = balancer?.records === true;
    const meanRows = (tokens * topK) / ranks;
    let sum = 0;
    let worst = 0;
    let loadNs = 0;
    for (let layer = 0; layer < layers; layer++) {
      router.route(layer, tokens, counts);
      const base = layer * numExperts;
      for (let expert = 0; expert < numExperts; expert++) load[base + expert] += counts[expert];
      if (records) balancer.record(layer, counts);
      let imbalance = 1;
      if (spread) {
        imbalance = this.placement.loadOf(layer, counts, rankLoad) / meanRows;
        for (let rank = 0; rank < ranks; rank++) {
          if (rankLoad[rank] > mostRows[rank]) mostRows[rank] = rankLoad[rank];
        }
      }
      sum += imbalance;
      if (imbalance > worst) worst = imbalance;
      if (this.cache !== null) loadNs += this.fetch(this.cache, layer);
    }
    current.imbalance[row] = sum / layers;
    current.worstImbalance[row] = worst;
    const hiddenNs = Math.min(loadNs * (this.setup.offload?.prefetch ?? 0), stepNs);
    const stallNs = Math.round(loadNs - hiddenNs);
    current.stallNs[row] = stallNs;
    return stallNs;
  }

  /** Loads what a layer misses; ranks do so at the same time, and wait for each other. Returns nanoseconds. */
  private fetch(cache: ExpertCache, layer: number): number {
    const { shape, offload } = this.setup;
    const share = offload?.shares[layer] ?? 0;
    if (offload === null || share === 0) return 0;
    const { current, row } = this.table;
    this.loads.fill(0);
    current.hits[row] += cache.access(layer, this.numSteps, this.counts, this.loads);
    let misses = 0;
    let most = 0;
    for (const loads of this.loads) {
      misses += loads;
      if (loads > most) most = loads;
    }
    const bytes = shape.expertBytes * share;
    current.misses[row] += misses;
    current.loadedBytes[row] += misses * bytes * (shape.spread ? 1 : shape.ranks);
    return (most * bytes * NS_PER_S) / offload.bytesPerSecond;
  }

  /** The report; of the first `numSteps` steps, which a run that dies in the middle of one has recorded. */
  finish(numSteps: number): Omit<MoeReport, 'routingReuse' | 'notes'> {
    const { shape, balancer, offload } = this.setup;
    const firstSteps = <T extends object>(columns: T): T =>
      Object.fromEntries(
        Object.entries(columns).map(([name, column]) => [name, column.subarray(0, numSteps)]),
      ) as T;
    const steps = firstSteps(this.table.finish());
    const bytes = Object.values(firstSteps(this.buffers.finish()));
    const rowsOfLargest = (shape.maxTokens * shape.replicas * shape.topK) / (shape.spread ? shape.ranks : 1);
    return {
      shape,
      numSteps,
      memory: expertMemory(shape, balancer, offload),
      profiled: stepBuffers(shape, shape.maxTokens, rowsOfLargest),
      steps,
      bufferBytes: Array.from({ length: shape.ranks }, (_, rank) => bytes[Math.min(rank, bytes.length - 1)]),
      load: this.history.total(),
      history: this.history.finish(),
      rearrangements: this.rearrangements,
      cache:
        this.cache === null || offload === null
          ? null
          : {
              slots: offload.slots,
              policy: offload.policy,
              prefetch: offload.prefetch,
              ranks: this.loads.length,
              hits: this.cache.hits,
              misses: this.cache.misses,
            },
    };
  }
}
