import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { InputError } from '../../sim/error.ts';
import type { SweepSpec, Trend } from '../../sim/scenario/sweep.ts';
import { isKept, manifestSchema } from './kept-schema.ts';
import { readIfThere, writeWhole } from './result-store.ts';

/** A point of a sweep, and the digest under which its result is kept. */
export interface ManifestPoint {
  readonly name: string | null;
  /** Dotted path of a field → its value. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly digest: string;
}

/** What a sweep consists of: with the results, all that a report needs. */
export interface Manifest {
  readonly poolscope: string;
  readonly name: string;
  readonly file: string;
  readonly axes: readonly string[];
  readonly points: readonly ManifestPoint[];
  readonly trends: readonly Trend[];
}

/** What a sweep is, before any of its points has run; `digests` are those of its bundles. */
export function manifestOf(
  { name, file }: { readonly name: string; readonly file: string },
  { points, axes, trends }: SweepSpec,
  digests: readonly string[],
): Manifest {
  return {
    poolscope: packageJson.version,
    name,
    file,
    axes,
    points: points.map((point, i) => ({
      name: point.name,
      settings: Object.fromEntries(point.settings.map(({ path, value }) => [path.join('.'), value])),
      digest: digests[i],
    })),
    trends,
  };
}

/** `block-size=16 request-rate=4`, with its number from 1. */
export function pointTitle({ points }: Manifest, i: number): string {
  const { name, settings } = points[i];
  const set = Object.entries(settings).map(([key, value]) => `${key}=${shownValue(value)}`);
  return `point ${i + 1} (${[...(name === null ? [] : [name]), ...set].join(', ')})`;
}

/** A setting as tables show it; empty where a point does not set it. */
export function shownValue(value: unknown): string {
  return value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

/** Writes it whole or not at all. */
export function writeManifest(folder: string, manifest: Manifest): void {
  writeWhole(pathIn(folder), `${JSON.stringify(manifest, null, 1)}\n`);
}

/** @throws InputError if the folder holds none. */
export function readManifest(folder: string): Manifest {
  const text = readIfThere(pathIn(folder));
  if (text === null) throw new InputError([{ file: folder, message: 'holds no results of a sweep' }]);
  if (isKept(text, manifestSchema)) return JSON.parse(text);
  throw new InputError([{ file: pathIn(folder), message: 'is no list of a sweep' }]);
}

function pathIn(folder: string): string {
  return join(folder, 'sweep.json');
}
