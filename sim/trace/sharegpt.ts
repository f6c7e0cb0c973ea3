import { type Cell, fail, jsonTokens } from './cells.ts';
import { elementsOf, type Piece } from './pieces.ts';
import type { Trace, TraceRow } from './trace.ts';

/*
 * ShareGPT as `vllm bench serve --dataset-name sharegpt` takes it (vllm/benchmarks/datasets, ShareGPTDataset): the
 * first turn of a conversation is the prompt, the second the answer; what is too short or too long is left out
 * (`is_valid_sequence`). vLLM shuffles and draws; here the order is the file's.
 */

const MIN_TOKENS = 4;
const MAX_PROMPT_TOKENS = 1024;
const MAX_TOTAL_TOKENS = 2048;
/** Byte-level tokenizers make a token of about 4 bytes of English, and of more of a language that takes more bytes. */
const BYTES_PER_TOKEN = 4;
/** Where a turn says how many tokens it has. */
const COUNT_KEYS = ['num_tokens', 'token_count', 'tokens'] as const;

interface Counts {
  numEstimated: number;
  numShort: number;
  numOutside: number;
}

/** The conversations of such a file; what no turn says of its tokens is estimated from its bytes. */
export function shareGptTrace(chunks: Iterable<string>, file: string): Trace {
  const counts: Counts = { numEstimated: 0, numShort: 0, numOutside: 0 };
  function* rows(): Generator<TraceRow> {
    for (const piece of elementsOf(chunks, file)) {
      const row = rowOf(piece, file, counts);
      if (row !== null) yield row;
    }
  }
  return { format: 'sharegpt', blockTokens: 0, isTimed: false, rows: rows(), notes: () => notesOf(counts) };
}

function notesOf({ numEstimated, numShort, numOutside }: Counts): string[] {
  const notes: string[] = [];
  if (numEstimated > 0) {
    notes.push(
      `lengths of ${numEstimated} texts are estimated: a token per ${BYTES_PER_TOKEN} bytes of UTF-8, about as many characters of English`,
    );
  }
  if (numShort > 0) notes.push(`${numShort} conversations of fewer than two turns are left out`);
  if (numOutside > 0) {
    notes.push(
      `${numOutside} conversations are left out as vLLM does: under ${MIN_TOKENS} tokens, prompts above ${MAX_PROMPT_TOKENS}, or more than ${MAX_TOTAL_TOKENS} in all`,
    );
  }
  return notes;
}

function rowOf([text, line]: Piece, file: string, counts: Counts): TraceRow | null {
  const at: Omit<Cell, 'text'> = { file, place: { line, column: 1 } };
  let entry: { conversations?: unknown } | null;
  try {
    entry = JSON.parse(text);
  } catch {
    return fail(at, 'is no JSON object: is the file damaged?');
  }
  const turns = entry?.conversations;
  if (turns !== undefined && !Array.isArray(turns))
    fail({ ...at, field: 'conversations' }, 'expected a list');
  if (!Array.isArray(turns) || turns.length < 2) {
    counts.numShort++;
    return null;
  }
  const promptTokens = tokensOf(turns[0], { ...at, field: 'conversations.0' }, counts);
  const outputTokens = tokensOf(turns[1], { ...at, field: 'conversations.1' }, counts);
  if (
    promptTokens < MIN_TOKENS ||
    outputTokens < MIN_TOKENS ||
    promptTokens > MAX_PROMPT_TOKENS ||
    promptTokens + outputTokens > MAX_TOTAL_TOKENS
  ) {
    counts.numOutside++;
    return null;
  }
  return { timeNs: 0, promptTokens, outputTokens };
}

/** The count that a turn states, else an estimate from its text. */
function tokensOf(turn: unknown, at: Omit<Cell, 'text'>, counts: Counts): number {
  if (typeof turn !== 'object' || turn === null) return fail(at, 'expected an object with from and value');
  const fields = turn as Record<string, unknown>;
  const key = COUNT_KEYS.find((name) => typeof fields[name] === 'number');
  if (key !== undefined) return jsonTokens({ ...at, field: `${at.field}.${key}` }, fields[key], 0);
  if (typeof fields.value !== 'string') return fail({ ...at, field: `${at.field}.value` }, 'expected a text');
  counts.numEstimated++;
  return Math.round(utf8Bytes(fields.value) / BYTES_PER_TOKEN);
}

function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Half of a surrogate pair counts 2: together they are 4 bytes.
    if (unit >= 0xd800 && unit < 0xe000) bytes += 1;
    else if (unit >= 0x800) bytes += 2;
    else if (unit >= 0x80) bytes += 1;
  }
  return bytes;
}
