import { formatProblem, type Problem } from '../sim/error.ts';
import { plain } from './reporters/plain.ts';

/** For people, on stdout. Names in it may be anybody's. */
export function say(text: string): void {
  console.log(plain(text));
}

/** For people, on stderr: beside the results. */
export function remark(text: string): void {
  console.error(plain(text));
}

/** One a line, on stderr. */
export function tellProblems(problems: readonly Problem[]): void {
  for (const problem of problems) remark(formatProblem(problem));
}
