import { findMetric } from '../report/metrics.ts';
import type { Aggregate } from '../report/series.ts';
import { ExpressionError, parseExpression } from './expression.ts';
import type { Report } from './located-yaml.ts';
import { type Override, overridePath } from './overrides.ts';
import type { ScenarioFile } from './schema.ts';
import type { SweepFile } from './sweep-schema.ts';

/** More points than this are refused: they are a slip, or a search that `poolscope tune` does better. */
const MAX_POINTS = 10_000;

/** One simulation of a sweep: the scenario with these fields set. */
export interface SweepPoint {
  /** What `_benchmark_name`, or the key of a set of parameters, calls it; null = nothing does. */
  readonly name: string | null;
  readonly settings: readonly Override[];
}

/** A metric that must rise, or fall, along an axis, all else equal; equal neighbours are allowed. */
export interface Trend {
  readonly metric: string;
  readonly aggregate: Aggregate;
  readonly direction: 'increasing' | 'decreasing';
  /** Dotted path of the field. */
  readonly axis: string;
  readonly text: string;
}

/** A checked `sweep:`. */
export interface SweepSpec {
  /** In the order in which they are run: the last axis changes fastest. */
  readonly points: readonly SweepPoint[];
  /** Dotted paths of the fields that points set, in the order of the file. */
  readonly axes: readonly string[];
  /** Each point is run with so many seeds, from the scenario's own on; null = with the scenario's. */
  readonly numRuns: number | null;
  readonly trends: readonly Trend[];
}

const NAME = '_benchmark_name';

/** Reads the checked `sweep:`; what is wrong with it is reported. */
export function sweepOf(scenario: Pick<ScenarioFile, 'sweep' | 'seeds'>, report: Report): SweepSpec | null {
  const file = scenario.sweep;
  if (file === undefined) return null;
  if (file['num-runs'] !== undefined && scenario.seeds !== undefined) {
    report(['sweep', 'num-runs'], 'says the same as seeds: leave one of them out', null, true);
  }
  const factors = [
    factorOf('engine', file['serve-params'], report, 'serve-params'),
    factorOf('workload', file['bench-params'], report, 'bench-params'),
    ...Object.entries(file.grid ?? {}).map(([key, values]) => gridFactor(key, values, report)),
  ].filter((factor) => factor.length > 0);
  const numPoints = factors.reduce((product, { length }) => product * length, 1);
  if (factors.length === 0) report(['sweep'], 'expected serve-params, bench-params or grid');
  if (numPoints > MAX_POINTS) {
    const product = factors.map(({ length }) => length).join(' × ');
    report(['sweep'], `has ${product} = ${numPoints} points; at most ${MAX_POINTS} are allowed`);
    return null;
  }
  const all = factors.reduce<SweepPoint[]>(
    (points, factor) => product(points, factor),
    [{ name: null, settings: [] }],
  );
  const links = linksOf(file['link-vars'] ?? [], report);
  const points = all.filter((point) => links.every((pair) => isLinked(point, pair)));
  if (points.length === 0) report(['sweep', 'link-vars'], 'leaves no point over');
  const axes = [...new Set(all.flatMap(({ settings }) => settings.map(({ path }) => path.join('.'))))];
  return { points, axes, numRuns: file['num-runs'] ?? null, trends: trendsOf(file, axes, report) };
}

function factorOf(
  room: 'engine' | 'workload',
  sets: SweepFile['serve-params'],
  report: Report,
  key: string,
): SweepPoint[] {
  if (sets === undefined) return [];
  const named = Array.isArray(sets)
    ? sets.map((set, i) => ({ at: i, set, name: typeof set[NAME] === 'string' ? set[NAME] : null }))
    : Object.entries(sets).map(([name, set]) => ({ at: name, set, name }));
  const names = named.flatMap(({ name }) => name ?? []);
  if (new Set(names).size < names.length) report(['sweep', key], 'two sets of parameters have one name');
  return named.map(({ at, set, name }) => {
    const settings = Object.entries(set).flatMap(([parameter, value]) => {
      if (parameter === NAME) return [];
      return settingOf(`${room}.${parameter.replaceAll('_', '-')}`, value, () =>
        report(['sweep', key, at, parameter], `is no parameter of ${room}`, null, true),
      );
    });
    return { name, settings };
  });
}

function gridFactor(key: string, values: readonly unknown[], report: Report): SweepPoint[] {
  const refuse = () =>
    report(
      ['sweep', 'grid', key],
      'is no field, like engine.block-size or workload.request-rate',
      null,
      true,
    );
  const [room] = key.split('.');
  if (room === 'sweep' || room === 'version') refuse();
  return values.map((value) => ({ name: null, settings: settingOf(key, value, refuse) }));
}

function settingOf(key: string, value: unknown, refuse: () => void): Override[] {
  const path = overridePath(key);
  if (path === null) {
    refuse();
    return [];
  }
  const text = `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
  return [{ text, path, value, origin: `sweep point ${text}` }];
}

function product(points: readonly SweepPoint[], factor: readonly SweepPoint[]): SweepPoint[] {
  return points.flatMap((point) =>
    factor.map((other) => ({
      name: [point.name, other.name].filter((name) => name !== null).join(', ') || null,
      settings: [...point.settings, ...other.settings],
    })),
  );
}

type Link = readonly [serve: string, bench: string];

/** `max-num-seqs=max-concurrency`: only points where both are set, to the same value. */
function linksOf(texts: readonly string[], report: Report): Link[] {
  const parts = texts.flatMap((text) => text.split(',').map((part) => part.trim()));
  return parts.flatMap((text): Link[] => {
    const match = /^([\w.-]+)=([\w.-]+)$/.exec(text);
    if (match === null) {
      report(['sweep', 'link-vars'], `expected SERVE-PARAMETER=BENCH-PARAMETER, got ${text}`);
      return [];
    }
    const [, serve, bench] = match.map((part) => part.replaceAll('_', '-'));
    return [[`engine.${serve}`, `workload.${bench}`]];
  });
}

function isLinked({ settings }: SweepPoint, [serve, bench]: Link): boolean {
  const settingAt = (key: string) => settings.findLast(({ path }) => path.join('.') === key)?.value;
  const value = settingAt(serve);
  return value !== undefined && JSON.stringify(value) === JSON.stringify(settingAt(bench));
}

/** Of words with one blank between them. */
const TREND = /^(?:(.+?) )?(?:monotonic(?:ally)? )?(increasing|decreasing) in (\S+)$/;

function trendsOf({ expect = {} }: SweepFile, axes: readonly string[], report: Report): Trend[] {
  return Object.entries(expect).flatMap(([name, written]) =>
    [written ?? []].flat().flatMap((text): Trend[] => {
      const path = ['sweep', 'expect', name];
      const metric = findMetric(name);
      const [, asked, direction, wanted] = TREND.exec(text.trim().replace(/\s+/g, ' ')) ?? [];
      if (metric === null || direction === undefined) {
        report(path, `expected "[AGGREGATE] increasing in AXIS" or "… decreasing in AXIS", got "${text}"`);
        return [];
      }
      const axis = axes.find((key) => key === wanted || key.endsWith(`.${wanted}`));
      if (axis === undefined) {
        report(path, `${wanted} is no axis of the sweep: ${axes.join(', ')}`);
        return [];
      }
      const word = asked ?? (metric.kind === 'total' ? 'value' : 'mean');
      try {
        // What an expectation may ask of a metric; the bound is there for the grammar only.
        const { aggregate } = parseExpression(`${word} >= 0`, metric);
        return [{ metric: name, aggregate, direction: direction as Trend['direction'], axis, text }];
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        report(path, error.message, error.suggestion);
        return [];
      }
    }),
  );
}
