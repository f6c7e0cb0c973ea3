import { InputError } from '../../sim/error.ts';
import { defaultReporter } from './default.ts';
import { githubReporter } from './github.ts';
import { htmlReporter } from './html.ts';
import { jsonReporter } from './json.ts';
import { junitReporter } from './junit.ts';
import { markdownReporter } from './markdown.ts';
import type { Reporter } from './reporter.ts';

export const REPORTER_NAMES = ['default', 'json', 'junit', 'github', 'markdown', 'html'] as const;
export type ReporterName = (typeof REPORTER_NAMES)[number];

export const REPORTERS: Readonly<Record<ReporterName, Reporter>> = {
  default: defaultReporter,
  json: jsonReporter,
  junit: junitReporter,
  github: githubReporter,
  markdown: markdownReporter,
  html: htmlReporter,
};

/** A form of the results, and where they go. */
export interface ReporterChoice {
  readonly name: ReporterName;
  /** null: stdout, or where `--output` says. */
  readonly path: string | null;
}

/** Reads `NAME` or `NAME=FILE`; null if it is neither. */
export function parseReporter(text: string): ReporterChoice | null {
  const [, written, path = null] = /^([\w-]+)(?:=(.+))?$/s.exec(text) ?? [];
  const name = REPORTER_NAMES.find((each) => each === written);
  return name === undefined ? null : { name, path };
}

export interface ReporterOptions {
  /** Short for the reporter json. */
  readonly json?: boolean;
  /** Forms of the results, each with its file. */
  readonly reporter?: readonly ReporterChoice[];
  /** Where those without a file go. */
  readonly output?: string;
}

/** What is asked for; at most one of them without a file of its own. */
export function chosenReporters({ reporter = [], json, output }: ReporterOptions): readonly ReporterChoice[] {
  if (reporter.length === 0) return [{ name: json ? 'json' : 'default', path: null }];
  const paths = reporter.map(({ path }) => path ?? output ?? null);
  const twice = reporter.find((_, i) => paths.indexOf(paths[i]) !== i);
  if (twice === undefined) return reporter;
  const message = `${twice.name} would go where another does: give it a file of its own, like ${twice.name}=FILE`;
  throw new InputError([{ file: '--reporter', message }]);
}
