import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Metric } from '../../sim/report/metric.ts';
import { METRICS } from '../../sim/report/metrics.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';

/* docs/metrics.md is generated: `npx vitest run test/docs -u` writes it anew. */

const INTRO = `# Metrics

Generated from \`sim/report/metrics.ts\` by \`npx vitest run test/docs -u\`; a test keeps it in step.

Names that begin with \`vllm:\` are those of vLLM's \`/metrics\`, where the meaning is the same; the others are
Poolscope's own. Times are seconds of simulated time, shares lie between 0 and 1. In scenario files,
\`expect:\` takes each of them ([scenarios.md](scenarios.md#expectations)).

vLLM's histograms are buckets; here percentiles are exact, linearly interpolated between samples (numpy's default).
vLLM samples gauges whenever somebody scrapes; here they count as long as the step takes, and time between steps has
no weight. \`p(N)\` of a gauge is the least value that it does not exceed for N % of that time.

Not offered: \`vllm:time_per_output_token_seconds\`, which newer vLLM calls \`vllm:inter_token_latency_seconds\`, and
everything about the HTTP server. Metrics of tokens are read off the events of a run, which long runs leave out unless
an expectation, \`--json\` or \`--record\` needs them.
`;

const KINDS: Readonly<Record<Metric['kind'], readonly [title: string, aggregates: string]>> = {
  request: ['One sample a request', 'p(N), mean or avg, median or med, min, max, count'],
  token: ['One sample a token', 'the same'],
  step: ['One sample a step', 'the same'],
  gauge: ['Gauges, after each step’s schedule()', 'the same, weighted by time; count is of steps'],
  total: ['Totals', 'value'],
};

function table(kind: Metric['kind']): string {
  const [title, aggregates] = KINDS[kind];
  const rows = METRICS.filter((metric) => metric.kind === kind).map(({ name, aliases = [], unit, about }) => {
    const names = [name, ...aliases].map((each) => `\`${each}\``).join('<br>');
    return `| ${names} | ${unit} | ${about} |`;
  });
  return [
    `## ${title}`,
    '',
    `Aggregates: ${aggregates}.`,
    '',
    '| metric | unit | |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

test('docs/metrics.md is the catalogue', async () => {
  const kinds = Object.keys(KINDS) as Metric['kind'][];
  await expect([INTRO, ...kinds.map(table)].join('\n')).toMatchFileSnapshot('../../docs/metrics.md');
});

test.each(['ci.md', 'scenarios.md', 'sweeps.md'])('the scenarios of docs/%s are valid', (name) => {
  const text = readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/```yaml\n(version: 1\n[\s\S]*?)```/g)].map(([, block]) => block);
  expect(blocks.length).toBeGreaterThan(0);
  for (const block of blocks) expect(parseScenario(block, name).expect.metrics.length).toBeGreaterThan(0);
});
