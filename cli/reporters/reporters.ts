import { defaultReporter } from './default.ts';
import { githubReporter } from './github.ts';
import { jsonReporter } from './json.ts';
import { junitReporter } from './junit.ts';
import { markdownReporter } from './markdown.ts';
import type { Reporter } from './reporter.ts';

export const REPORTER_NAMES = ['default', 'json', 'junit', 'github', 'markdown'] as const;
export type ReporterName = (typeof REPORTER_NAMES)[number];

export const REPORTERS: Readonly<Record<ReporterName, Reporter>> = {
  default: defaultReporter,
  json: jsonReporter,
  junit: junitReporter,
  github: githubReporter,
  markdown: markdownReporter,
};
