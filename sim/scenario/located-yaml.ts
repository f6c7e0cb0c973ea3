import {
  type CST,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  parseAllDocuments,
  parseDocument,
  visit,
} from 'yaml';
import { InputError, type Place } from '../error.ts';
import { MIB } from '../units.ts';

const MAX_BYTES = 10 * MIB;
const MAX_ALIASES = 100;
const MAX_DOCUMENTS = 1000;
const MAX_DEPTH = 100;
/** Of a file that is no YAML, the first problems tell it. */
const MOST_ERRORS = 10;
/** The parser compares each key with all others of its object; duplicateKeys() does not. */
const OPTIONS = { uniqueKeys: false, prettyErrors: false, logLevel: 'error' } as const;

export type Path = readonly (string | number)[];

/** Reports a problem at a path of the file; `atKey` points to the key instead of its value. */
export type Report = (path: Path, message: string, suggestion?: string | null, atKey?: boolean) => void;

/** A YAML (or JSON) document that knows where each key and value stands. */
export interface LocatedYaml {
  readonly value: unknown;
  /** Where the value at the path stands; the nearest parent's place if it is not there. */
  placeOfValue(path: Path): Place | undefined;
  /** Where the key at the end of the path stands. */
  placeOfKey(path: Path): Place | undefined;
}

/**
 * Parses YAML 1.2, of which JSON is a part. Duplicate keys, several documents, alias bombs and files above
 * 10 MB are errors.
 * @throws InputError with file, line and column.
 */
export function parseLocatedYaml(text: string, file: string): LocatedYaml {
  const lines = linesOf(text, file);
  const options = { ...OPTIONS, lineCounter: lines } as const;
  return locatedDocument(parseDocument(text, options), file, lines);
}

/**
 * Parses the documents of a file that other tools read too: several in one file, and `<<: *defaults`.
 * @throws InputError with file, line and column.
 */
export function parseLocatedDocuments(text: string, file: string): LocatedYaml[] {
  const lines = linesOf(text, file);
  const options = { ...OPTIONS, lineCounter: lines, merge: true } as const;
  const documents = parseAllDocuments(text, options);
  if (documents.length > MAX_DOCUMENTS) {
    throw new InputError([{ file, message: `has more than ${MAX_DOCUMENTS} documents` }]);
  }
  return [...documents].map((document) => locatedDocument(document as Document.Parsed, file, lines));
}

function linesOf(text: string, file: string): LineCounter {
  if (text.length > MAX_BYTES) {
    throw new InputError([{ file, message: `is larger than ${MAX_BYTES / 1024 / 1024} MB` }]);
  }
  for (const _ of new DepthGuard(text, file).parse(text));
  return new LineCounter();
}

/** What is nested too deep is refused before the composer, which recurses, comes to it. */
class DepthGuard extends Parser {
  private readonly text: string;
  private readonly file: string;

  constructor(text: string, file: string) {
    super();
    this.text = text;
    this.file = file;
  }

  override *next(source: string): Generator<CST.Token, void> {
    yield* super.next(source);
    if (this.stack.length <= MAX_DEPTH) return;
    const before = this.text.slice(0, this.offset).split('\n');
    const place = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    throw new InputError([{ file: this.file, place, message: `is nested more than ${MAX_DEPTH} deep` }]);
  }
}

function locatedDocument(document: Document.Parsed, file: string, lines: LineCounter): LocatedYaml {
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  if (document.errors.length > 0) {
    throw new InputError(
      document.errors.slice(0, MOST_ERRORS).map((error) => ({
        file,
        place: place(error.pos[0]),
        message: `is no YAML: ${error.message}`,
      })),
    );
  }
  const twice = duplicateKeys(document);
  if (twice.length > 0) {
    throw new InputError(
      twice.map((offset) => ({
        file,
        place: place(offset),
        message: 'the key stands here a second time: each key may be given once',
      })),
    );
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    throw new InputError([{ file, message: `uses more than ${MAX_ALIASES} aliases, or an unknown one` }]);
  }
  if (containsItself(value))
    throw new InputError([{ file, message: 'has an alias inside of what it stands for' }]);
  return {
    value,
    placeOfValue(path) {
      for (let length = path.length; length >= 0; length--) {
        const node = nodeAt(document, path.slice(0, length));
        if (node?.range) return place(node.range[0]);
      }
      return undefined;
    },
    placeOfKey(path) {
      const parent = nodeAt(document, path.slice(0, -1));
      if (!isMap(parent)) return undefined;
      const pair = parent.items.find((item) => isPair(item) && keyText(item.key) === path[path.length - 1]);
      const key = pair?.key as Node | undefined;
      return key?.range ? place(key.range[0]) : undefined;
    },
  };
}

/** Where keys stand that their object has before: the first of them. */
function duplicateKeys(document: Document.Parsed): number[] {
  const offsets: number[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value) && key.range) offsets.push(key.range[0]);
        seen.add(key.value);
      }
      return offsets.length >= MOST_ERRORS ? visit.BREAK : undefined;
    },
  });
  return offsets.slice(0, MOST_ERRORS);
}

function containsItself(value: unknown, around: readonly unknown[] = []): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (around.includes(value)) return true;
  return Object.values(value).some((inner) => containsItself(inner, [...around, value]));
}

function nodeAt(document: Document.Parsed, path: Path): Node | undefined {
  let node: unknown = document.contents;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) node = node.items.find((item) => keyText(item.key) === key)?.value;
    else if (isSeq(node)) node = node.items[key as number];
    else return undefined;
  }
  return (node ?? undefined) as Node | undefined;
}

function keyText(key: unknown): unknown {
  return isScalar(key) ? key.value : key;
}
