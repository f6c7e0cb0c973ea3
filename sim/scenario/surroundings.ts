/** What the words in front of a server say about its surroundings. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string>>;
  readonly containerGib: number | null;
}

/** Upper case only: `--ulimit memlock=-1` is none. */
const ASSIGNMENT = /^(?:--env=|-e)?([A-Z_][A-Z0-9_]*)=(.*)$/s;
const GIB_PER_UNIT: Readonly<Record<string, number>> = {
  b: 1 / 1024 / 1024 / 1024,
  k: 1 / 1024 / 1024,
  m: 1 / 1024,
  g: 1,
};

/** Reads `NAME=value vllm serve`, `docker run -e NAME=value` and `docker run --memory 10g`. */
export function surroundingsOf(words: readonly string[]): Surroundings {
  const env: Record<string, string> = {};
  let containerGib: number | null = null;
  words.forEach((word, i) => {
    const assignment = ASSIGNMENT.exec(word);
    if (assignment !== null) env[assignment[1]] = assignment[2];
    const isMemory = word === '-m' || word === '--memory';
    const size = isMemory ? words[i + 1] : /^(?:--memory=|-m)(.+)$/.exec(word)?.[1];
    containerGib = (size === undefined ? null : sizeInGib(size)) ?? containerGib;
  });
  return { env, containerGib };
}

/** Docker's sizes: a number of bytes, or with b, k, m or g; powers of 1024. */
function sizeInGib(size: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([bkmg])?b?$/i.exec(size);
  return match === null ? null : Number(match[1]) * GIB_PER_UNIT[(match[2] ?? 'b').toLowerCase()];
}
