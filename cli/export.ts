import { InputError } from '../sim/error.ts';
import { exportChromeTrace } from '../sim/export/chrome-trace.ts';
import { exportCsv } from '../sim/export/csv.ts';
import { exportJson } from '../sim/export/json.ts';
import { exportOpenMetrics, LEAST_EVERY_NS } from '../sim/export/openmetrics.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { durationNs } from '../sim/scenario/schema-parts.ts';
import { ExitCode } from './exit-code.ts';
import { loadRecording, type RecordingOptions } from './load-recording.ts';
import { writeChunks } from './write-chunks.ts';

export const EXPORT_FORMATS = ['json', 'csv', 'openmetrics', 'chrome-trace'] as const;

export interface ExportOptions extends RecordingOptions {
  readonly format: (typeof EXPORT_FORMATS)[number];
  /** For openmetrics: a duration. */
  readonly every?: string;
  readonly output?: string;
}

/** `poolscope export`: a run in a form that other tools read. Returns the exit code. */
export function exportRun(source: string, options: ExportOptions): number {
  const everyNs = everyNsOf(options);
  // A timeline and series are of one engine.
  const together = options.format === 'json' || options.format === 'csv';
  const replica = options.replica ?? (together ? 'together' : undefined);
  const chunks = chunksOf(loadRecording(source, { ...options, replica }), options.format, everyNs);
  writeChunks(options.output, chunks);
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
  const ns = durationNs(every);
  if (ns !== null && ns >= LEAST_EVERY_NS) return ns;
  throw fail(`expected a duration like 500ms, 1s or 2m, at least 1ms, got "${every}"`);
}
