import { oneLine } from './one-line.ts';

/** Where in a user's file a problem is; 1-based. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A checked file, and where it says what. */
export interface Located {
  readonly file: string;
  /** Dotted path of a field → its place, for problems that are found later. */
  readonly placeOf: (path: string) => Place | undefined;
}

/** One problem with what the user gave, ready to be shown: `file:line:col: field: message (did you mean …?)`. */
export interface Problem {
  readonly file: string;
  readonly place?: Place;
  /** Dotted path of the field, for instance `engine.block-size`. */
  readonly field?: string;
  readonly message: string;
  /** The nearest valid name or value. */
  readonly suggestion?: string;
}

/** Bad input: the user's to mend, exit code 2. Never shown with a stack trace. */
export class InputError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'InputError';
    this.problems = problems;
  }
}

/** One problem with a field of a file that was read before. */
export function problemAt(
  { file, placeOf }: Located,
  field: string,
  message: string,
  suggestion?: string | null,
): InputError {
  return new InputError([
    { file, place: placeOf(field), field, message, suggestion: suggestion ?? undefined },
  ]);
}

/** Of a message: it may quote what it is about. */
const MOST_CHARACTERS = 4000;

/** One problem on one line, in the form that editors and CI systems link. */
export function formatProblem(problem: Problem): string {
  const place = problem.place ? `:${problem.place.line}:${problem.place.column}` : '';
  const field = problem.field ? ` ${problem.field}:` : '';
  const hint = problem.suggestion ? ` (did you mean ${problem.suggestion}?)` : '';
  const message =
    problem.message.length > MOST_CHARACTERS
      ? `${problem.message.slice(0, MOST_CHARACTERS)}…`
      : problem.message;
  return oneLine(`${problem.file}${place}:${field} ${message}${hint}`);
}

/** A fault in Poolscope itself: exit code 3. Kept on in production. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

/** The simulated engine dies, as vLLM's would: a fact about the scenario, no fault in Poolscope. */
export class EngineCrash extends Error {
  /** Class of vLLM's exception, such as RuntimeError. */
  readonly kind: string;
  /** What it means, for people. */
  readonly explanation: string;

  /** `detail` is the message of vLLM's exception. */
  constructor(kind: string, detail: string, explanation: string) {
    super(`${kind}: ${detail}`);
    this.name = 'EngineCrash';
    this.kind = kind;
    this.explanation = explanation;
  }
}

/** An assertion of vLLM's own that can fail. */
export function engineAssert(condition: boolean, detail: string, explanation: string): void {
  if (!condition) throw new EngineCrash('AssertionError', detail, explanation);
}
