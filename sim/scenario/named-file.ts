import { InputError, type Located, type Problem } from '../error.ts';
import type { Path, Report } from './located-yaml.ts';
import { resolvePath } from './paths.ts';

/** Reads a file that the scenario names; the path is relative to the scenario's folder and stays in it. */
export type ReadFile = (path: string) => string;

/**
 * What a file that a scenario names holds; its problems are told of the field that names it.
 * @returns null if something was reported.
 */
export function readBeside<T>(
  named: string,
  readFile: ReadFile | undefined,
  field: Path,
  report: Report,
  parse: (text: string, file: string) => T,
): T | null {
  const path = resolvePath(named);
  if (path === null) report(field, "expected a path inside the scenario's folder");
  else if (!readFile) report(field, 'files cannot be read here');
  else {
    try {
      return parse(readFile(path), path);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      for (const problem of error.problems) report(field, inside(problem), problem.suggestion);
    }
  }
  return null;
}

/** What work gives; what is wrong with a file that it reads is told of the field that names the file. */
export function atField<T>({ file, placeOf }: Located, field: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(
      error.problems.map((problem) => ({
        file,
        place: placeOf(field),
        field,
        message: inside(problem),
        suggestion: problem.suggestion,
      })),
    );
  }
}

/** A problem as the message of another. */
function inside({ file, place, field, message }: Problem): string {
  const at = place ? `:${place.line}:${place.column}` : '';
  return `${file}${at}: ${field === undefined ? '' : `${field}: `}${message}`;
}
