import { InputError } from '../error.ts';
import { isObject } from '../plain-values.ts';
import { NS_PER_S } from '../units.ts';
import { count, plural } from '../words.ts';
import { fail, jsonNumber, jsonTokens } from './cells.ts';
import { sinceFirst } from './times.ts';
import type { Trace, TraceRow } from './trace.ts';

const MAX_RESULT_CHARS = 256 * 1024 * 1024;

/** A result of `vllm bench serve --save-result --save-detailed`: its requests as they were sent, failed ones left out. */
export function benchResultTrace(chunks: Iterable<string>, file: string): Trace {
  const result = resultOf(chunks, file);
  const inputLens = listOf(result, 'input_lens', file);
  const outputLens = listOf(result, 'output_lens', file);
  // Written since 2025; older results do not say when a request was sent.
  const startTimes = result.start_times === undefined ? null : listOf(result, 'start_times', file);
  for (const [field, list] of [
    ['output_lens', outputLens],
    ['start_times', startTimes ?? inputLens],
  ] as const) {
    if (list.length !== inputLens.length) {
      throw problem(file, `holds ${list.length} values, input_lens ${inputLens.length}`, field);
    }
  }
  let numFailed = 0;
  function* rows(): Generator<TraceRow> {
    const toNs = sinceFirst(NS_PER_S);
    for (const [i, length] of inputLens.entries()) {
      const at = (field: string) => ({ file, field: `${field}.${i}`, place: { line: 1, column: 1 } });
      const outputTokens = jsonTokens(at('output_lens'), outputLens[i], 0);
      if (outputTokens === 0) {
        numFailed++;
        continue;
      }
      yield {
        timeNs:
          startTimes === null ? 0 : toNs(at('start_times'), jsonNumber(at('start_times'), startTimes[i], 0)),
        promptTokens: jsonTokens(at('input_lens'), length),
        outputTokens,
      };
    }
  }
  const notes = () => {
    const untimed = `holds no start_times; its request_rate was ${JSON.stringify(result.request_rate ?? 'inf')}`;
    return [
      ...(startTimes === null ? [untimed] : []),
      ...(numFailed > 0
        ? [
            `${count(numFailed, 'request')} without outputs (failed) ${plural(numFailed, 'is', 'are')} left out`,
          ]
        : []),
    ];
  };
  return { format: 'vllm-bench', blockTokens: 0, isTimed: startTimes !== null, rows: rows(), notes };
}

function resultOf(chunks: Iterable<string>, file: string): Record<string, unknown> {
  let text = '';
  for (const chunk of chunks) {
    text += chunk;
    if (text.length > MAX_RESULT_CHARS)
      throw problem(file, `is longer than ${MAX_RESULT_CHARS / 1024 / 1024} MB`);
  }
  let result: unknown;
  try {
    result = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw problem(file, `is no JSON: ${(error as Error).message}`);
  }
  if (!isObject(result)) throw problem(file, 'expected a JSON object');
  return result;
}

function listOf(result: Record<string, unknown>, field: string, file: string): readonly unknown[] {
  const list = result[field];
  if (Array.isArray(list)) return list;
  if (list === undefined) throw problem(file, 'is missing: save the result with --save-detailed', field);
  return fail({ file, field, place: { line: 1, column: 1 } }, 'expected a list');
}

function problem(file: string, message: string, field?: string): InputError {
  return new InputError([{ file, field, message }]);
}
