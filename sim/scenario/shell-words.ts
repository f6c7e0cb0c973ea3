/**
 * Splits a command line as a POSIX shell does: blanks, quotes, backslashes, continued lines, comments.
 * Nothing is expanded or run. A missing closing quote ends with the text.
 */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') {
      i++;
      if (i < text.length && text[i] !== '\n' && text[i] !== '\r') word = (word ?? '') + text[i];
      else if (text[i] === '\r' && text[i + 1] === '\n') i++;
    } else if (char === "'" || char === '"') {
      word ??= '';
      for (i++; i < text.length && text[i] !== char; i++) {
        if (char === '"' && text[i] === '\\' && /["\\$`\n]/.test(text[i + 1] ?? '')) i++;
        word += text[i];
      }
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (char === '#' && word === null) {
      while (i + 1 < text.length && text[i + 1] !== '\n') i++;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (word !== null) words.push(word);
  return words;
}
