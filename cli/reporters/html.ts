import { readFileSync } from 'node:fs';
import { formatProblem, InputError } from '../../sim/error.ts';
import { oneLine } from '../../sim/one-line.ts';
import { encodeRecording } from '../../sim/recording/codec.ts';
import { fillReport, type ReportRun } from '../../sim/share/report-run.ts';
import type { ScenarioRun } from '../run-scenario.ts';
import { findingsOf, gatesNothing } from './findings.ts';
import { xml } from './plain.ts';
import type { FileResult, Finding, Reporter } from './reporter.ts';

/** The page as a template; `viz/report/vite.config.ts` builds it beside the command line. */
const TEMPLATE = new URL('../report/report.html', import.meta.url);
/** Of all recordings of a report, packed: what a browser opens at once. */
const MOST_BYTES = 48 * 1024 * 1024;

/** One file for people: what was expected and found, and the page with the runs in it. It loads nothing. */
export const htmlReporter: Reporter = {
  needsEvents: true,
  end(results) {
    const runs: ReportRun[] = [];
    let left = MOST_BYTES;
    const articles = results.map((result) => {
      const recordings = 'run' in result ? result.run.runs[0].replicas : [];
      const packed = recordings.map(encodeRecording);
      const size = packed.reduce((sum, { length }) => sum + length, 0);
      if (packed.length === 0 || size > left) return article(result, null);
      left -= size;
      const first = runs.length;
      for (const each of packed) {
        runs.push({ name: nameOf(result), recording: Buffer.from(each).toString('base64') });
      }
      return article(result, first);
    });
    const failed = results.filter((result) => 'problems' in result || !result.run.passed).length;
    const heading = `<h1>Poolscope: ${results.length - failed} passed, ${failed} failed</h1>`;
    return fillReport(template(), [heading, ...articles].join('\n'), runs);
  },
};

function template(): string {
  try {
    return readFileSync(TEMPLATE, 'utf8');
  } catch {
    const message = 'the page of reports is missing beside this file: npm run build:cli makes it';
    throw new InputError([{ file: '--reporter html', message }]);
  }
}

/** @param first index of its recordings, one for each engine, among the report's; null if it has none there. */
function article(result: FileResult, first: number | null): string {
  const title = (state: string) =>
    `<h2><span class="${state}">${state}</span> ${xml(oneLine(nameOf(result)))}</h2>\n<p>${xml(oneLine(result.file))}</p>`;
  if ('problems' in result) {
    const lines = result.problems.map((problem) => `<li>${xml(formatProblem(problem))}</li>`);
    return `<article>${title('failed')}<ul>${lines.join('')}</ul></article>`;
  }
  const { run } = result;
  const rows = findingsOf(run).map((finding) => row(finding, first));
  const parts = [
    title(run.passed ? 'passed' : 'failed'),
    `<div class="scroll"><table><tr><th></th><th>expected</th><th>found</th></tr>${rows.join('')}</table></div>`,
    ...(gatesNothing(run) ? ['<p class="warning">0 gating checks: every expectation is a warning.</p>'] : []),
    first === null ? missing(run) : `<p>${engines(run, first)}</p>`,
  ];
  return `<article>${parts.join('\n')}</article>`;
}

function missing({ runs: [{ replicas }] }: ScenarioRun): string {
  if (replicas.length === 0) return '';
  const size = `${MOST_BYTES / 1024 / 1024} MB`;
  return `<p>Its recording is not in this file, which takes ${size} of them: poolscope run --record makes one of its own.</p>`;
}

function engines({ runs: [{ replicas }] }: ScenarioRun, first: number): string {
  if (replicas.length === 1) return button('Show the blocks', first);
  return replicas.map((_, i) => button(`Show the blocks of engine ${i}`, first + i)).join(' ');
}

function row({ verdict, title, lines, at }: Finding, first: number | null): string {
  const show =
    first === null || at === undefined
      ? ''
      : ` ${button(`Show step ${at.step}`, first + at.engine, at.step)}`;
  const found = xml(lines.join('\n')).replaceAll('&#10;', '\n') || 'yes';
  return `<tr><td class="state ${verdict}">${verdict}</td><td>${xml(title)}</td><td>${found}${show}</td></tr>`;
}

function button(label: string, index: number, step = 0): string {
  return `<button type="button" class="button" data-run="${index}" data-step="${step}">${label}</button>`;
}

function nameOf(result: FileResult): string {
  return 'problems' in result ? result.file : result.run.scenario.name;
}
