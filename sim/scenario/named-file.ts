import { InputError } from '../error.ts';
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
      for (const { file, place, field: inner, message, suggestion } of error.problems) {
        const at = place ? `:${place.line}:${place.column}` : '';
        report(field, `${file}${at}: ${inner === undefined ? '' : `${inner}: `}${message}`, suggestion);
      }
    }
  }
  return null;
}
