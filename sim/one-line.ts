/** What is no text to a reader, line ends included: controls, and marks that turn the direction of what follows. */
export const UNSEEN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

const MUCH_UNSEEN = new RegExp(`${UNSEEN.source}+`, UNSEEN.flags);

/** A text from somebody else's file on one line: without line ends and other control characters. */
export function oneLine(text: string): string {
  return text.replace(MUCH_UNSEEN, ' ').trim();
}

/** The beginning of a text that may be of any length. */
export function clipped(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
