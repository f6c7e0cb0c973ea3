import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { InputError } from '../../sim/error.ts';
import type { Override } from '../../sim/scenario/overrides.ts';
import { ExitCode } from '../exit-code.ts';
import { loadScenario, SCENARIO_ENDINGS } from '../load.ts';
import { printerOf } from '../printer.ts';
import { ProgressBar } from '../progress.ts';
import { isInShard, type Shard, shardOf } from '../shard.ts';
import { remark } from '../tell.ts';
import { type Bundle, bundleFor, digestOfPoint, variantsOf } from './bundle.ts';
import { SWEEP_FORMATS, type SweepReporter } from './formats.ts';
import { type Executor, LocalExecutor } from './local-executor.ts';
import { type Manifest, manifestOf, pointTitle, writeManifest } from './manifest.ts';
import { QueueExecutor } from './queue-executor.ts';
import { openQueue } from './redis.ts';
import { reportOf } from './report.ts';
import { ResultStore } from './result-store.ts';
import type { Row } from './run-point.ts';
import { runPoints } from './run-points.ts';

export interface SweepOptions {
  readonly set?: readonly Override[];
  readonly workers?: number;
  /** A folder of results, or the default one. */
  readonly resume?: string | true;
  readonly dryRun?: boolean;
  readonly shard?: string;
  /** Seconds for each point. */
  readonly timeout?: number;
  /** Address of a Redis whose workers run the points. */
  readonly queue?: string;
  readonly reporter?: SweepReporter;
  readonly json?: boolean;
  readonly output?: string;
}

/** `poolscope sweep`: runs every point of a scenario's sweep. Returns the exit code. */
export async function sweep(file: string, options: SweepOptions): Promise<number> {
  const shard = shardOf(options.shard, process.env);
  const { bundle, manifest, variants } = readSweep(file, options.set ?? []);
  const store = new ResultStore(typeof options.resume === 'string' ? options.resume : defaultFolder(file));
  const kept = (digest: string) => options.resume !== undefined && store.read(digest) !== null;
  const own = manifest.points.flatMap((_, i) => (isInShard(i, shard) ? [i] : []));
  if (options.dryRun) {
    printerOf(options.output)(dryRun(manifest, own, shard, kept));
    return ExitCode.Ok;
  }
  const pending = new Map(
    own.flatMap((i) => {
      const { digest } = manifest.points[i];
      if (kept(digest)) return [];
      return [[digest, { digest, title: pointTitle(manifest, i), overrides: variants[i] }] as const];
    }),
  );
  const executor = pending.size === 0 ? null : await executorFor(bundle, options, pending.size);
  const print = printerOf(options.output);
  writeManifest(store.folder, manifest);
  let code: number = ExitCode.Ok;
  if (executor !== null) {
    const bar = new ProgressBar(manifest.name);
    const stop = () => {
      bar.end();
      remark(`interrupted; go on with: poolscope sweep ${file} --resume ${store.folder}`);
      process.exit(ExitCode.Interrupted);
    };
    process.once('SIGINT', stop);
    try {
      code = await runPoints([...pending.values()], executor, store, bar);
    } finally {
      bar.end();
      await executor.close();
      process.off('SIGINT', stop);
    }
  }
  const rows = own.flatMap((index): Row[] => {
    const text = store.read(manifest.points[index].digest);
    return text === null ? [] : [{ index, result: JSON.parse(text) }];
  });
  return printReport(manifest, rows, options, print, code, own.length - rows.length);
}

async function executorFor(
  bundle: Bundle,
  { queue, workers = availableParallelism(), timeout }: SweepOptions,
  numPoints: number,
): Promise<Executor> {
  if (queue === undefined) return new LocalExecutor(bundle, Math.min(workers, numPoints), timeout);
  return new QueueExecutor(await openQueue(queue), bundle, timeout);
}

/** Prints what came of the points; the exit code is the worse of theirs and of `code`. */
export function printReport(
  manifest: Manifest,
  rows: readonly Row[],
  { json, reporter }: Pick<SweepOptions, 'json' | 'reporter'>,
  print: (text: string) => void,
  code: number = ExitCode.Ok,
  missing = 0,
): number {
  const report = reportOf(manifest, rows, missing);
  const exitCode = Math.max(code, report.passed ? ExitCode.Ok : ExitCode.CheckFailed);
  print(SWEEP_FORMATS[reporter ?? (json ? 'json' : 'default')](report, exitCode));
  return exitCode;
}

/** All points of a file, checked, with what is needed to run them elsewhere. */
function readSweep(file: string, set: readonly Override[]) {
  const scenario = loadScenario(file, { set });
  if (scenario.sweep === null) {
    throw new InputError([
      {
        file: scenario.file,
        message: 'has no sweep: add one, like sweep: {grid: {engine.block-size: [16, 32]}}',
      },
    ]);
  }
  const variants = variantsOf(file, scenario.sweep, set);
  const { bundle, scenarios } = bundleFor(file, variants, scenario.sweep);
  return { bundle, variants, manifest: manifestOf(scenario, scenario.sweep, scenarios.map(digestOfPoint)) };
}

function defaultFolder(file: string): string {
  const ending = SCENARIO_ENDINGS.find((end) => file.endsWith(end)) ?? '';
  return `${basename(file, ending)}.sweep`;
}

function dryRun(
  manifest: Manifest,
  own: readonly number[],
  shard: Shard | null,
  kept: (digest: string) => boolean,
): string {
  const numKept = own.filter((i) => kept(manifest.points[i].digest)).length;
  const part = shard === null ? '' : `, ${own.length} of them in shard ${shard.index}/${shard.count}`;
  return [
    `${manifest.points.length} points${part}${numKept > 0 ? `, ${numKept} of those finished` : ''}`,
    ...own.map((i) => `  ${pointTitle(manifest, i)}${kept(manifest.points[i].digest) ? ' finished' : ''}`),
  ].join('\n');
}
