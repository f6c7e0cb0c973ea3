/** The first line that says something and does not begin as a preamble does (a comment, a separator), from its first sign on; or ''. */
export function firstLineBut(text: string, preamble: RegExp): string {
  for (const [line] of text.matchAll(/\S.*/g)) {
    if (!preamble.test(line)) return line;
  }
  return '';
}
