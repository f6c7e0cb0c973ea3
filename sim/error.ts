import { clipped, oneLine } from './one-line.ts';

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
    const bounded = problems.map(clippedProblem);
    super(bounded.map(formatProblem).join('\n'));
    this.name = 'InputError';
    this.problems = bounded;
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

/** Of each part: it may quote what it is about, which may be of any length, and goes into logs and annotations. */
const MOST_CHARACTERS = 4000;

function clippedProblem(problem: Problem): Problem {
  const { file, field, message } = problem;
  return {
    ...problem,
    file: clipped(file, MOST_CHARACTERS),
    ...(field !== undefined && { field: clipped(field, MOST_CHARACTERS) }),
    message: clipped(message, MOST_CHARACTERS),
  };
}

/** One problem on one line, in the form that editors and CI systems link. */
export function formatProblem(problem: Problem): string {
  const place = problem.place ? `:${problem.place.line}:${problem.place.column}` : '';
  const field = problem.field ? ` ${problem.field}:` : '';
  const hint = problem.suggestion ? ` (did you mean ${problem.suggestion}?)` : '';
  return oneLine(`${problem.file}${place}:${field} ${problem.message}${hint}`);
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
