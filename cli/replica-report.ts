import type { Recording, RecordingHeader } from '../sim/recording/recording.ts';
import { summarizeReplicas } from '../sim/report/replicas.ts';
import type { PipelineSummary } from '../sim/report/summary.ts';
import { number, percent, seconds } from './text.ts';

const KINDS: Readonly<Record<NonNullable<RecordingHeader['replica']>['of']['kind'], string>> = {
  replica: 'replicas',
  'data-parallel rank': 'data-parallel ranks',
  'virtual engine': 'virtual engines',
};

/** The lines of a run's report that compare its engines: label and text; none for a single one. */
export function replicaLines(recordings: readonly Recording[]): [label: string, text: string][] {
  const summary = summarizeReplicas(recordings);
  const of = recordings[0].header.replica?.of;
  if (summary === null || of === undefined) return [];
  const router = of.router === 'vllm' ? 'vLLM' : of.router;
  const uneven =
    summary.imbalance === null ? '' : ` · the busiest computes ${summary.imbalance.toFixed(2)} × the mean`;
  return [
    ['engines', `${recordings.length} ${KINDS[of.kind]}, requests routed by ${router}${uneven}`],
    ['', cells(['requests', 'outputs', 'KV mean', 'KV max', 'hits', 'preempted', 'TTFT p99'])],
    ...summary.replicas.map(({ index, summary: one, outputTokens }): [string, string] => [
      `  ${index}`,
      cells([
        number(one.requests.total),
        number(outputTokens),
        one.kvCacheUse === null ? '–' : percent(one.kvCacheUse.mean),
        one.kvCacheUse === null ? '–' : percent(one.kvCacheUse.max),
        one.prefixHitRate === null ? '–' : percent(one.prefixHitRate),
        number(one.numPreemptions),
        one.timeToFirstToken === null ? '–' : seconds(one.timeToFirstToken.p99),
      ]),
    ]),
  ];
}

function cells(texts: readonly string[]): string {
  return texts
    .map((text) => text.padStart(11))
    .join('')
    .slice(2);
}

/** How much of the time the stages of a pipeline wait. */
export function pipelineLine({ busy, bubbles }: PipelineSummary): string {
  const shares = busy.map((share) => percent(share)).join(', ');
  return `${busy.length} stages wait for ${percent(bubbles)} of the time in which batches are under way · they compute for ${shares}`;
}
