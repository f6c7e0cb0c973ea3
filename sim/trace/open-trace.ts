import { InputError } from '../error.ts';
import { benchResultTrace } from './bench-result.ts';
import { CSV_COLUMNS, csvTrace, isHeaderOf } from './csv.ts';
import { jsonLinesFormat, jsonLinesTrace } from './json-lines.ts';
import { shareGptTrace } from './sharegpt.ts';
import { TRACE_FORMAT_LIST, type Trace, type TraceFile, type TraceFormat } from './trace.ts';

/** A first line of a JSON-lines trace may hold the ids of a very long prompt. */
const MAX_HEAD_CHARS = 8 * 1024 * 1024;

/**
 * Opens a trace of which the text comes in chunks.
 * @throws InputError if its format is not known.
 */
export function openTrace(chunks: Iterable<string>, options: TraceFile): Trace {
  const { file } = options;
  const [head, all] = peekLine(chunks);
  const format = options.format ?? detectTraceFormat(head);
  switch (format) {
    case null:
      throw new InputError([{ file, message: `its format is not known; expected ${TRACE_FORMAT_LIST}` }]);
    case 'azure':
    case 'vidur':
    case 'burstgpt':
      return csvTrace(all, file, format);
    case 'mooncake':
    case 'bailian':
    case 'timed_trace':
      return jsonLinesTrace(all, options, format);
    case 'sharegpt':
      return shareGptTrace(all, file);
    case 'vllm-bench':
      return benchResultTrace(all, file);
  }
}

/** The format of a trace, told by its beginning: the whole first line and perhaps more; null if it is none. */
export function detectTraceFormat(head: string): TraceFormat | null {
  const text = head.replace(/^\uFEFF/, '').trimStart();
  if (text.startsWith('[')) return 'sharegpt';
  const line = text.split('\n', 1)[0].trim();
  if (!line.startsWith('{')) {
    const csv = Object.keys(CSV_COLUMNS) as (keyof typeof CSV_COLUMNS)[];
    return csv.find((format) => isHeaderOf(format, line)) ?? null;
  }
  return (
    jsonLinesFormat(objectOf(line)) ??
    (/"(input_lens|endpoint_type|num_prompts)"/.test(text) ? 'vllm-bench' : null)
  );
}

function objectOf(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line);
  } catch {
    // A line that was cut off, or the first of an object on several.
    const fields = line.matchAll(/"(input_length|chat_id)":\s*(\d+)/g);
    return Object.fromEntries([...fields].map(([, name, value]) => [name, Number(value)]));
  }
}

function hasLine(head: string): boolean {
  const text = head.trimStart();
  // A list may well be on one line.
  return text.startsWith('[') || text.includes('\n');
}

/** The text up to the end of the first line or more, and all chunks, that one included. */
function peekLine(chunks: Iterable<string>): [head: string, all: Iterable<string>] {
  const rest = chunks[Symbol.iterator]();
  let head = '';
  while (head.length < MAX_HEAD_CHARS && !hasLine(head)) {
    const next = rest.next();
    if (next.done) break;
    head += next.value;
  }
  function* all(): Generator<string> {
    yield head;
    for (let next = rest.next(); !next.done; next = rest.next()) yield next.value;
  }
  return [head, all()];
}
