import pc from 'picocolors';
import type { Gpu } from '../sim/catalog/gpus.ts';
import type { BenchCalibration, FigureFit } from '../sim/fit/bench-calibration.ts';
import type { KernelErrors } from '../sim/fit/fit-constants.ts';
import type { GroupFit, KernelCalibration } from '../sim/fit/kernel-calibration.ts';
import { oneLine } from '../sim/one-line.ts';
import { counted, inPercent, signedInPercent } from './text.ts';

const WHAT_WIDTH = 54;

/** What a fit to serving runs found, for people. */
export function benchReport({ runs, variables, error }: BenchCalibration): string {
  const lines: string[] = [];
  for (const { file, numRequests, assumed, figures } of runs) {
    lines.push(pc.bold(`${oneLine(file)}: ${counted(numRequests, 'request')}`));
    for (const text of assumed) lines.push(pc.dim(`  assumed: ${oneLine(text)}`));
    lines.push(
      pc.dim(`  ${columns('', 'measured', 'before', '', 'after', '')}`),
      ...figures.map(figureLine),
      '',
    );
  }
  lines.push(pc.bold('Fitted'));
  for (const { what, unit, before, after, isAtBound } of variables) {
    const value = (n: number) => (unit === 'seconds' ? `${number(n * 1e6)} µs` : number(n));
    const bound = isAtBound ? pc.yellow('  at the edge of what is plausible: look for another cause') : '';
    lines.push(`  ${what.padEnd(WHAT_WIDTH)} ${value(before)} → ${value(after)}${bound}`);
  }
  const errors = `${inPercent(error.before)} → ${inPercent(error.after)} %`;
  lines.push(`  ${'mean error of the figures above, by weight'.padEnd(WHAT_WIDTH)} ${errors}`);
  return lines.join('\n');
}

function figureLine({ figure, measured, before, after }: FigureFit): string {
  const unit = figure === 'throughput' ? (value: number) => `${value.toPrecision(4)}/s` : time;
  const error = (value: number) => `${signedInPercent(value / measured - 1)} %`;
  return `  ${columns(shownFigure(figure), unit(measured), unit(before), error(before), unit(after), error(after))}`;
}

function shownFigure(figure: string): string {
  const [latency, statistic] = figure.split(' ');
  if (statistic === undefined) return 'output tokens';
  return `${latency === 'e2el' ? 'E2E' : latency.toUpperCase()} ${statistic}`;
}

function columns(label: string, ...cells: readonly string[]): string {
  return `${label.padEnd(13)} ${cells.map((cell) => cell.padStart(10)).join(' ')}`;
}

/** What a fit to a table of kernels found, for people. */
export function kernelReport(gpu: Gpu, { groups, skipped }: KernelCalibration): string {
  const lines = [pc.bold(`Kernels of ${oneLine(gpu.id)}: absolute error, median / p90 %`)];
  for (const fit of groups) lines.push(...groupLines(fit));
  for (const [reason, count] of Object.entries(skipped)) {
    lines.push(pc.dim(`  left out: ${counted(count, 'row')} ${oneLine(reason)}`));
  }
  return lines.join('\n');
}

function groupLines({ what, count, before, fitted, because }: GroupFit): string[] {
  const label = `  ${what.padEnd(23)} ${String(count).padStart(5)} rows  ${both(before)}`;
  if (fitted === null) return [`${label}   ${pc.dim(`left as it is: ${because}`)}`];
  const held = `held rows ${both(fitted.held.before)} → ${both(fitted.held.after)}`;
  const constants = Object.entries(fitted.constants).map(([name, value]) => {
    const mark = fitted.atBounds.includes(name) ? pc.yellow(' (at the edge of what is plausible)') : '';
    return `${name} ${value}${mark}`;
  });
  return [`${label} → ${both(fitted.after)}   ${pc.dim(held)}`, pc.dim(`      ${constants.join(', ')}`)];
}

function both({ median, p90 }: KernelErrors): string {
  return `${inPercent(median)} / ${inPercent(p90)}`;
}

function time(seconds: number): string {
  return seconds >= 1 ? `${seconds.toPrecision(4)} s` : `${(seconds * 1e3).toPrecision(4)} ms`;
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}
