import pc from 'picocolors';
import { csvCell } from '../../sim/export/csv.ts';
import { oneLine } from '../../sim/one-line.ts';
import { shown } from '../reporters/findings.ts';
import { markdown, plain } from '../reporters/plain.ts';
import { shownValue } from './manifest.ts';
import { axisTitles, type Column, failuresOf, type SweepReport, warningsOf } from './report.ts';
import type { Row } from './run-point.ts';

export const SWEEP_REPORTERS = ['default', 'json', 'csv', 'markdown'] as const;
export type SweepReporter = (typeof SWEEP_REPORTERS)[number];

/** What came of a sweep as text: the same for the same results, however they were computed. */
export const SWEEP_FORMATS: Readonly<
  Record<SweepReporter, (report: SweepReport, exitCode: number) => string>
> = {
  default: textOf,
  json: jsonOf,
  csv: csvOf,
  markdown: markdownOf,
};

function textOf(report: SweepReport): string {
  const { manifest, rows, missing } = report;
  const table = tableOf(report);
  const widths = table[0].map((_, c) => Math.max(...table.map((cells) => cells[c].length)));
  const lines = table.map((cells) => cells.map((cell, c) => cell.padStart(widths[c])).join('  '));
  const failed = rows.filter(({ result }) => !result.passed).length;
  const text = [
    `${pc.bold(oneLine(manifest.name))}  ${oneLine(manifest.file)}`,
    '',
    `  ${pc.dim(`${lines[0]}  verdict`)}`,
    ...rows.map((row, i) => `  ${lines[i + 1]}  ${verdictOf(row)}`),
    '',
    ...conclusions(report).map(({ verdict, text }) => {
      const paint = verdict === 'FAILED' ? pc.red : pc.green;
      return `  ${verdict === null ? '' : `${paint(verdict)} `}${oneLine(text)}`;
    }),
    `  ${rows.length - failed} of ${rows.length} points pass${missing > 0 ? `, ${missing} have no result` : ''}`,
  ];
  return plain(text.join('\n'));
}

function verdictOf({ result }: Row): string {
  const failures = failuresOf(result).map(oneLine);
  const warnings = warningsOf(result).map(oneLine);
  if (failures.length > 0) return `${pc.red('FAILED')} ${andMore(failures)}`;
  if (warnings.length > 0) return `${pc.yellow('warning')} ${andMore(warnings)}`;
  return result.because === null
    ? pc.green('passed')
    : `${pc.green('passed')} does not start: ${result.because}`;
}

function andMore([first, ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first}, and ${others.length} more`;
}

/** Headings, then a row each: axes, then numbers. */
function tableOf({ manifest, rows, columns }: SweepReport): string[][] {
  const { axes, points } = manifest;
  const named = points.some(({ name }) => name !== null);
  const head = [...(named ? ['name'] : []), ...axisTitles(axes), ...columns.map(({ title }) => title)];
  return [
    head.map(oneLine),
    ...rows.map(({ index, result }) =>
      [
        ...(named ? [points[index].name ?? ''] : []),
        ...axes.map((axis) => shownValue(points[index].settings[axis])),
        ...columns.map((column) => cellOf(column, column.read(result))),
      ].map(oneLine),
    ),
  ];
}

function cellOf({ unit }: Column, value: number | null): string {
  if (value === null) return '–';
  if (unit === 'seconds' || unit === 'share') return shown(value, unit);
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));
}

interface Conclusion {
  readonly verdict: 'passed' | 'FAILED' | null;
  readonly text: string;
}

function conclusions({ influence, trends }: SweepReport): Conclusion[] {
  return [
    ...influence.map(({ axis, column, least, most }): Conclusion => {
      const at = ({ mean, value }: typeof least) => `${cellOf(column, mean)} at ${shownValue(value)}`;
      const range = `on average ${at(least)} to ${at(most)}`;
      return { verdict: null, text: `${column.title}: ${axis} matters most, ${range}` };
    }),
    ...trends.map(({ trend, passed, problem }): Conclusion => {
      const text = `${trend.metric}: ${trend.text}`;
      return passed ? { verdict: 'passed', text } : { verdict: 'FAILED', text: `${text}: ${problem}` };
    }),
  ];
}

function jsonOf(
  { manifest, rows, columns, trends, influence, passed, missing }: SweepReport,
  exitCode: number,
): string {
  const json = {
    name: manifest.name,
    file: manifest.file,
    poolscope: manifest.poolscope,
    axes: manifest.axes,
    numPoints: manifest.points.length,
    numMissing: missing,
    passed,
    points: rows.map(({ index, result }) => {
      const { checks, seeds, because } = result;
      const { digest, name, settings } = manifest.points[index];
      const numbers = columns.map((column) => [column.key, column.read(result)]);
      return {
        point: index + 1,
        ...{ digest, name, settings, passed: result.passed, because, failures: failuresOf(result) },
        ...Object.fromEntries(numbers),
        ...{ checks, seeds },
      };
    }),
    trends: trends.map(({ trend, ...check }) => ({ metric: trend.metric, trend: trend.text, ...check })),
    influence: influence.map(({ axis, column, least, most }) => ({ axis, of: column.key, least, most })),
    exitCode,
  };
  return JSON.stringify(json, null, 2);
}

function csvOf({ manifest, rows, columns }: SweepReport): string {
  const { axes, points } = manifest;
  const head = ['point', 'name', ...axes, 'passed', 'because', ...columns.map(({ key }) => key), 'failures'];
  const body = rows.map(({ index, result }) => [
    index + 1,
    points[index].name,
    ...axes.map((axis) => {
      const value = points[index].settings[axis];
      return typeof value === 'number' ? value : shownValue(value);
    }),
    String(result.passed),
    result.because,
    ...columns.map((column) => column.read(result)),
    failuresOf(result).join('; '),
  ]);
  return [head, ...body].map((row) => row.map(csvCell).join(',')).join('\r\n');
}

function markdownOf(report: SweepReport): string {
  const [head, ...body] = tableOf(report);
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const failed = report.rows.filter(({ result }) => !result.passed).length;
  return [
    `### Poolscope sweep ${markdown(report.manifest.name)}: ${body.length - failed} passed, ${failed} failed`,
    '',
    row(['', ...head.map(markdown), '']),
    row([':-:', ...head.map(() => '--:'), '---']),
    ...body.map((cells, i) => {
      const { result } = report.rows[i];
      const told = [...failuresOf(result), ...warningsOf(result)].map(markdown).join('<br>');
      return row([result.passed ? '✅' : '❌', ...cells.map(markdown), told]);
    }),
    '',
    ...conclusions(report).map(({ verdict, text }) => `- ${markdown(`${verdict ?? ''} ${text}`)}`),
  ].join('\n');
}
