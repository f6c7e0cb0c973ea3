import { dockerGib } from './deployment/sizes.ts';

/** What the words in front of a server say about its surroundings. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string>>;
  readonly containerGib: number | null;
}

/** Upper case only: `--ulimit memlock=-1` is none. */
const ASSIGNMENT = /^(?:--env=|-e)?([A-Z_][A-Z0-9_]*)=(.*)$/s;
/** Reads `NAME=value vllm serve`, `docker run -e NAME=value` and `docker run --memory 10g`. */
export function surroundingsOf(words: readonly string[]): Surroundings {
  const env: Record<string, string> = {};
  let containerGib: number | null = null;
  words.forEach((word, i) => {
    const assignment = ASSIGNMENT.exec(word);
    if (assignment !== null) env[assignment[1]] = assignment[2];
    const isMemory = word === '-m' || word === '--memory';
    const size = isMemory ? words[i + 1] : /^(?:--memory=|-m)(.+)$/.exec(word)?.[1];
    containerGib = (size === undefined ? null : dockerGib(size)) ?? containerGib;
  });
  return { env, containerGib };
}
