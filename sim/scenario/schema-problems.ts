import * as v from 'valibot';
import { nearest } from '../catalog/nearest.ts';
import { InputError, type Problem } from '../error.ts';
import { clipped } from '../one-line.ts';
import { isObject } from '../plain-values.ts';
import { METRIC_NAMES } from '../report/metrics.ts';
import type { LocatedYaml, Path } from './located-yaml.ts';
import { type ScenarioFile, scenarioSchema } from './schema.ts';

const MISSING = 'missing';

/** Checks the document against the schema; throws all problems at once, in the order of the file. */
export function checkedScenario(yaml: LocatedYaml, file: string): ScenarioFile {
  const { value } = yaml;
  if (!isObject(value)) {
    const found =
      value === null || value === undefined ? 'nothing' : Array.isArray(value) ? 'a list' : shown(value);
    throw new InputError([
      {
        file,
        place: yaml.placeOfValue([]) ?? { line: 1, column: 1 },
        message: `expected an object with the keys of a scenario, got ${found}`,
      },
    ]);
  }
  const result = v.safeParse(scenarioSchema, value);
  if (result.success) return result.output as ScenarioFile;
  const problems = result.issues.map((issue) => problemOf(leafOf(issue), yaml, file));
  const meant = new Set(problems.map((problem) => problem.suggestion));
  const told = problems.filter(
    ({ message, field }) => message !== MISSING || !meant.has(field?.split('.').pop()),
  );
  told.sort(
    (a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0),
  );
  throw new InputError(told);
}

type Issue = v.BaseIssue<unknown>;

/** Of a union whose members all failed, the issue that lies deepest: the member that was meant. */
function leafOf(issue: Issue): Issue {
  const isList = Array.isArray(issue.input);
  const deeper = (issue.issues ?? []).filter(({ path }) => path && (path[0].type === 'array') === isList);
  if (deeper.length === 0) return issue;
  // A misspelt key says more than the key that is missing for it.
  const leaf = leafOf(deeper.find(({ expected }) => expected === 'never') ?? deeper[0]);
  return { ...leaf, path: [...(issue.path ?? []), ...(leaf.path ?? [])] as Issue['path'] };
}

function problemOf(issue: Issue, yaml: LocatedYaml, file: string): Problem {
  const path = (issue.path ?? []).map((item) => item.key as string | number);
  const field = path.join('.');
  const key = String(path[path.length - 1]);
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const siblings = keysAt(path.slice(0, -1));
    const near = nearest(key, siblings);
    return {
      file,
      place: yaml.placeOfKey(path) ?? yaml.placeOfValue(path.slice(0, -1)),
      field,
      message: near === null ? `unknown key; expected one of ${shownKeys(siblings)}` : 'unknown key',
      suggestion: near ?? undefined,
    };
  }
  if (issue.input === undefined) {
    return { file, place: yaml.placeOfValue(path.slice(0, -1)), field, message: MISSING };
  }
  return {
    file,
    place: yaml.placeOfValue(path),
    field,
    message: `expected ${issue.message}, got ${shown(issue.input)}`,
    suggestion: nearestChoice(issue),
  };
}

/** Of the words that may stand there, which valibot lists in quotes, the one that was meant. */
function nearestChoice({ input, expected }: Issue): string | undefined {
  if (typeof input !== 'string') return undefined;
  const choices = [...(expected ?? '').matchAll(/"([^"]*)"/g)].map(([, choice]) => choice);
  return nearest(input, choices) ?? undefined;
}

/** Of expect's many, those that are no metrics. */
function shownKeys(keys: readonly string[]): string {
  const plain = keys.filter((key) => !METRIC_NAMES.includes(key));
  return plain.length === keys.length
    ? keys.join(', ')
    : `${plain.join(', ')}, or a metric of docs/metrics.md`;
}

/** The keys that the schema knows at a path. */
function keysAt(path: Path): string[] {
  let schema: unknown = scenarioSchema;
  for (const key of path) {
    // Elements of a list have the keys that its schema was seen to have.
    if (typeof key === 'string')
      schema = bare((schema as { entries?: Record<string, unknown> })?.entries?.[key]);
  }
  return Object.keys((schema as { entries?: Record<string, unknown> })?.entries ?? {});
}

/** Looks through optional() and union() for the object inside. */
function bare(schema: unknown): unknown {
  const wrapped = (schema as { wrapped?: unknown })?.wrapped;
  if (wrapped) return bare(wrapped);
  const options = (schema as { options?: { entries?: unknown }[] })?.options;
  return options?.find((option) => option.entries) ?? schema;
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? String(value));
  return clipped(text, 60);
}
