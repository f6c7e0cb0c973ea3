import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InputError } from '../../sim/error.ts';
import { writing } from '../files.ts';
import { isKept, resultSchema } from './kept-schema.ts';

/**
 * Results in a folder, each in a file that is named after the digest of what it depends on. A file appears whole or
 * not at all, whenever the process is killed; several processes may share the folder.
 */
export class ResultStore {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The text of a result; null if there is none, or it is damaged. */
  read(digest: string): string | null {
    const text = readIfThere(this.pathOf(digest));
    return text !== null && isKept(text, resultSchema) ? text : null;
  }

  write(digest: string, result: string): void {
    writeWhole(this.pathOf(digest), result);
  }

  pathOf(digest: string): string {
    return join(this.folder, 'points', `${digest}.json`);
  }
}

/**
 * Writes beside the file and renames.
 * @throws InputError if it cannot.
 */
export function writeWhole(path: string, text: string): void {
  const beside = `${path}.${process.pid}.tmp`;
  writing(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(beside, text);
    renameSync(beside, path);
  });
}

/** null if there is no such file. */
export function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new InputError([{ file: path, message: `cannot be read: ${message}` }]);
  }
}
