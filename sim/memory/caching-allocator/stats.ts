/** The pools; also the columns of statistics after `all`. */
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
export const MEASURES = ['current', 'peak', 'allocated', 'freed'] as const;
const STRIDE = SCOPES.length * MEASURES.length;

/** The numbers behind torch.cuda.memory_stats(): current, peak, sum of increases, sum of decreases. */
export class AllocatorStats {
  private readonly values = new Float64Array(STATS.length * STRIDE);
  numAllocRetries = 0;
  numOoms = 0;
  numSyncAllStreams = 0;
  numDeviceAlloc = 0;
  numDeviceFree = 0;

  increase(stat: number, pool: Pool, amount: number): void {
    const all = stat * STRIDE;
    this.add(all, amount);
    this.add(all + MEASURES.length * (1 + pool), amount);
  }

  decrease(stat: number, pool: Pool, amount: number): void {
    const all = stat * STRIDE;
    this.subtract(all, amount);
    this.subtract(all + MEASURES.length * (1 + pool), amount);
  }

  /** Up or down by the sign of the amount. */
  change(stat: number, pool: Pool, amount: number): void {
    if (amount > 0) this.increase(stat, pool, amount);
    else if (amount < 0) this.decrease(stat, pool, -amount);
  }

  /** One number; bytes or a count. */
  get(
    stat: StatName,
    measure: (typeof MEASURES)[number] = 'current',
    scope: (typeof SCOPES)[number] = 'all',
  ): number {
    return this.values[
      STATS.indexOf(stat) * STRIDE + SCOPES.indexOf(scope) * MEASURES.length + MEASURES.indexOf(measure)
    ];
  }

  /** torch.cuda.reset_peak_memory_stats(). */
  resetPeak(): void {
    for (let at = 0; at < this.values.length; at += MEASURES.length) this.values[at + 1] = this.values[at];
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

  private add(at: number, amount: number): void {
    const { values } = this;
    const current = values[at] + amount;
    values[at] = current;
    if (current > values[at + 1]) values[at + 1] = current;
    values[at + 2] += amount;
  }

  private subtract(at: number, amount: number): void {
    this.values[at] -= amount;
    this.values[at + 3] += amount;
  }
}
