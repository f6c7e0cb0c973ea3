import { type Balancer, numMoved, rebalance } from './eplb.ts';
import type { Placement } from './placement.ts';
import type { MoeShape } from './shape.ts';

/** One rearrangement of the experts. */
export interface Rearrangement {
  /** The step after which it happened. */
  readonly step: number;
  /** Experts that came to a rank, all layers, and their bytes. */
  readonly moved: number;
  readonly bytes: number;
  /** Imbalance (most / mean of the ranks, mean of the layers) of the recorded loads, before and after. */
  readonly before: number;
  readonly after: number;
}

/** When vLLM rearranges, and what it has recorded until then. */
export class LoadBalancer {
  private readonly config: Balancer;
  private readonly placement: Placement;
  private readonly shape: MoeShape;
  /** Layer × expert → recorded tokens. */
  private readonly load: Float64Array;
  private readonly rankLoad: Float64Array;
  /** Steps since the last rearrangement; vLLM begins at three quarters. */
  private clock: number;

  constructor(config: Balancer, placement: Placement, shape: MoeShape) {
    this.config = config;
    this.placement = placement;
    this.shape = shape;
    this.load = new Float64Array(shape.layers * shape.numExperts);
    this.rankLoad = new Float64Array(shape.ranks);
    this.clock = config.interval - Math.floor(config.interval / 4);
  }

  /** Whether the loads of this step are among the last of the window. */
  get records(): boolean {
    return this.clock >= this.config.interval - this.config.window;
  }

  record(layer: number, counts: Int32Array): void {
    const base = layer * counts.length;
    for (let expert = 0; expert < counts.length; expert++) this.load[base + expert] += counts[expert];
  }

  /** A step has ended; rearranges if it is time. */
  endStep(step: number): Rearrangement | null {
    if (++this.clock < this.config.interval) return null;
    this.clock = 0;
    const done = this.rearrange(step);
    this.load.fill(0);
    return done;
  }

  private rearrange(step: number): Rearrangement {
    const { placement, shape, load } = this;
    const { layers, numExperts, ranks } = shape;
    const before = this.imbalance();
    let moved = 0;
    for (let layer = 0; layer < layers; layer++) {
      const old = placement.slots[layer];
      const slots = rebalance(load.subarray(layer * numExperts, (layer + 1) * numExperts), old.length, ranks);
      moved += numMoved(old, slots, ranks);
      placement.place(layer, slots);
    }
    return { step, moved, bytes: moved * shape.expertBytes, before, after: this.imbalance() };
  }

  private imbalance(): number {
    const { layers, numExperts, ranks } = this.shape;
    let sum = 0;
    for (let layer = 0; layer < layers; layer++) {
      const loads = this.load.subarray(layer * numExperts, (layer + 1) * numExperts);
      const most = this.placement.loadOf(layer, loads, this.rankLoad);
      const total = this.rankLoad.reduce((all, load) => all + load, 0);
      sum += total === 0 ? 1 : (most * ranks) / total;
    }
    return sum / layers;
  }
}
