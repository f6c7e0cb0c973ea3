/** A word, or an operator between commands: a line end, `;`, `&&`, `|`, a bracket. */
export type ShellToken = { readonly word: string } | { readonly operator: string };

/**
 * What a `$NAME` or `${NAME:-default}` stands for: words, or null if nobody knows.
 * The text is what stands behind the `$`, without braces; of what a shell would run, `(…)`.
 */
export type ShellLookup = (expression: string) => readonly string[] | null;

const NAME = /^\$([A-Za-z_]\w*|[@*0-9#?])/;
/** Characters that only stand for themselves. */
const ORDINARY = /[\w./:@%+,=-]+/y;
const OPERATOR = /^(?:&&|\|\||;;|[;&|()])/;

/**
 * Splits a text as a POSIX shell does: blanks, quotes, backslashes, continued lines, comments. Nothing is run, and
 * nothing expanded but what `lookup` knows. A missing closing quote ends with the text.
 * @param lookup if given, operators and line ends are tokens of their own, and variables are looked up.
 */
export function* shellTokens(text: string, lookup?: ShellLookup): Generator<ShellToken> {
  let word: string | null = null;
  let i = 0;
  /** The words that a variable stands for, in `"…"` or bare; what is unknown stays as it is written. */
  const expanded = (quoted: boolean): string[] | null => {
    if (lookup === undefined) return null;
    const inner = substitution(text, i);
    if (inner !== null) {
      i += inner.length + (text[i] === '`' ? 2 : 3);
      return [...(lookup(`(${inner})`) ?? [`$(${inner})`])];
    }
    const braces = inBraces(text, i);
    const expression = braces ?? NAME.exec(text.slice(i, i + 1000))?.[1];
    if (expression === undefined) return null;
    const written = braces === null ? `$${expression}` : `\${${braces}}`;
    const value = lookup(expression);
    i += written.length;
    if (value === null) return [written];
    return quoted ? [...value] : value.flatMap((each) => each.split(/\s+/).filter((part) => part !== ''));
  };
  while (i < text.length) {
    const char = text[i];
    const operator = lookup === undefined ? null : OPERATOR.exec(text.slice(i, i + 2));
    if (char === '\\') {
      i++;
      if (i < text.length && text[i] !== '\n' && text[i] !== '\r') word = (word ?? '') + text[i];
      else if (text[i] === '\r' && text[i + 1] === '\n') i++;
      i++;
    } else if (char === "'" || char === '"') {
      const bare = word === null;
      let none = false;
      word ??= '';
      for (i++; i < text.length && text[i] !== char; ) {
        const parts = char === '"' && /[$`]/.test(text[i]) ? expanded(true) : null;
        if (parts !== null) {
          for (const part of parts.slice(0, -1)) {
            yield { word: word + part };
            word = '';
          }
          word += parts.at(-1) ?? '';
          none = parts.length === 0;
          continue;
        }
        if (char === '"' && text[i] === '\\' && /["\\$`\n]/.test(text[i + 1] ?? '')) i++;
        word += text[i++];
      }
      // "$@" of nothing is no word at all.
      if (bare && none && word === '') word = null;
      i++;
    } else if ((char === '$' || char === '`') && lookup !== undefined) {
      const parts = expanded(false);
      if (parts === null) {
        word = (word ?? '') + char;
        i++;
        continue;
      }
      for (const part of parts.slice(0, -1)) {
        yield { word: (word ?? '') + part };
        word = null;
      }
      if (parts.length > 0) word = (word ?? '') + parts.at(-1);
    } else if (/\s/.test(char)) {
      if (word !== null) yield { word };
      word = null;
      if (char === '\n' && lookup !== undefined) yield { operator: '\n' };
      i++;
    } else if (operator !== null) {
      if (word !== null) yield { word };
      word = null;
      yield { operator: operator[0] };
      i += operator[0].length;
    } else if (char === '#' && word === null) {
      while (i < text.length && text[i] !== '\n') i++;
    } else {
      ORDINARY.lastIndex = i;
      const run = ORDINARY.exec(text)?.[0] ?? char;
      word = (word ?? '') + run;
      i += run.length;
    }
  }
  if (word !== null) yield { word };
}

/** Characters of a `${…}`: what is never closed is not looked for to the end of the text again and again. */
const LONGEST_BRACES = 500;

/** What stands in a `${…}` that begins at `at`, others inside it; null if none does. */
export function inBraces(text: string, at: number): string | null {
  if (text[at] !== '$' || text[at + 1] !== '{') return null;
  const last = Math.min(text.length, at + LONGEST_BRACES);
  let depth = 1;
  for (let end = at + 2; end < last; end++) {
    if (text[end] === '{' && text[end - 1] === '$') depth++;
    if (text[end] === '}' && --depth === 0) return text.slice(at + 2, end);
  }
  return null;
}

/** What stands in a `$(…)` or between backticks that begins at `at`; null if none does. */
function substitution(text: string, at: number): string | null {
  if (text[at] === '`') {
    const end = text.indexOf('`', at + 1);
    return text.slice(at + 1, end < 0 ? text.length : end);
  }
  if (text[at] !== '$' || text[at + 1] !== '(') return null;
  let depth = 1;
  let end = at + 2;
  for (; end < text.length; end++) {
    if (text[end] === '(') depth++;
    if (text[end] === ')' && --depth === 0) break;
  }
  return text.slice(at + 2, end);
}

/** The words of one command line; line ends are blanks. */
export function shellWords(text: string): string[] {
  return [...shellTokens(text)].map((token) => ('word' in token ? token.word : token.operator));
}

/** A command line that shellWords() reads as these words. */
export function shellText(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}
