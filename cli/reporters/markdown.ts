import { formatProblem } from '../../sim/error.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import { bandsText } from '../../sim/time/error-band.ts';
import { timeBasis } from '../../sim/time/time-basis.ts';
import type { SeedRun } from '../run-seed.ts';
import { sparkline } from '../sparkline.ts';
import { percent } from '../text.ts';
import { findingsOf, gatesNothing } from './findings.ts';
import { markdown } from './plain.ts';
import type { FileResult, Finding, Reporter } from './reporter.ts';

const SIGNS = { passed: '✅', failed: '❌', warning: '⚠️' } as const;

/** For pull requests and step summaries. */
export const markdownReporter: Reporter = {
  end(results) {
    const failed = results.filter((result) => 'problems' in result || !result.run.passed).length;
    const heading = `### Poolscope: ${results.length - failed} passed, ${failed} failed`;
    return [heading, ...results.flatMap(sectionOf)].join('\n\n');
  },
};

function sectionOf(result: FileResult): string[] {
  if ('problems' in result) {
    const lines = result.problems.map((problem) => `- ${markdown(formatProblem(problem))}`);
    return [`#### ${SIGNS.failed} ${markdown(result.file)}`, lines.join('\n')];
  }
  const { run } = result;
  const table = ['| | expected | found |', '|---|---|---|', ...findingsOf(run).map(rowOf)];
  return [
    `#### ${run.passed ? SIGNS.passed : SIGNS.failed} ${markdown(run.scenario.name)}`,
    markdown(run.scenario.file),
    table.join('\n'),
    ...pictureOf(run.runs[0]),
    ...trustOf(run.runs[0].recording),
    ...(gatesNothing(run) ? ['**0 gating checks**: every expectation is a warning.'] : []),
  ];
}

/** KV cache use over the steps, in bars. */
function pictureOf({ recording, summary }: SeedRun): string[] {
  const use = summary?.kvCacheUse ?? null;
  if (recording === null || use === null) return [];
  return [markdown(`KV cache in use: ${sparkline(recording)} at most ${percent(use.max)}`)];
}

/** How far the times can be trusted. */
function trustOf(recording: Recording | null): string[] {
  const timing = recording?.header.timing;
  if (timing === undefined) return [];
  const { badge, source, unmeasured, errors } = timeBasis(timing);
  const parts = unmeasured.length > 0 ? `, not measured: ${unmeasured.join(', ')}` : '';
  const text = `Times: ${badge} (${source}${parts}); half of ${errors.TPOT.source} were within the first figure, all within the second: ${bandsText(errors)}.`;
  return [markdown(text)];
}

function rowOf({ title, verdict, lines }: Finding): string {
  return `| ${SIGNS[verdict]} | ${markdown(title)} | ${lines.map(markdown).join('<br>') || 'yes'} |`;
}
