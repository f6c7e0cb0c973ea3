import type { Trend } from '../../sim/scenario/sweep.ts';
import { type Manifest, pointTitle } from './manifest.ts';
import type { Row } from './run-point.ts';

/** What became of a trend. */
export interface TrendCheck {
  readonly trend: Trend;
  readonly passed: boolean;
  /** The first place where it does not hold. */
  readonly problem: string | null;
}

/** Holds the sweep's trends against its rows, of which each point has one. */
export function checkTrends(manifest: Manifest, rows: readonly Row[]): TrendCheck[] {
  return manifest.trends.map((trend, t) => {
    const problem = [...linesAlong(manifest, rows, trend.axis)].flatMap((line) =>
      breakIn(manifest, line, trend, t),
    )[0];
    return { trend, passed: problem === undefined, problem: problem ?? null };
  });
}

/** Rows that differ in nothing but the axis, ordered along it. */
function linesAlong({ points }: Manifest, rows: readonly Row[], axis: string): Iterable<Row[]> {
  const lines = new Map<string, Row[]>();
  for (const row of rows) {
    const { [axis]: value, ...others } = points[row.index].settings;
    if (value === undefined) continue;
    const key = JSON.stringify([points[row.index].name, others]);
    lines.set(key, [...(lines.get(key) ?? []), row]);
  }
  const along = ({ index }: Row) => points[index].settings[axis];
  for (const line of lines.values()) {
    // Words stay in the order of the file.
    line.sort((a, b) => Number(along(a)) - Number(along(b)) || a.index - b.index);
  }
  return lines.values();
}

function breakIn(manifest: Manifest, line: readonly Row[], { direction }: Trend, t: number): string[] {
  const sign = direction === 'increasing' ? 1 : -1;
  for (let i = 0; i < line.length; i++) {
    const value = line[i].result.measured[t];
    if (value === null || value === undefined)
      return [`no samples at ${pointTitle(manifest, line[i].index)}`];
    if (i === 0) continue;
    const before = line[i - 1].result.measured[t]!;
    if (sign * (value - before) < 0) {
      const [from, to] = [line[i - 1], line[i]].map(({ index }) => pointTitle(manifest, index));
      return [`${before} at ${from}, but ${value} at ${to}`];
    }
  }
  return [];
}
