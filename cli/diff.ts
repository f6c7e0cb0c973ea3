import pc from 'picocolors';
import { diffRecordings, type ResultPair } from '../sim/report/diff.ts';
import { ExitCode } from './exit-code.ts';
import { shownPath } from './files.ts';
import type { LoadOptions } from './load.ts';
import { loadRecording } from './load-recording.ts';
import { say } from './tell.ts';
import { counted } from './text.ts';

/** Both runs have what is set. */
export interface DiffOptions extends LoadOptions {
  readonly json?: boolean;
}

const MAX_IDS = 5;
const MAX_REASONS = 3;

/** `poolscope diff`: the first decision in which two runs differ, and how far their results do. Exit code. */
export function diff(fileA: string, fileB: string, options: DiffOptions): number {
  const [a, b] = [loadRecording(fileA, options), loadRecording(fileB, options)];
  const result = diffRecordings(a, b);
  const { settings, onlyIn, comparesBlocks, first, results } = result;
  const code = first === null ? ExitCode.Ok : ExitCode.CheckFailed;
  if (options.json) {
    console.log(JSON.stringify({ ...result, exitCode: code }, null, 2));
    return code;
  }
  say(`A  ${shownPath(fileA)}  ${pc.dim(a.header.name)}`);
  say(`B  ${shownPath(fileB)}  ${pc.dim(b.header.name)}\n`);
  for (const { name, values } of settings) say(`  ${name.padEnd(28)} ${values[0]} → ${values[1]}`);
  onlyIn.forEach((ids, side) => {
    if (ids.length === 0) return;
    const shown = ids.slice(0, MAX_IDS).join(', ');
    const more = ids.length > MAX_IDS ? ` and ${ids.length - MAX_IDS} more` : '';
    say(`  only ${'AB'[side]} has ${shown}${more}`);
  });
  if (!comparesBlocks) say(pc.dim('  the pools are built differently: block ids are not compared'));
  if (first === null) {
    say(`Every decision of ${counted(a.numSteps, 'step')} is the same.`);
  } else {
    const [atA, atB] = first.startNs.map((ns) => (ns / 1e6).toFixed(1));
    say(`\n${pc.bold(`First difference: step ${first.step}`)}`);
    [atA, atB].forEach((at, side) => {
      say(`  ${'AB'[side]}, at ${at} ms: ${first.decisions[side]}`);
      for (const reason of first.reasons[side].slice(0, MAX_REASONS)) say(pc.dim(`     ${reason}`));
    });
  }
  say(`\n  ${''.padEnd(28)}${'A'.padStart(14)}${'B'.padStart(14)}${'B − A'.padStart(24)}`);
  for (const pair of results) say(row(pair));
  return code;
}

function row({ name, values: [a, b] }: ResultPair): string {
  const equal = a === b;
  let change = '';
  if (a !== null && b !== null && !equal) {
    const relative = a === 0 ? '' : ` (${b > a ? '+' : ''}${(((b - a) / a) * 100).toFixed(1)} %)`;
    change = `${b > a ? '+' : ''}${shown(b - a)}${relative}`;
  }
  const line = `  ${name.padEnd(28)}${shown(a).padStart(14)}${shown(b).padStart(14)}${change.padStart(24)}`;
  return equal ? pc.dim(line.trimEnd()) : line.trimEnd();
}

function shown(value: number | null): string {
  if (value === null) return '–';
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(1) : value.toPrecision(4);
}
