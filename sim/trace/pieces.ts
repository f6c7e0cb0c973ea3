import { InputError } from '../error.ts';

/* A file comes as chunks of text, so that it need not fit into memory; what is kept is one line or object of it. */

/** Nothing that a trace holds is longer; a file without line ends is none. */
const MAX_PIECE_CHARS = 64 * 1024 * 1024;

const LINE_END = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** A part of a file, and the line on which it begins, from 1. */
export type Piece = readonly [text: string, line: number];

/** Lines without their ends and without a byte order mark; empty ones too. */
export function* linesOf(chunks: Iterable<string>, file: string): Generator<Piece> {
  let rest = '';
  let line = 1;
  const piece = (text: string): Piece => [text.endsWith('\r') ? text.slice(0, -1) : text, line++];
  for (const chunk of withoutMark(chunks)) {
    let at = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', at)) {
      yield piece(rest + chunk.slice(at, end));
      rest = '';
      at = end + 1;
    }
    rest += chunk.slice(at);
    checkLength(rest, file, line);
  }
  if (rest !== '') yield piece(rest);
}

/** The texts of the elements of a JSON list, uninterpreted but for brackets and strings. */
export function* elementsOf(chunks: Iterable<string>, file: string): Generator<Piece> {
  let line = 1;
  let depth = 0;
  let inString = false;
  let isEscaped = false;
  let element = '';
  let elementLine = 1;
  for (const chunk of withoutMark(chunks)) {
    // From where in this chunk the element goes on.
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const code = chunk.charCodeAt(at);
      if (code === LINE_END) line++;
      if (isEscaped) isEscaped = false;
      else if (inString) {
        if (code === BACKSLASH) isEscaped = true;
        else if (code === QUOTE) inString = false;
      } else if (code === QUOTE) inString = true;
      else if (code === OPEN_LIST || code === OPEN_OBJECT) {
        depth++;
        if (depth === 1 && code === OPEN_OBJECT) throw notAList(file, line);
        if (depth === 2) {
          from = at;
          elementLine = line;
        }
      } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
        depth--;
        if (depth === 1) {
          yield [element + chunk.slice(from, at + 1), elementLine];
          element = '';
        }
      }
      if (depth <= 0 && code > SPACE && code !== CLOSE_LIST) throw notAList(file, line);
    }
    if (depth >= 2) {
      element += chunk.slice(from);
      checkLength(element, file, elementLine);
    }
  }
  if (depth !== 0) {
    throw new InputError([
      { file, place: { line, column: 1 }, message: 'the list does not end: is the file cut off?' },
    ]);
  }
}

function notAList(file: string, line: number): InputError {
  return new InputError([{ file, place: { line, column: 1 }, message: 'expected a JSON list of objects' }]);
}

function checkLength(text: string, file: string, line: number): void {
  if (text.length <= MAX_PIECE_CHARS) return;
  const message = `is longer than ${MAX_PIECE_CHARS / 1024 / 1024} MB: is this a trace?`;
  throw new InputError([{ file, place: { line, column: 1 }, message }]);
}

function* withoutMark(chunks: Iterable<string>): Generator<string> {
  let isFirst = true;
  for (const chunk of chunks) {
    if (chunk === '') continue;
    yield isFirst && chunk.charCodeAt(0) === 0xfeff ? chunk.slice(1) : chunk;
    isFirst = false;
  }
}
