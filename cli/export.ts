import { closeSync, openSync, writeSync } from 'node:fs';
import { InputError } from '../sim/error.ts';
import { exportChromeTrace } from '../sim/export/chrome-trace.ts';
import { exportCsv } from '../sim/export/csv.ts';
import { exportJson } from '../sim/export/json.ts';
import { exportOpenMetrics, LEAST_EVERY_NS } from '../sim/export/openmetrics.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { ExitCode } from './exit-code.ts';
import { loadRecording, type RecordingOptions } from './load-recording.ts';

export const EXPORT_FORMATS = ['json', 'csv', 'openmetrics', 'chrome-trace'] as const;

export interface ExportOptions extends RecordingOptions {
  readonly format: (typeof EXPORT_FORMATS)[number];
  /** For openmetrics: a duration. */
  readonly every?: string;
  readonly output?: string;
}

const BUFFER_CHARS = 1 << 16;
const UNITS_NS: Readonly<Record<string, number>> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** `poolscope export`: a run in a form that other tools read. Returns the exit code. */
export function exportRun(source: string, options: ExportOptions): number {
  const everyNs = everyNsOf(options);
  const chunks = chunksOf(loadRecording(source, options), options.format, everyNs);
  if (options.output === undefined) writeToStdout(chunks);
  else writeToFile(options.output, chunks);
  return ExitCode.Ok;
}

function chunksOf(recording: Recording, format: ExportOptions['format'], everyNs?: number) {
  switch (format) {
    case 'json':
      return exportJson(recording);
    case 'csv':
      return exportCsv(recording);
    case 'openmetrics':
      return exportOpenMetrics(recording, { everyNs });
    case 'chrome-trace':
      return exportChromeTrace(recording);
  }
}

function everyNsOf({ every, format }: ExportOptions): number | undefined {
  if (every === undefined) return undefined;
  const fail = (message: string) => new InputError([{ file: '--every', message }]);
  if (format !== 'openmetrics') throw fail('only openmetrics takes samples');
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(every) ?? [];
  const ns = Math.round(Number(number) * (UNITS_NS[unit] ?? Number.NaN));
  if (!(ns >= LEAST_EVERY_NS) || !Number.isSafeInteger(ns)) {
    throw fail(`expected a duration like 500ms, 1s or 2m, at least 1ms, got "${every}"`);
  }
  return ns;
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
  const attempt = <T>(write: () => T): T => {
    try {
      return write();
    } catch (error) {
      throw new InputError([{ file: path, message: `cannot be written: ${(error as Error).message}` }]);
    }
  };
  const texts = buffered(chunks);
  // What is refused is refused before its first text: the file that was there stays.
  let text = texts.next();
  const file = attempt(() => openSync(path, 'w'));
  try {
    for (; !text.done; text = texts.next()) {
      const bytes = Buffer.from(text.value);
      // The system may take less than all of it.
      for (let at = 0; at < bytes.length; ) at += attempt(() => writeSync(file, bytes, at));
    }
  } finally {
    closeSync(file);
  }
}
