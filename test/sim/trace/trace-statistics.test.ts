import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { percentile } from '../../../sim/report/statistics.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { scenarioWorkload } from '../../../sim/simulate-scenario.ts';
import { fitTrace, LENGTH_FITS } from '../../../sim/trace/fit-trace.ts';
import { openTrace } from '../../../sim/trace/open-trace.ts';
import { TokenHistogram } from '../../../sim/trace/token-histogram.ts';
import type { TraceRow } from '../../../sim/trace/trace.ts';
import { summarizeTrace } from '../../../sim/trace/trace-statistics.ts';
import { workloadRows } from '../../../sim/trace/workload-rows.ts';
import { rowsByArrival, WRITABLE_FORMATS, writeTrace } from '../../../sim/trace/write-trace.ts';
import { traceWorkload } from '../../../sim/workload/trace.ts';

const sample = (name: string) => readFileSync(new URL(`files/${name}`, import.meta.url), 'utf8');
const open = (text: string) => openTrace([text], { file: 'f', format: null });
const statisticsOf = (text: string) => summarizeTrace(open(text), 'f').statistics;

function scenario(workload: object, seed = 1) {
  const text = JSON.stringify({
    version: 1,
    command: 'vllm serve meta-llama/Llama-3.1-8B-Instruct',
    hardware: { gpu: 'a100-80g-sxm' },
    seed,
    workload,
  });
  return scenarioWorkload(parseScenario(text, 'f'), {}).workload;
}

test('percentiles of a histogram are those of its samples', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(50), { minLength: 1 }),
      fc.double({ min: 0, max: 100, noNaN: true }),
      (samples, p) => {
        const histogram = new TokenHistogram();
        for (const tokens of samples) histogram.add(tokens);
        expect(histogram.samples().percentile(p)).toBeCloseTo(
          percentile(Float64Array.from(samples).sort(), p),
          9,
        );
      },
    ),
  );
});

describe('statistics', () => {
  test('shared prefixes: leading blocks that an earlier request had', () => {
    const { prefixes, requests, arrivals, promptTokens } = statisticsOf(sample('mooncake.jsonl'));
    expect(requests).toBe(3);
    expect(promptTokens.total).toBe(2800);
    expect(prefixes).toEqual({ blockTokens: 512, blocks: 5, sharedTokens: 1024 });
    expect(arrivals).toEqual({ seconds: 4, perSecond: 0.5, variation: 0.25, burstiness: 16 });
  });

  test('a file without times has no arrivals, one without ids no prefixes', () => {
    expect(statisticsOf(sample('sharegpt.json'))).toMatchObject({ arrivals: null, prefixes: null });
  });

  test('equal lengths do not correlate with anything', () => {
    const rows = 'arrived_at,num_prefill_tokens,num_decode_tokens\n0,5,1\n1,5,2\n';
    expect(statisticsOf(rows).correlation).toBeNull();
    expect(statisticsOf(rows.replace('0,5,1', '0,4,1')).correlation).toBeCloseTo(1, 12);
  });
});

describe('fit', () => {
  test('the arrivals and lengths of a generated trace are found again', () => {
    const workload = scenario({
      'num-prompts': 20_000,
      'request-rate': 4,
      burstiness: 0.5,
      'input-len': { lognormal: { median: 800, sigma: 0.7, max: 100_000 } },
      'output-len': { uniform: [10, 30] },
    });
    const rows = [...workloadRows(workload, workload.arrivalNs, 0)];
    const summary = summarizeTrace({ ...open(sample('azure.csv')), rows }, 'f');
    const fitted = fitTrace(summary, 'lognormal');
    expect(fitted['request-rate']).toBeCloseTo(4, 0);
    expect(Math.abs(fitted.burstiness! - 0.5)).toBeLessThan(0.02);
    const { lognormal } = fitted['input-len'] as { lognormal: { median: number; sigma: number } };
    expect(Math.abs(lognormal.median / 800 - 1)).toBeLessThan(0.03);
    expect(Math.abs(lognormal.sigma - 0.7)).toBeLessThan(0.02);
    expect(fitTrace(summary, 'quantiles')['output-len']).toMatchObject({
      quantiles: { p0: 10, p50: 20, p100: 30 },
    });
  });

  test.each(LENGTH_FITS)('what is printed with --lengths %s is a workload', (fit) => {
    const summary = summarizeTrace(open(sample('azure.csv')), 'f');
    const workload = scenario(fitTrace(summary, fit));
    expect(workload.numRequests).toBe(40);
    for (const tokens of workload.numPromptTokens) {
      expect(tokens).toBeLessThanOrEqual(summary.statistics.promptTokens.max);
    }
  });

  test('one length is a number; lengths that are further apart than a scenario may say are cut to it', () => {
    const rows = 'arrived_at,num_prefill_tokens,num_decode_tokens\n0,5,1\n1,5,9000000\n';
    const summary = summarizeTrace(openTrace([rows], { file: 'f', format: 'vidur' }), 'f');
    for (const fit of LENGTH_FITS) expect(fitTrace(summary, fit)['input-len']).toBe(5);
    expect(fitTrace(summary, 'lognormal')['output-len']).toMatchObject({ lognormal: { sigma: 5 } });
    expect(scenario(fitTrace(summary, 'lognormal')).numRequests).toBe(2);
  });

  test('quantiles give back the mean of what they were taken of', () => {
    const lengths = { lognormal: { median: 300, sigma: 1.3, max: 100_000 } };
    const drawn = scenario({ 'num-prompts': 20_000, 'input-len': lengths });
    const summary = summarizeTrace(
      { ...open(sample('azure.csv')), rows: workloadRows(drawn, drawn.arrivalNs, 0) },
      'f',
    );
    const { numPromptTokens } = scenario({ ...fitTrace(summary, 'quantiles'), 'num-prompts': 200_000 }, 2);
    const mean = numPromptTokens.reduce((sum, n) => sum + n, 0) / numPromptTokens.length;
    expect(Math.abs(mean / summary.statistics.promptTokens.mean - 1)).toBeLessThan(0.1);
  });
});

describe('writing', () => {
  const rowOf = fc.record({
    timeNs: fc.nat(1e12),
    promptTokens: fc.integer({ min: 1, max: 5000 }),
    outputTokens: fc.integer({ min: 1, max: 500 }),
  });

  test.each(WRITABLE_FORMATS)('%s: what is written is read back', (format) => {
    fc.assert(
      fc.property(fc.array(rowOf, { minLength: 1, maxLength: 20 }), (some) => {
        const rows = rowsByArrival(some);
        const text = [...writeTrace(rows, 0, format)].join('');
        const trace = openTrace([text], { file: 'f', format });
        expect([...trace.rows].map(({ hashIds: _, ...row }) => row)).toEqual(rows);
      }),
    );
  });

  test('prefixes survive another size of block', () => {
    const workload = scenario({
      'num-prompts': 40,
      'dataset-name': 'prefix_repetition',
      'prefix-repetition-num-prefixes': 3,
      'prefix-repetition-prefix-len': 1024,
      'prefix-repetition-suffix-len': 100,
    });
    const rows = [...workloadRows(workload, workload.arrivalNs, 16)];
    const shared = (some: Iterable<TraceRow>, blockTokens: number) =>
      summarizeTrace({ ...open(sample('mooncake.jsonl')), rows: some, blockTokens }, 'f').statistics.prefixes!
        .sharedTokens;
    const written = [...writeTrace(rows, 16, 'mooncake')].join('');
    const trace = open(written);
    const back = [...writeTrace(trace.rows, 512, 'bailian')].join('');
    expect(shared(rows, 16)).toBe(37 * 1024);
    expect(statisticsOf(written).prefixes!.sharedTokens).toBe(37 * 1024);
    expect(statisticsOf(back).prefixes!.sharedTokens).toBe(37 * 1024);
  });

  test('the requests of a generated trace share the prefixes of the workload', () => {
    const workload = scenario({ 'num-prompts': 5, 'random-prefix-len': 512, 'random-input-len': 100 });
    const text = [...writeTrace(workloadRows(workload, workload.arrivalNs, 16), 16, 'mooncake')].join('');
    const played = traceWorkload(open(text), { file: 'f', timeScale: 1, limit: null });
    const firstRun = (row: number) => played.runSegment[played.runStart[row]];
    expect([...played.numPromptTokens]).toEqual([612, 612, 612, 612, 612]);
    expect(new Set([0, 1, 2, 3, 4].map(firstRun)).size).toBe(1);
  });
});
