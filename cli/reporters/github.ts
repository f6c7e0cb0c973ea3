import { appendFileSync } from 'node:fs';
import type { Place } from '../../sim/error.ts';
import { oneLine } from '../../sim/one-line.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';
import { findingsOf } from './findings.ts';
import { markdownReporter } from './markdown.ts';
import { commandProperty, commandText } from './plain.ts';
import type { FileResult, Reporter } from './reporter.ts';

/** GitHub shows ten annotations of a kind for a step. */
const MOST = 10;
/** Of the 1 MiB that a step summary may have, in bytes. */
const SUMMARY_BYTES = 900_000;

interface Annotation {
  readonly kind: 'error' | 'warning';
  readonly file: string;
  readonly place?: Place;
  readonly title: string;
  readonly message: string;
}

/** Annotations on the lines of the pull request, and the step's summary. */
export const githubReporter: Reporter = {
  end(results, exitCode) {
    const annotations = results.flatMap(annotationsOf);
    const path = process.env.GITHUB_STEP_SUMMARY;
    if (path) appendFileSync(path, `${summaryOf(results, exitCode)}\n`);
    return (['error', 'warning'] as const)
      .flatMap((kind) => shortened(annotations.filter((annotation) => annotation.kind === kind)))
      .map(commandOf)
      .join('\n');
  },
};

function annotationsOf(result: FileResult): Annotation[] {
  if ('problems' in result) {
    return result.problems.map(({ file, place, field, message, suggestion }) => ({
      kind: 'error',
      file,
      place,
      title: field ?? 'bad input',
      message: suggestion ? `${message} (did you mean ${suggestion}?)` : message,
    }));
  }
  const { scenario } = result.run;
  return findingsOf(result.run)
    .filter(({ verdict }) => verdict !== 'passed')
    .map(({ verdict, title, lines, path }) => ({
      kind: verdict === 'warning' ? 'warning' : 'error',
      ...whereOf(scenario, path),
      title: `${scenario.name}: ${title}`,
      message: lines.join('\n'),
    }));
}

/** A start that fails is told where the command stands, which may be a file that the scenario only names. */
function whereOf(scenario: Scenario, path: string): Pick<Annotation, 'file' | 'place'> {
  const { file, startedBy, placeOf } = scenario;
  return path === 'expect.starts' && startedBy !== null ? startedBy : { file, place: placeOf(path) };
}

function shortened(annotations: readonly Annotation[]): readonly Annotation[] {
  if (annotations.length <= MOST) return annotations;
  const [last] = annotations.slice(MOST - 1);
  const more = annotations.length - (MOST - 1);
  return [
    ...annotations.slice(0, MOST - 1),
    {
      kind: last.kind,
      file: last.file,
      title: `and ${more} more`,
      message: 'The step summary has them all.',
    },
  ];
}

function commandOf({ kind, file, place, title, message }: Annotation): string {
  const properties = [
    `file=${commandProperty(oneLine(file))}`,
    ...(place ? [`line=${place.line}`, `col=${place.column}`] : []),
    `title=${commandProperty(oneLine(title))}`,
  ];
  return `::${kind} ${properties.join(',')}::${commandText(message)}`;
}

function summaryOf(results: readonly FileResult[], exitCode: number): string {
  const text = markdownReporter.end?.(results, exitCode) ?? '';
  const bytes = Buffer.from(text);
  if (bytes.length <= SUMMARY_BYTES) return text;
  const whole = bytes
    .subarray(0, SUMMARY_BYTES)
    .toString()
    .replace(/[^\n]*$/, '');
  return `${whole}\nThe rest is left out: GitHub takes no more.`;
}
