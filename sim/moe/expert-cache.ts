/** Which expert leaves the GPU for another. */
export type CachePolicy = 'lru' | 'lfu';

/**
 * Experts on the GPU, by layer and rank. A step first uses the experts that are there, then loads the others: each
 * replaces one that the step does not use (the least recently or least often used), and passes through without a
 * slot if the step uses them all.
 */
export class ExpertCache {
  /** Layer × rank → experts that were there when a step wanted them, and that were not. */
  readonly hits: Float64Array;
  readonly misses: Float64Array;
  private readonly slots: number;
  private readonly policy: CachePolicy;
  private readonly numExperts: number;
  private readonly numRanks: number;
  /** Expert → rank that holds it, in every layer. */
  private readonly rankOf: Int32Array;
  /** Layer × expert → 1 if on the GPU; when it was last used; how often. */
  private readonly isResident: Uint8Array;
  private readonly lastUse: Int32Array;
  private readonly uses: Uint32Array;
  /** Layer × rank × slot → expert, and layer × rank → slots in use. */
  private readonly resident: Uint16Array;
  private readonly numResident: Int32Array;
  private readonly isFull: Uint8Array;

  constructor(layers: number, rankOf: Int32Array, numRanks: number, slots: number, policy: CachePolicy) {
    this.slots = slots;
    this.policy = policy;
    this.rankOf = rankOf;
    this.numRanks = numRanks;
    this.numExperts = rankOf.length;
    this.hits = new Float64Array(layers * numRanks);
    this.misses = new Float64Array(layers * numRanks);
    this.isResident = new Uint8Array(layers * rankOf.length);
    this.lastUse = new Int32Array(layers * rankOf.length);
    this.uses = new Uint32Array(layers * rankOf.length);
    this.resident = new Uint16Array(layers * numRanks * slots);
    this.numResident = new Int32Array(layers * numRanks);
    this.isFull = new Uint8Array(numRanks);
  }

  /**
   * A step (numbered from 1) visits the experts whose count is above 0; adds what each rank loads to `loads`.
   * @returns how many of them were there.
   */
  access(layer: number, step: number, counts: Int32Array, loads: Int32Array): number {
    const { numExperts, isResident, lastUse, uses, rankOf } = this;
    const base = layer * numExperts;
    const cells = layer * this.numRanks;
    this.isFull.fill(0);
    let hits = 0;
    for (let expert = 0; expert < numExperts; expert++) {
      if (counts[expert] === 0) continue;
      uses[base + expert]++;
      if (isResident[base + expert] === 0) continue;
      hits++;
      this.hits[cells + rankOf[expert]]++;
      lastUse[base + expert] = step;
    }
    for (let expert = 0; expert < numExperts; expert++) {
      if (counts[expert] === 0 || lastUse[base + expert] === step) continue;
      this.misses[cells + rankOf[expert]]++;
      loads[rankOf[expert]]++;
      this.admit(layer, step, expert);
      lastUse[base + expert] = step;
    }
    return hits;
  }

  private admit(layer: number, step: number, expert: number): void {
    const rank = this.rankOf[expert];
    if (this.isFull[rank] === 1) return;
    const cell = layer * this.numRanks + rank;
    const base = layer * this.numExperts;
    const first = cell * this.slots;
    let slot: number;
    if (this.numResident[cell] < this.slots) {
      slot = first + this.numResident[cell]++;
    } else {
      slot = this.victim(base, first, step);
      if (slot < 0) {
        this.isFull[rank] = 1;
        return;
      }
      this.isResident[base + this.resident[slot]] = 0;
    }
    this.resident[slot] = expert;
    this.isResident[base + expert] = 1;
  }

  /** The slot to give up, or -1 if the step uses them all. */
  private victim(base: number, first: number, step: number): number {
    const { lastUse, uses, resident } = this;
    const key = this.policy === 'lru' ? lastUse : uses;
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let slot = first; slot < first + this.slots; slot++) {
      const row = base + resident[slot];
      if (lastUse[row] === step || key[row] >= least) continue;
      least = key[row];
      best = slot;
    }
    return best;
  }
}
