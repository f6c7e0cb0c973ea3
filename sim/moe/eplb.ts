/*
 * vLLM's expert-parallel load balancer, its default policy on one node (after DeepSeek's EPLB): the busiest experts
 * get copies, then the copies are dealt out to ranks so that each has equally many and about equal load.
 */

/** --eplb-config. */
export interface Balancer {
  readonly redundant: number;
  /** Steps before a rearrangement whose loads count. */
  readonly window: number;
  /** Steps between rearrangements. */
  readonly interval: number;
}

export const DEFAULT_BALANCER: Balancer = { redundant: 0, window: 1000, interval: 3000 };

/** Physical experts of one layer: slot → logical expert. Rank r owns the slots [r × slots / ranks, …). */
export type ExpertSlots = Int32Array;

/** What vLLM starts with: all experts in order, then copies of the first ones. */
export function initialSlots(numExperts: number, redundant: number): ExpertSlots {
  return Int32Array.from({ length: numExperts + redundant }, (_, slot) =>
    slot < numExperts ? slot : (slot - numExperts) % numExperts,
  );
}

/** The new slots of one layer. `load` of each expert; the number of slots is a multiple of `ranks`. */
export function rebalance(load: Float64Array, numSlots: number, ranks: number): ExpertSlots {
  const { experts, share } = replicate(load, numSlots);
  const rankOf = pack(share, ranks);
  const slots = new Int32Array(numSlots);
  const filled = new Int32Array(ranks);
  for (let i = 0; i < numSlots; i++) {
    const rank = rankOf[i];
    slots[(rank * numSlots) / ranks + filled[rank]++] = experts[i];
  }
  return slots;
}

/** One copy after the other for the expert whose copies carry most (`replicate_experts`). */
function replicate(load: Float64Array, numSlots: number): { experts: Int32Array; share: Float64Array } {
  const numExperts = load.length;
  const experts = Int32Array.from({ length: numSlots }, (_, slot) => slot);
  const copies = new Int32Array(numExperts).fill(1);
  for (let slot = numExperts; slot < numSlots; slot++) {
    let busiest = 0;
    for (let e = 1; e < numExperts; e++) {
      if (load[e] / copies[e] > load[busiest] / copies[busiest]) busiest = e;
    }
    experts[slot] = busiest;
    copies[busiest]++;
  }
  return { experts, share: Float64Array.from(experts, (e) => load[e] / copies[e]) };
}

/**
 * Item → pack, equally many in each: the heaviest item left goes to the lightest pack that has room
 * (`balanced_packing`).
 */
export function pack(weights: Float64Array, numPacks: number): Int32Array {
  const perPack = weights.length / numPacks;
  const packOf = new Int32Array(weights.length);
  if (perPack === 1) return packOf.map((_, item) => item);
  const heaviestFirst = Array.from(weights.keys()).sort((a, b) => weights[b] - weights[a] || a - b);
  const sums = new Float64Array(numPacks);
  const sizes = new Int32Array(numPacks);
  for (const item of heaviestFirst) {
    let lightest = 0;
    for (let p = 1; p < numPacks; p++) if (sums[p] < sums[lightest]) lightest = p;
    packOf[item] = lightest;
    sums[lightest] += weights[item];
    if (++sizes[lightest] === perPack) sums[lightest] = Number.POSITIVE_INFINITY;
  }
  return packOf;
}

/** Experts that a rank holds after a rearrangement and did not before, all ranks: what is sent around. */
export function numMoved(before: ExpertSlots, after: ExpertSlots, ranks: number): number {
  const perRank = before.length / ranks;
  let moved = 0;
  for (let first = 0; first < before.length; first += perRank) {
    const had = new Set(before.subarray(first, first + perRank));
    for (const expert of new Set(after.subarray(first, first + perRank))) if (!had.has(expert)) moved++;
  }
  return moved;
}
