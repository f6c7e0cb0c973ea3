import { closeSync, openSync, writeSync } from 'node:fs';
import { writing } from './files.ts';

const BUFFER_CHARS = 1 << 16;

/** Writes text that is made chunk by chunk into a file, or to stdout if there is none. */
export function writeChunks(output: string | undefined, chunks: Iterable<string>): void {
  if (output === undefined) writeToStdout(chunks);
  else writeToFile(output, chunks);
}

/** Chunks put together, so that not every line is a write of its own. */
function* buffered(chunks: Iterable<string>): Generator<string> {
  let buffer = '';
  for (const chunk of chunks) {
    buffer += chunk;
    if (buffer.length < BUFFER_CHARS) continue;
    yield buffer;
    buffer = '';
  }
  if (buffer !== '') yield buffer;
}

function writeToStdout(chunks: Iterable<string>): void {
  let isClosed = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `| head` has read enough: no error.
    if (error.code !== 'EPIPE') throw error;
    isClosed = true;
  });
  for (const text of buffered(chunks)) {
    if (isClosed || process.stdout.destroyed) return;
    process.stdout.write(text);
  }
}

function writeToFile(path: string, chunks: Iterable<string>): void {
  const texts = buffered(chunks);
  // What is refused is refused before its first text: the file that was there stays.
  let text = texts.next();
  const file = writing(path, () => openSync(path, 'w'));
  try {
    for (; !text.done; text = texts.next()) {
      const bytes = Buffer.from(text.value);
      // The system may take less than all of it.
      for (let at = 0; at < bytes.length; ) at += writing(path, () => writeSync(file, bytes, at));
    }
  } finally {
    closeSync(file);
  }
}
