import pc from 'picocolors';
import { InputError } from '../sim/error.ts';
import {
  agrees,
  type CapacityResult,
  type CapacitySummary,
  compareCapacity,
  type ErrorSummary,
  MEDIAN_LIMIT,
  P90_LIMIT,
  summarizeCapacity,
} from '../sim/verify/capacity.ts';
import type { FigureCheck } from '../sim/verify/capacity-blocks.ts';
import type { Prediction } from '../sim/verify/capacity-prediction.ts';
import { parseCapacityRecords } from '../sim/verify/capacity-record.ts';
import { ExitCode } from './exit-code.ts';
import { filesBelow, readText, shownPath } from './files.ts';

/** `poolscope verify capacity`: compares logged start-ups. Returns the exit code. */
export function verifyCapacity(paths: readonly string[], options: { readonly json?: boolean }): number {
  const records = filesBelow(paths, ['.jsonl', '.jsonl.gz']).flatMap((file) =>
    parseCapacityRecords(readText(file), shownPath(file)),
  );
  if (records.length === 0) {
    throw new InputError([{ file: paths.join(', '), message: 'holds no record of a start-up' }]);
  }
  const results = records.map(compareCapacity);
  const summary = summarizeCapacity(results);
  if (options.json) console.log(JSON.stringify({ summary, agrees: agrees(summary), results }, null, 2));
  else print(results, summary);
  return agrees(summary) ? ExitCode.Ok : ExitCode.CheckFailed;
}

function print(results: readonly CapacityResult[], summary: CapacitySummary): void {
  console.log(pc.bold('From the logged bytes: blocks, tokens, CPU blocks, concurrency'));
  for (const { id, model, figures } of results) {
    const wrong = figures?.filter(({ verdict }) => verdict !== 'inside') ?? [];
    for (const figure of wrong)
      console.log(`  ${id.padEnd(5)} ${figureLine(figure)}  ${pc.dim(model ?? '')}`);
  }
  const { inside, unequalRanks, otherSwap, outside } = summary.figures;
  const swap = otherSwap > 0 ? `, ${otherSwap} with another swap space than assumed` : '';
  console.log(
    `  ${inside} figures inside the log's rounding, ${unequalRanks} where another rank decides${swap}, ${outside} outside`,
  );
  console.log(`  ${summary.recordsInside} of ${summary.recordsCompared} records with every figure inside`);

  console.log(pc.bold('\nFrom the configuration alone: KV cache per rank, GiB (predicted/logged parts)'));
  const predicted = results.filter(({ prediction }) => prediction !== null);
  for (const { id, model, prediction } of predicted) {
    if (prediction !== null)
      console.log(`  ${id.padEnd(5)} ${predictionLine(prediction)}  ${pc.dim(model ?? '')}`);
  }
  console.log(`  flags stated: ${errors(summary.stated)}`);
  console.log(`  with vLLM's defaults for what is not stated (*): ${errors(summary.all)}`);

  const reasons = byReason(results);
  if (reasons.length > 0) console.log(pc.bold('\nNot predicted'));
  for (const [reason, ids] of reasons)
    console.log(`  ${String(ids.length).padStart(3)}  ${reason}: ${pc.dim(ids.join(' '))}`);
  if (summary.recordsCompared + summary.all.count === 0) {
    console.log(pc.red('\nnothing was compared'));
    return;
  }
  const limits = `median at most ${percent(MEDIAN_LIMIT)}, p90 at most ${percent(P90_LIMIT)}`;
  console.log(agrees(summary) ? pc.green(`\nagrees (${limits})`) : pc.red(`\ndisagrees (${limits})`));
}

function figureLine({ figure, logged, least, most, verdict }: FigureCheck): string {
  const range =
    figure === 'concurrency' ? `${least.toFixed(3)} to ${most.toFixed(3)}` : `${least} to ${most}`;
  return `${(verdict === 'outside' ? pc.red : pc.yellow)(verdict)}: ${figure} ${logged}, expected ${range}`;
}

function predictionLine({ stated, kvGib, loggedKvGib, error, parts }: Prediction): string {
  const size = Math.abs(error);
  const colour = size <= MEDIAN_LIMIT ? pc.green : size <= P90_LIMIT ? pc.yellow : pc.red;
  const shown = parts
    .filter(({ predicted, logged }) => predicted > 0 || logged !== null)
    .map(({ name, predicted, logged }) => `${name} ${predicted.toFixed(2)}/${logged?.toFixed(2) ?? '–'}`);
  return `${stated ? ' ' : '*'} ${kvGib.toFixed(2).padStart(7)} ${loggedKvGib.toFixed(2).padStart(7)} ${colour(`${error >= 0 ? '+' : ''}${percent(error)}`.padStart(8))}  ${shown.join(', ')}`;
}

function errors({ count, median, p90 }: ErrorSummary): string {
  if (median === null || p90 === null) return 'no records';
  return `${count} records, median error ${percent(median)}, p90 ${percent(p90)}`;
}

function byReason(results: readonly CapacityResult[]): [string, string[]][] {
  const reasons = new Map<string, string[]>();
  for (const { id, unsupported } of results) {
    if (unsupported !== null) reasons.set(unsupported, [...(reasons.get(unsupported) ?? []), id]);
  }
  return [...reasons].sort(([, a], [, b]) => b.length - a.length);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
