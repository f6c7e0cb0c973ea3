import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { InputError } from '../sim/error.ts';
import { digestOf } from '../sim/recording/codec.ts';
import { pathBeside, readText, writing } from './files.ts';
import type { SeedRun } from './run-seed.ts';

/*
 * A golden file holds a digest of every decision of a scenario's runs, and the counts that tell how far runs are from
 * each other when it changes.
 */

const seedSchema = v.strictObject({
  seed: v.number(),
  /** Engine → digest of its recording; empty if vLLM does not start. */
  digests: v.array(v.string()),
  counts: v.record(v.string(), v.number()),
});
const goldenSchema = v.strictObject({ golden: v.literal(1), seeds: v.array(seedSchema) });
type GoldenSeed = v.InferOutput<typeof seedSchema>;

/** What the comparison with a golden file came to. */
export interface GoldenCheck {
  readonly path: string;
  readonly passed: boolean;
  /** What differs, one a line. */
  readonly lines: readonly string[];
}

/**
 * Compares runs with the golden file that their scenario names.
 * @param update write it instead.
 * @throws InputError if it is none, or cannot be written.
 */
export function checkGolden(
  source: string,
  path: string,
  runs: readonly SeedRun[],
  update: boolean,
): GoldenCheck {
  const found = runs.map(goldenOf);
  const full = join(dirname(source), path);
  if (update) {
    // One that is there may be a link to elsewhere.
    const target = existsSync(full) ? pathBeside(source, path) : full;
    const text = `${JSON.stringify({ golden: 1, seeds: found }, null, 2)}\n`;
    writing(full, () => writeFileSync(target, text));
    return { path, passed: true, lines: ['written'] };
  }
  if (!existsSync(full)) {
    return { path, passed: false, lines: ['there is no such file yet: run with --update writes it'] };
  }
  const known = readGolden(readText(pathBeside(source, path)), full);
  const lines = found.flatMap((run) =>
    differences(
      known.find(({ seed }) => seed === run.seed),
      run,
    ),
  );
  return lines.length === 0
    ? { path, passed: true, lines: ['every decision is as it was'] }
    : { path, passed: false, lines: [...lines, 'if that is meant, run with --update'] };
}

function readGolden(text: string, file: string): readonly GoldenSeed[] {
  try {
    return v.parse(goldenSchema, JSON.parse(text)).seeds;
  } catch {
    throw new InputError([{ file, message: 'is no golden file: poolscope run --update writes one' }]);
  }
}

function goldenOf({ seed, replicas, summary }: SeedRun): GoldenSeed {
  const { requests, numSteps = 0, numPreemptions = 0, simulatedSeconds = 0 } = summary ?? {};
  return {
    seed,
    digests: replicas.map(digestOf),
    counts: { ...requests, numSteps, numPreemptions, simulatedSeconds },
  };
}

function differences(known: GoldenSeed | undefined, { seed, digests, counts }: GoldenSeed): string[] {
  if (known === undefined) return [`seed ${seed} is not in the file`];
  if (known.digests.join() === digests.join()) return [];
  const changed = Object.entries(counts)
    .filter(([name, value]) => known.counts[name] !== value)
    .map(([name, value]) => `${name} ${known.counts[name]} → ${value}`);
  const what =
    changed.length > 0 ? changed.join(', ') : 'all counts are the same: only order, blocks or times differ';
  return [`seed ${seed} decides otherwise: ${what}`];
}
