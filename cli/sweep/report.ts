import type { Unit } from '../../sim/report/metric.ts';
import type { Summary } from '../../sim/report/summary.ts';
import type { Manifest } from './manifest.ts';
import { meanOf, type PointResult, type Row } from './run-point.ts';
import { checkTrends, type TrendCheck } from './trends.ts';

/** A number that the table has of each point. */
export interface Column {
  /** In JSON and CSV. */
  readonly key: string;
  readonly title: string;
  readonly unit: Unit | 'money';
  readonly read: (result: PointResult) => number | null;
}

const ofSummary =
  (read: (summary: Summary) => number | null | undefined) =>
  ({ seeds }: PointResult) =>
    meanOf(seeds.map(({ summary }) => (summary && read(summary)) ?? null));

const COLUMNS: readonly Column[] = [
  { key: 'gpu_blocks', title: 'blocks', unit: 'blocks', read: ({ numGpuBlocks }) => numGpuBlocks },
  {
    key: 'requests_per_second',
    title: 'req/s',
    unit: 'per second',
    read: ofSummary(({ throughput }) => throughput?.requestsPerSecond),
  },
  {
    key: 'output_tokens_per_second',
    title: 'out tok/s',
    unit: 'per second',
    read: ofSummary(({ throughput }) => throughput?.outputTokensPerSecond),
  },
  {
    key: 'ttft_p99_seconds',
    title: 'TTFT p99',
    unit: 'seconds',
    read: ofSummary(({ timeToFirstToken }) => timeToFirstToken?.p99),
  },
  {
    key: 'tpot_p99_seconds',
    title: 'TPOT p99',
    unit: 'seconds',
    read: ofSummary(({ timePerOutputToken }) => timePerOutputToken?.p99),
  },
  { key: 'kv_use_max', title: 'KV max', unit: 'share', read: ofSummary(({ kvCacheUse }) => kvCacheUse?.max) },
  {
    key: 'preemptions',
    title: 'preempted',
    unit: 'times',
    read: ofSummary(({ numPreemptions }) => numPreemptions),
  },
];
const COST: Column = {
  key: 'cost_per_million_output_tokens',
  title: '/M out tok',
  unit: 'money',
  read: ({ seeds }) => meanOf(seeds.map(({ cost }) => cost?.perMillionOutputTokens ?? null)),
};

/** What came of a sweep, or of a shard of it. */
export interface SweepReport {
  readonly manifest: Manifest;
  readonly rows: readonly Row[];
  readonly columns: readonly Column[];
  readonly trends: readonly TrendCheck[];
  readonly influence: readonly Influence[];
  readonly passed: boolean;
  /** Points that were run and have no result. */
  readonly missing: number;
}

/** How far a number goes along an axis, the others averaged out. */
export interface Influence {
  readonly axis: string;
  readonly column: Column;
  readonly least: { readonly value: unknown; readonly mean: number };
  readonly most: { readonly value: unknown; readonly mean: number };
}

/** Trends are checked once all points are there. */
export function reportOf(manifest: Manifest, rows: readonly Row[], missing = 0): SweepReport {
  const trends = rows.length === manifest.points.length ? checkTrends(manifest, rows) : [];
  const hasPrice = rows.some(({ result }) => COST.read(result) !== null);
  return {
    manifest,
    rows,
    columns: hasPrice ? [...COLUMNS, COST] : COLUMNS,
    trends,
    influence: influenceOf(manifest, rows),
    missing,
    passed: rows.every(({ result }) => result.passed) && trends.every(({ passed }) => passed),
  };
}

/** What a point failed in, in words: unexpected ends first. */
export function failuresOf({ outcomes, checks }: PointResult): string[] {
  const failed = checks.filter(({ passed, severity }) => !passed && severity === 'error');
  return [...outcomes, ...failed.map(({ metric, found }) => `${metric}: ${found}`)];
}

/** The same of checks that gate nothing. */
export function warningsOf({ checks }: PointResult): string[] {
  const warned = checks.filter(({ passed, severity }) => !passed && severity === 'warning');
  return warned.map(({ metric, found }) => `${metric}: ${found}`);
}

/** Of throughput and latency, the axes that move them, the strongest first. */
function influenceOf({ axes, points }: Manifest, rows: readonly Row[]): Influence[] {
  if (axes.length < 2) return [];
  const watched = COLUMNS.filter(({ key }) => /^output_tokens|^ttft/.test(key));
  return watched.flatMap((column) => {
    const found = axes.flatMap((axis): Influence[] => {
      const groups = new Map<string, number[]>();
      for (const { index, result } of rows) {
        const value = column.read(result);
        const key = JSON.stringify(points[index].settings[axis]);
        if (value !== null && key !== undefined) groups.set(key, [...(groups.get(key) ?? []), value]);
      }
      const means = [...groups].map(([key, values]) => ({ value: JSON.parse(key), mean: meanOf(values)! }));
      if (means.length < 2) return [];
      const least = means.reduce((a, b) => (b.mean < a.mean ? b : a));
      const most = means.reduce((a, b) => (b.mean > a.mean ? b : a));
      return most.mean > least.mean ? [{ axis, column, least, most }] : [];
    });
    found.sort((a, b) => b.most.mean - b.least.mean - (a.most.mean - a.least.mean));
    return found.slice(0, 1);
  });
}

/** The headings of the axes: the last part of the path where that tells them apart. */
export function axisTitles(axes: readonly string[]): string[] {
  const short = axes.map((axis) => axis.split('.').at(-1) ?? axis);
  return axes.map((axis, i) => (short.indexOf(short[i]) === short.lastIndexOf(short[i]) ? short[i] : axis));
}
