import { closeSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Gunzip } from 'fflate';
import { nearest } from '../sim/catalog/nearest.ts';
import { InputError } from '../sim/error.ts';
import { oneLine } from '../sim/one-line.ts';

/** Larger inputs than this are refused, unpacked size included. */
const MAX_BYTES = 1024 * 1024 * 1024;
const PIECE_BYTES = 1 << 18;

/** Files that somebody wants to know of: full path → its stamp when it was asked for. */
let asked: Map<string, string> | null = null;

/** What work does, and all files that it asks for here, those that are not there too: full path → stamp. */
export function withFilesRead<T>(work: () => T): { value: T; filesRead: ReadonlyMap<string, string> } {
  const filesRead = new Map<string, string>();
  asked = filesRead;
  try {
    return { value: work(), filesRead };
  } finally {
    asked = null;
  }
}

function noteAsked(path: string): void {
  const full = resolve(path);
  if (asked !== null && !asked.has(full)) asked.set(full, stampOf(full));
}

/** Another text when a file has another content. */
export function stampOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? 'not there' : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
}

/**
 * A file as bytes, gunzipped if its name ends in .gz.
 * @throws InputError if it cannot be read.
 */
export function readBytes(path: string): Buffer {
  noteAsked(path);
  try {
    const bytes = readFileSync(path);
    return path.endsWith('.gz') ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes;
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** A file as text, without the byte order mark that some editors put first. */
export function readText(path: string): string {
  return new TextDecoder().decode(readBytes(path));
}

/**
 * A file as text, piece by piece, gunzipped if its name ends in .gz: of any size in little memory.
 * @throws InputError where it cannot be read.
 */
export function* readChunks(path: string): Generator<string> {
  noteAsked(path);
  const decoder = new TextDecoder();
  try {
    for (const bytes of path.endsWith('.gz') ? gunzipped(readPieces(path)) : readPieces(path)) {
      yield decoder.decode(bytes, { stream: true });
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw unreadable(path, error);
  }
  yield decoder.decode();
}

function* readPieces(path: string): Generator<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const piece = new Uint8Array(PIECE_BYTES);
      const length = readSync(file, piece);
      if (length === 0) return;
      yield piece.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

function* gunzipped(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let ready: Uint8Array[] = [];
  const gunzip = new Gunzip((bytes) => ready.push(bytes));
  const unpack = (piece: Uint8Array, isLast: boolean) => {
    try {
      gunzip.push(piece, isLast);
    } catch {
      throw Object.assign(new Error(), { code: isLast ? 'Z_BUF_ERROR' : 'Z_DATA_ERROR' });
    }
  };
  for (const piece of pieces) {
    unpack(piece, false);
    yield* ready;
    ready = [];
  }
  unpack(new Uint8Array(0), true);
  yield* ready;
}

/** Reads files that a scenario names: inside its own folder, links resolved. */
export function readerBeside(scenarioFile: string): (path: string) => string {
  return (path) => readText(pathBeside(scenarioFile, path));
}

/**
 * Where a file that a scenario names is, in its own folder or below, links resolved.
 * @throws InputError if it is not there, or elsewhere.
 */
export function pathBeside(scenarioFile: string, path: string): string {
  const folder = realpathSync(dirname(resolve(scenarioFile)));
  const full = join(folder, path);
  noteAsked(full);
  let real: string;
  try {
    real = realpathSync(full);
  } catch (error) {
    throw new InputError([{ file: shownPath(full), message: reasonOf(error) }]);
  }
  if (!real.startsWith(folder + sep)) {
    throw new InputError([{ file: path, message: "leads out of the scenario's folder" }]);
  }
  // A pipe would be waited for, and what a device says has no end.
  if (statSync(real).isFile()) return real;
  throw new InputError([{ file: path, message: 'is no file' }]);
}

/**
 * The files of the given files and folders, in a stable order. Of folders: all that is below and whose name ends in
 * one of the endings, but not what packages bring, what is hidden, or what a link to a folder leads to.
 */
export function filesBelow(paths: readonly string[], endings: readonly string[]): string[] {
  return paths.flatMap((path) => {
    try {
      return statSync(path).isDirectory() ? filesIn(path, endings) : [path];
    } catch (error) {
      throw unreadable(path, error);
    }
  });
}

function filesIn(folder: string, endings: readonly string[]): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return /^(\.|node_modules$)/.test(entry.name) ? [] : filesIn(path, endings);
      const isWanted = endings.some((ending) => entry.name.endsWith(ending));
      return isWanted && statSync(path, { throwIfNoEntry: false })?.isFile() ? [path] : [];
    });
}

/** A path as the user would write it from here, to be shown: what is no text in it is a blank. */
export function shownPath(path: string): string {
  const short = relative('.', path);
  return oneLine(short.startsWith('..') ? path : short);
}

/**
 * What work gives, which writes the file.
 * @throws InputError if it cannot be written.
 */
export function writing<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reasons: Record<string, string> = {
      ENOENT: 'there is no such folder',
      ENOTDIR: 'there is no such folder',
      EISDIR: 'is a folder',
      EACCES: 'may not be written',
    };
    const reason = `cannot be written: ${(code && reasons[code]) || message}`;
    throw new InputError([{ file, message: code === 'EEXIST' ? 'is there already' : reason }]);
  }
}

/** Of a file that the user named, with the name beside it that may have been meant. */
function unreadable(path: string, error: unknown): InputError {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  const suggestion = isMissing ? nearestFile(path) : undefined;
  return new InputError([{ file: path, message: reasonOf(error), suggestion }]);
}

/** What all names end in does not make them alike: the part before the first dot must be near too. */
function nearestFile(path: string): string | undefined {
  const [folder, wanted] = [dirname(path), basename(path)];
  try {
    const stem = (name: string) => name.split('.')[0];
    const alike = readdirSync(folder).filter((name) => nearest(stem(wanted), [stem(name)]) !== null);
    const found = nearest(wanted, alike);
    return found === null ? undefined : join(folder, found);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file',
    ENOTDIR: 'there is no such file',
    EISDIR: 'is a folder',
    EACCES: 'may not be read',
    ENAMETOOLONG: 'is longer than the name of a file can be',
    Z_DATA_ERROR: 'is no gzip file, or is damaged',
    Z_BUF_ERROR: 'the gzip file was cut off',
    ERR_BUFFER_TOO_LARGE: `is larger than ${MAX_BYTES / 1024 / 1024} MB unpacked`,
  };
  return (code && reasons[code]) || message;
}
