/** The two pools of a device. */
export const Pool = { Large: 0, Small: 1 } as const;
export type Pool = (typeof Pool)[keyof typeof Pool];

/** What is counted per pool, under PyTorch's names. */
export const STATS = [
  'allocation',
  'segment',
  'active',
  'inactive_split',
  'allocated_bytes',
  'reserved_bytes',
  'active_bytes',
  'inactive_split_bytes',
  'requested_bytes',
  'oversize_allocations',
  'oversize_segments',
] as const;
export type StatName = (typeof STATS)[number];

/** Row of a statistic. */
export const Stat = {
  Allocation: 0,
  Segment: 1,
  Active: 2,
  InactiveSplit: 3,
  AllocatedBytes: 4,
  ReservedBytes: 5,
  ActiveBytes: 6,
  InactiveSplitBytes: 7,
  RequestedBytes: 8,
  OversizeAllocations: 9,
  OversizeSegments: 10,
} as const;

export const SCOPES = ['all', 'large_pool', 'small_pool'] as const;
export type Scope = (typeof SCOPES)[number];
const MEASURES = ['current', 'peak', 'allocated', 'freed'] as const;
export type Measure = (typeof MEASURES)[number];

// Kept of a statistic, by pool: current, peak, sum of decreases; and the peak of both pools together. The rest
// follows from these, since millions of updates a second are made.
const PEAK = 1;
const FREED = 2;
const PER_POOL = 3;
const PEAK_OF_ALL = 2 * PER_POOL;
const STRIDE = PEAK_OF_ALL + 1;

/** What equals another statistic as long as no block waits for other streams. */
const SAME_AS: Readonly<Partial<Record<StatName, StatName>>> = {
  active: 'allocation',
  active_bytes: 'allocated_bytes',
};

/** The numbers behind torch.cuda.memory_stats(): current, peak, sum of increases, sum of decreases. */
export class AllocatorStats {
  private readonly values = new Float64Array(STATS.length * STRIDE);
  /**
   * Whether blocks have ever waited for other streams. Until then what is active is what is allocated, and is not
   * counted twice.
   */
  countsActive = false;
  numAllocRetries = 0;
  numOoms = 0;
  numSyncAllStreams = 0;
  numDeviceAlloc = 0;
  numDeviceFree = 0;

  increase(stat: number, pool: Pool, amount: number): void {
    const { values } = this;
    const start = stat * STRIDE;
    const at = start + pool * PER_POOL;
    const current = values[at] + amount;
    values[at] = current;
    if (current > values[at + PEAK]) values[at + PEAK] = current;
    const all = values[start] + values[start + PER_POOL];
    if (all > values[start + PEAK_OF_ALL]) values[start + PEAK_OF_ALL] = all;
  }

  decrease(stat: number, pool: Pool, amount: number): void {
    const at = stat * STRIDE + pool * PER_POOL;
    this.values[at] -= amount;
    this.values[at + FREED] += amount;
  }

  /** Up or down by the sign of the amount. */
  change(stat: number, pool: Pool, amount: number): void {
    if (amount > 0) this.increase(stat, pool, amount);
    else if (amount < 0) this.decrease(stat, pool, -amount);
  }

  /** From now on a block may be active that is not allocated. */
  countActive(): void {
    if (this.countsActive) return;
    this.countsActive = true;
    const { values } = this;
    for (const [from, to] of [
      [Stat.Allocation, Stat.Active],
      [Stat.AllocatedBytes, Stat.ActiveBytes],
    ]) {
      values.copyWithin(to * STRIDE, from * STRIDE, (from + 1) * STRIDE);
    }
  }

  /** One number; bytes or a count. `allocated` and `freed` are the sums of all increases and decreases. */
  get(stat: StatName, measure: Measure = 'current', scope: Scope = 'all'): number {
    const { values } = this;
    const start = STATS.indexOf(this.countsActive ? stat : (SAME_AS[stat] ?? stat)) * STRIDE;
    if (scope === 'all') {
      if (measure === 'peak') return values[start + PEAK_OF_ALL];
      return this.get(stat, measure, 'large_pool') + this.get(stat, measure, 'small_pool');
    }
    const at = start + (scope === 'small_pool' ? Pool.Small : Pool.Large) * PER_POOL;
    switch (measure) {
      case 'current':
        return values[at];
      case 'peak':
        return values[at + PEAK];
      case 'allocated':
        return values[at] + values[at + FREED];
      case 'freed':
        return values[at + FREED];
    }
  }

  /** torch.cuda.reset_peak_memory_stats(). */
  resetPeak(): void {
    const { values } = this;
    for (let start = 0; start < values.length; start += STRIDE) {
      for (let at = start; at < start + PEAK_OF_ALL; at += PER_POOL) values[at + PEAK] = values[at];
      values[start + PEAK_OF_ALL] = values[start] + values[start + PER_POOL];
    }
  }

  /** All numbers under the names of torch.cuda.memory_stats(). Oversize ones exist for all pools together only. */
  toRecord(): Record<string, number> {
    const record: Record<string, number> = {};
    for (const stat of STATS) {
      const isOversize = stat.startsWith('oversize');
      for (const scope of isOversize ? SCOPES.slice(0, 1) : SCOPES) {
        for (const measure of MEASURES) {
          const name = isOversize ? `${stat}.${measure}` : `${stat}.${scope}.${measure}`;
          record[name] = this.get(stat, measure, scope);
        }
      }
    }
    record.num_alloc_retries = this.numAllocRetries;
    record.num_ooms = this.numOoms;
    record.num_sync_all_streams = this.numSyncAllStreams;
    record.num_device_alloc = this.numDeviceAlloc;
    record.num_device_free = this.numDeviceFree;
    return record;
  }
}
