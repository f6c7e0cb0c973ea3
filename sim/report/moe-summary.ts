import type { MoeReport } from '../moe/moe-report.ts';
import type { RoutingReuse } from '../moe/routing-reuse.ts';
import { NS_PER_S } from '../units.ts';

/** What the experts of a run come to; bytes are those of the rank that holds most. */
export interface MoeSummary {
  readonly layers: number;
  readonly experts: number;
  readonly redundant: number;
  readonly ranks: number;
  /** Whole experts on each rank (expert parallelism), or a slice of each. */
  readonly spread: boolean;
  readonly memory: {
    /** Weights on the GPU, and in host memory. */
    readonly experts: number;
    readonly onHost: number;
    readonly shared: number;
    readonly router: number;
    /** The load balancer's maps and windows, and its buffer for transfers. */
    readonly balancer: number;
    readonly communication: number;
  };
  readonly buffers: {
    /** Of the largest step. */
    readonly peak: number;
    readonly mean: number;
    /** What start-up profiles, by kind. */
    readonly profiled: number;
    readonly workspace: number;
    readonly routing: number;
    readonly allToAll: number;
    readonly shared: number;
  };
  /** Most / mean of the ranks' tokens, mean of layers: mean and largest of the steps; worst single layer. */
  readonly imbalance: { readonly mean: number; readonly max: number; readonly worstLayer: number } | null;
  /** Over the whole run, most / mean of a layer's experts: mean of the layers. */
  readonly expertImbalance: number | null;
  readonly rearrangements: {
    readonly count: number;
    readonly movedBytes: number;
    readonly before: number;
    readonly after: number;
  } | null;
  readonly cache: {
    readonly slots: number;
    readonly policy: string;
    readonly hits: number;
    readonly misses: number;
    readonly hitRate: number | null;
    readonly loadedBytes: number;
    readonly stallSeconds: number;
  } | null;
  readonly routingReuse: RoutingReuse | null;
  readonly notes: readonly string[];
}

/** What a report on experts comes to. */
export function summarizeMoe(report: MoeReport): MoeSummary {
  const { shape, memory, profiled, steps, bufferBytes, cache, rearrangements } = report;
  const most = (of: (row: (typeof memory)[number]) => number) => Math.max(...memory.map(of));
  const distinct = [...new Set(bufferBytes)];
  const perRank = distinct.map((column) => statistics(column));
  const sum = (column: ArrayLike<number>) => statistics(column).sum;
  const loadedHits = sum(steps.hits);
  const misses = sum(steps.misses);
  return {
    layers: shape.layers,
    experts: shape.numExperts,
    redundant: shape.redundant,
    ranks: shape.ranks,
    spread: shape.spread,
    memory: {
      experts: most((row) => row.experts),
      onHost: most((row) => row.onHost),
      shared: most((row) => row.shared),
      router: most((row) => row.router),
      balancer: most((row) => row.balancer + row.transfer),
      communication: most((row) => row.communication),
    },
    buffers: {
      peak: Math.max(...perRank.map(({ max }) => max)),
      mean: Math.max(...perRank.map(({ meanOfBusy }) => meanOfBusy)),
      profiled: profiled.total,
      workspace: profiled.workspace,
      routing: profiled.routing,
      allToAll: profiled.allToAll,
      shared: profiled.shared,
    },
    imbalance: imbalanceOf(report),
    expertImbalance: expertImbalanceOf(report),
    rearrangements:
      rearrangements.length === 0
        ? null
        : {
            count: rearrangements.length,
            movedBytes: rearrangements.reduce((bytes, each) => bytes + each.bytes, 0),
            before: rearrangements.reduce((all, each) => all + each.before, 0) / rearrangements.length,
            after: rearrangements.reduce((all, each) => all + each.after, 0) / rearrangements.length,
          },
    cache:
      cache === null
        ? null
        : {
            slots: cache.slots,
            policy: cache.policy,
            hits: loadedHits,
            misses,
            hitRate: loadedHits + misses === 0 ? null : loadedHits / (loadedHits + misses),
            loadedBytes: sum(steps.loadedBytes),
            stallSeconds: sum(steps.stallNs) / NS_PER_S,
          },
    routingReuse: report.routingReuse,
    notes: report.notes,
  };
}

function imbalanceOf({ steps, shape }: MoeReport): MoeSummary['imbalance'] {
  if (!shape.spread) return null;
  const { max, meanOfBusy } = statistics(steps.imbalance);
  return { mean: meanOfBusy, max, worstLayer: statistics(steps.worstImbalance).max };
}

function expertImbalanceOf({ load, shape }: MoeReport): number | null {
  const { layers, numExperts } = shape;
  let ratios = 0;
  for (let layer = 0; layer < layers; layer++) {
    const { max, sum } = statistics(load.subarray(layer * numExperts, (layer + 1) * numExperts));
    if (sum === 0) return null;
    ratios += (max * numExperts) / sum;
  }
  return ratios / layers;
}

/** Of a column; the mean leaves out what is 0, such as empty steps. */
function statistics(column: ArrayLike<number>): { sum: number; max: number; meanOfBusy: number } {
  let sum = 0;
  let max = 0;
  let busy = 0;
  for (let i = 0; i < column.length; i++) {
    sum += column[i];
    if (column[i] > 0) busy++;
    if (column[i] > max) max = column[i];
  }
  return { sum, max, meanOfBusy: busy === 0 ? 0 : sum / busy };
}
