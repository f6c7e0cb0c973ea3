import type { Recording } from '../recording/recording.ts';
import { summarize } from '../report/summary.ts';
import { TOTAL_METRICS } from '../report/total-metrics.ts';
import { REQUEST_FIELDS, requestRows } from './request-rows.ts';

/** The run, its summary, its totals under vLLM's names, and an object per request, one a line. */
export function* exportJson(recording: Recording): Generator<string> {
  const { header } = recording;
  const summary = summarize(recording);
  const totals = TOTAL_METRICS.flatMap((metric) =>
    metric.kind === 'total' ? [[metric.name, metric.read(summary, recording)]] : [],
  );
  const parts = {
    name: header.name,
    seed: header.seed,
    vllm: header.vllm,
    about: header.about,
    summary,
    metrics: Object.fromEntries(totals),
  };
  yield '{\n';
  for (const [name, value] of Object.entries(parts)) yield `"${name}": ${JSON.stringify(value)},\n`;
  yield '"requests": [';
  let separator = '\n';
  for (const row of requestRows(recording)) {
    const fields = REQUEST_FIELDS.map((name, i) => [name, row[i]]);
    yield separator + JSON.stringify(Object.fromEntries(fields));
    separator = ',\n';
  }
  yield '\n]\n}\n';
}
