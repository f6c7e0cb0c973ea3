import { type ExpertSlots, initialSlots } from './eplb.ts';
import { type MoeShape, physicalExperts } from './shape.ts';

/** Which rank computes which expert, layer by layer; copies of an expert share its tokens equally. */
export class Placement {
  readonly ranks: number;
  /** Layer → its physical experts. */
  readonly slots: ExpertSlots[];
  private readonly numExperts: number;
  /** Layer × expert → copies. */
  private readonly copies: Int32Array;
  private readonly hasCopies: boolean;
  /** Rank → first of its slots; one entry more. */
  private readonly first: Int32Array;

  constructor(shape: MoeShape) {
    const { ranks, layers, numExperts, redundant } = shape;
    const physical = physicalExperts(shape);
    this.ranks = ranks;
    this.numExperts = numExperts;
    this.hasCopies = redundant > 0;
    this.copies = new Int32Array(layers * numExperts);
    // Equal shares; one more on the first ranks if they do not divide.
    this.first = Int32Array.from(
      { length: ranks + 1 },
      (_, rank) => rank * Math.floor(physical / ranks) + Math.min(rank, physical % ranks),
    );
    this.slots = [];
    for (let layer = 0; layer < layers; layer++) this.place(layer, initialSlots(numExperts, redundant));
  }

  place(layer: number, slots: ExpertSlots): void {
    this.slots[layer] = slots;
    const base = layer * this.numExperts;
    this.copies.fill(0, base, base + this.numExperts);
    for (const expert of slots) this.copies[base + expert]++;
  }

  /** The rank that holds a logical expert's first copy. */
  rankOf(layer: number, expert: number): number {
    const slot = this.slots[layer].indexOf(expert);
    let rank = 0;
    while (this.first[rank + 1] <= slot) rank++;
    return rank;
  }

  /** Token-expert pairs of each rank, from those of each expert, into `load`; returns the most. */
  loadOf(layer: number, counts: ArrayLike<number>, load: Float64Array): number {
    const { first, ranks } = this;
    const slots = this.slots[layer];
    const base = layer * this.numExperts;
    let most = 0;
    for (let rank = 0; rank < ranks; rank++) {
      let sum = 0;
      for (let slot = first[rank]; slot < first[rank + 1]; slot++) {
        const expert = slots[slot];
        sum += this.hasCopies ? counts[expert] / this.copies[base + expert] : counts[expert];
      }
      load[rank] = sum;
      if (sum > most) most = sum;
    }
    return most;
  }
}
