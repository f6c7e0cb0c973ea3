import { oneLine, UNSEEN } from '../../sim/one-line.ts';

/*
 * Names and messages come from files that somebody else may have written. Each reporter escapes them for where they
 * go, so that they stay text there.
 */

/**
 * For a terminal, and for the log of a CI job: without control characters, but for line ends and colours (ESC [ … m),
 * and without what GitHub's runner takes for a command to itself: `::` at the start of a line, `##[` anywhere.
 */
export function plain(text: string): string {
  const seen = text.replace(UNSEEN, (char, at: number) => {
    const isColour = char === '\u001b' && /^\[\d*m/.test(text.slice(at + 1, at + 6));
    return char === '\n' || isColour ? char : ' ';
  });
  return seen.replaceAll('##[', '## [').replace(/^((?:[^\S\n]|\p{Cc}\[\d*m)*)::/gmu, '$1: :');
}

/** As XML text or attribute: characters that XML 1.0 does not have are left out. */
export function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"'\t\n\r]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Keeps GitHub from reading a mention or a number of an issue, which it looks for in the rendered text. */
const WORD_JOINER = '&#8288;';

/** As Markdown text: whatever could be markup, a link or a mention becomes a character reference. */
export function markdown(text: string): string {
  const unlinked = oneLine(text).replace(/[!#-$&*-+/:-@[-`{-~-]/g, (char) => {
    const reference = `&#${char.charCodeAt(0)};`;
    return char === '@' || char === '#' ? reference + WORD_JOINER : reference;
  });
  return unlinked.replace(/www\./gi, (start) => `${start.slice(0, 3)}&#46;`);
}

/** As the message of a GitHub workflow command. */
export function commandText(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** As a property of one: colons and commas separate them. */
export function commandProperty(text: string): string {
  return commandText(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
