import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import { exportChromeTrace } from '../../../sim/export/chrome-trace.ts';
import { exportCsv } from '../../../sim/export/csv.ts';
import { boundsOf, observationsOf } from '../../../sim/export/histograms.ts';
import { exportJson } from '../../../sim/export/json.ts';
import { exportOpenMetrics } from '../../../sim/export/openmetrics.ts';
import { isIdleAfter } from '../../../sim/export/phases.ts';
import type { Recording } from '../../../sim/recording/recording.ts';
import { METRICS } from '../../../sim/report/metrics.ts';
import { summarize } from '../../../sim/report/summary.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';
import { randomRun } from '../random-run.ts';

const textOf = (chunks: Iterable<string>) => [...chunks].join('');

const HOSTILE = [
  '=1+1',
  '+1',
  '-1',
  '@x',
  'a,b',
  'say "hi"',
  'two\nlines',
  '\t=1',
  'back\\slash',
  '</script>',
];

/** The run with all times longer: random runs take nanoseconds. */
function stretched(recording: Recording, factor: number): Recording {
  const longer = <T extends object>(columns: T): T =>
    Object.fromEntries(
      Object.entries(columns).map(([name, column]) => [
        name,
        name.endsWith('Ns') ? column.map((ns: number) => ns * factor) : column,
      ]),
    ) as T;
  return { ...recording, steps: longer(recording.steps), requests: longer(recording.requests) };
}

/** A run whose texts are as bad as they can be. */
function hostile(recording: Recording): Recording {
  return {
    ...stretched(recording, 1e6),
    header: { ...recording.header, about: { model: 'a"b\\c\nd' } },
    requestIds: recording.requestIds.map((_, i) => HOSTILE[i % HOSTILE.length]),
  };
}

/** The reader of RFC 4180, as small as it can be. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

const checkRuns = (check: (recording: Recording) => void) =>
  fc.assert(
    fc.property(randomRun, (input) => check(hostile(simulate(input)))),
    { numRuns: 60, seed: 14 },
  );

test('csv has a row per request, and no cell is a formula', () => {
  checkRuns((recording) => {
    const [names, ...rows] = parseCsv(textOf(exportCsv(recording)));
    expect(rows).toHaveLength(recording.requestIds.length);
    rows.forEach((row, i) => {
      expect(row).toHaveLength(names.length);
      expect(row[0].replace(/^'/, '')).toBe(recording.requestIds[i]);
      for (const cell of row) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
    });
  });
});

test('json has the summary and the requests', () => {
  checkRuns((recording) => {
    const parsed = JSON.parse(textOf(exportJson(recording)));
    expect(parsed.summary).toEqual(JSON.parse(JSON.stringify(summarize(recording))));
    expect(parsed.requests.map(({ id }: { id: string }) => id)).toEqual(recording.requestIds);
    expect(parsed.metrics['vllm:num_preemptions_total']).toBe(parsed.summary.numPreemptions);
  });
});

describe('openmetrics', () => {
  const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
  const LINE = new RegExp(
    `^(?:# TYPE ${NAME} (?:gauge|counter|histogram)|# HELP ${NAME} (?:[^\\\\"\\n]|\\\\[\\\\n"])*|` +
      `${NAME}\\{model_name="(?:[^\\\\"\\n]|\\\\[\\\\n"])*"(?:,le="(?:\\d+\\.\\d+|\\+Inf)")?\\} \\d+(?:\\.\\d+)?(?:e-\\d+)? \\d+\\.\\d{9}|# EOF)$`,
  );

  /** Series by name; fails where the text is not in the grammar or a family comes twice. */
  function parse(text: string): Map<string, { value: number; seconds: number }[]> {
    expect(text.endsWith('\n# EOF\n') || text === '# EOF\n').toBe(true);
    const series = new Map<string, { value: number; seconds: number }[]>();
    const families = new Set<string>();
    let family = '';
    let type = '';
    for (const line of text.slice(0, -1).split('\n')) {
      if (!LINE.test(line)) throw new Error(`not in the grammar: ${line}`);
      const words = line.split(' ');
      if (words[1] === 'TYPE') {
        [, , family, type] = words;
        expect(families.has(family)).toBe(false);
        families.add(family);
        // vLLM itself has a histogram of that name.
        if (type !== 'histogram') expect(family.endsWith('_total')).toBe(false);
        if (type !== 'histogram') series.set(type === 'counter' ? `${family}_total` : family, []);
      } else if (words[1] === 'HELP') expect(words[2]).toBe(family);
      else if (words[0] !== '#' && type === 'histogram') {
        const name = line.slice(0, line.indexOf('{'));
        if (!/^_(bucket|count|sum)$/.test(name.slice(family.length)))
          throw new Error(`not of ${family}: ${line}`);
        const key = name + (/,le="([^"]+)"/.exec(line)?.[1] ?? '');
        if (!series.has(key)) series.set(key, []);
        series.get(key)!.push({ value: Number(words.at(-2)), seconds: Number(words.at(-1)) });
      } else if (words[0] !== '#') {
        const samples = series.get(line.slice(0, line.indexOf('{')));
        expect(samples).toBe(series.get(type === 'counter' ? `${family}_total` : family));
        samples?.push({ value: Number(words.at(-2)), seconds: Number(words.at(-1)) });
      }
    }
    for (const samples of series.values()) {
      for (let i = 1; i < samples.length; i++) {
        const [before, after] = [samples[i - 1], samples[i]];
        // Prometheus keeps milliseconds.
        if (Math.floor(after.seconds * 1e3) > Math.floor(before.seconds * 1e3)) continue;
        throw new Error(`${after.seconds} s is no later than ${before.seconds} s`);
      }
    }
    return series;
  }

  test('is in the grammar, increases, and counters reach their totals', () => {
    checkRuns((recording) => {
      const series = parse(textOf(exportOpenMetrics(recording, { everyNs: 7e6 })));
      const { metrics } = JSON.parse(textOf(exportJson(recording)));
      for (const [name, samples] of series) {
        if (!name.endsWith('_total')) continue;
        const values = samples.map(({ value }) => value);
        expect(values).toEqual(values.toSorted((a, b) => a - b));
        expect([name, values.at(-1)]).toEqual([name, metrics[name]]);
      }
      expect([...series.keys()]).toContain('vllm:num_preemptions_total');
      expect([...series.keys()]).toContain('vllm:generation_tokens_total');
    });
  });

  test.each([10e6, 7e6])(
    'tokens count when they come, every %i ns: while a prompt is computed step by step, no other stands still',
    (everyNs) => {
      const text = JSON.stringify({
        version: 1,
        engine: { model: 'facebook/opt-125m', 'max-num-batched-tokens': 64, 'max-model-len': 512 },
        hardware: { gpu: 'l4' },
        'step-time': 'fixed:10ms',
        workload: {
          'num-prompts': 2,
          'request-rate': 'inf',
          'random-input-len': 100,
          'random-output-len': 4,
        },
      });
      const { recording } = simulateScenario(parseScenario(text, 's'));
      const samples = parse(textOf(exportOpenMetrics(recording!, { everyNs }))).get(
        'vllm:generation_tokens_total',
      )!;
      const { firstTokenNs, endNs } = recording!.requests;
      const expected = samples.map(({ seconds }) => {
        const at = (i: number) => Math.floor((seconds * 1e9 - firstTokenNs[i]) / 10e6 + 1e-6) + 1;
        return [0, 1].reduce((sum, i) => sum + Math.max(0, Math.min(4, at(i))), 0);
      });
      expect(endNs[0]).toBeLessThan(endNs[1]);
      expect(samples.map(({ value }) => value)).toEqual(expected);
    },
  );

  test('histograms: buckets add up, never shrink, and end with all that there was', () => {
    checkRuns((recording) => {
      const series = parse(textOf(exportOpenMetrics(recording, { everyNs: 70e6 })));
      for (const metric of METRICS) {
        const bounds = boundsOf(metric, recording);
        if (bounds === null || (metric.needsEvents && recording.numEvents === 0)) continue;
        const last = (name: string) => series.get(`${metric.name}_${name}`)!.at(-1)!.value;
        const buckets = [...bounds.map((bound) => (bound % 1 === 0 ? `${bound}.0` : `${bound}`)), '+Inf'];
        const counts = buckets.map((le) => last(`bucket${le}`));
        expect(counts).toEqual(counts.toSorted((a, b) => a - b));
        const observed = observationsOf(metric, recording);
        const total = observed.reduce((sum, { count }) => sum + count, 0);
        expect([metric.name, last('count'), counts.at(-1)]).toEqual([metric.name, total, total]);
        const below = observed.filter(({ value }) => value <= bounds[3]);
        expect(counts[3]).toBe(below.reduce((sum, { count }) => sum + count, 0));
        const sum = observed.reduce((all, { value, count }) => all + value * count, 0);
        expect(last('sum')).toBeCloseTo(sum, 6);
        for (const le of buckets) {
          const values = series.get(`${metric.name}_bucket${le}`)!.map(({ value }) => value);
          expect(values).toEqual(values.toSorted((a, b) => a - b));
        }
      }
    });
  });

  test('by itself it takes at most 10,000 samples of a series', () => {
    const [input] = fc.sample(randomRun, { numRuns: 1, seed: 1 });
    const series = parse(textOf(exportOpenMetrics(stretched(simulate(input), 1e9))));
    const most = Math.max(...[...series.values()].map((samples) => samples.length));
    expect(most).toBeLessThanOrEqual(10_000);
    expect(most).toBeGreaterThan(100);
  });
});

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid?: number;
  readonly ts: number;
  readonly dur: number;
  readonly args: { readonly name: string };
}

test('chrome-trace: on each track events follow each other, and every preemption is there', () => {
  checkRuns((recording) => {
    const { traceEvents }: { traceEvents: TraceEvent[] } = JSON.parse(textOf(exportChromeTrace(recording)));
    const ends = new Map<string, number>();
    for (const { ph, pid, tid, ts, dur } of traceEvents) {
      if (ph !== 'X') continue;
      const track = `${pid}/${tid}`;
      expect(dur).toBeGreaterThanOrEqual(0);
      expect(ts).toBeGreaterThanOrEqual((ends.get(track) ?? 0) - 1e-3);
      ends.set(track, ts + dur);
    }
    const names = traceEvents.filter(({ name, pid }) => name === 'thread_name' && pid === 1);
    expect(names.map(({ args }) => args.name)).toEqual(recording.requestIds);
    const preemptions = traceEvents.filter(({ ph }) => ph === 'i');
    expect(preemptions).toHaveLength(summarize(recording).numPreemptions);
    const lanes = traceEvents.filter(({ ph, pid }) => ph === 'X' && pid === 2);
    expect(lanes).toHaveLength(recording.numSteps);
    const counters = traceEvents.filter(({ ph }) => ph === 'C').map(({ ts }) => ts);
    expect(counters).toEqual(counters.toSorted((a, b) => a - b));
  });
});

/** Google's "Trace Event Format": what each kind of event must have. */
const FORM: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  M: { pid: 'number', args: 'object' },
  X: { ts: 'number', dur: 'number', pid: 'number', tid: 'number', cat: 'string', args: 'object' },
  i: { ts: 'number', pid: 'number', tid: 'number', s: 'string' },
  C: { ts: 'number', pid: 'number', args: 'object' },
};
const METADATA = ['process_name', 'thread_name', 'thread_sort_index'];

test('chrome-trace: each event has the form that its kind must have', () => {
  checkRuns((recording) => {
    const { traceEvents, displayTimeUnit } = JSON.parse(textOf(exportChromeTrace(recording)));
    expect(displayTimeUnit).toBe('ms');
    const wrong = (traceEvents as (TraceEvent & Record<string, unknown>)[]).filter((event) => {
      const form = FORM[event.ph];
      if (form === undefined || typeof event.name !== 'string') return true;
      if (Object.entries(form).some(([key, type]) => typeof event[key] !== type)) return true;
      if (event.ph === 'M') return !METADATA.includes(event.name);
      if (event.ph === 'i') return !['g', 'p', 't'].includes(event.s as string);
      const numbers = [event.ts, ...(event.ph === 'X' ? [event.dur] : Object.values(event.args))];
      return !numbers.every((value) => Number.isFinite(value) && (value as unknown as number) >= 0);
    });
    expect(wrong).toEqual([]);
  });
});

test('the same bytes twice', () => {
  const [input] = fc.sample(randomRun, { numRuns: 1, seed: 2 });
  for (const format of [exportCsv, exportJson, exportOpenMetrics, exportChromeTrace]) {
    expect(textOf(format(simulate(input)))).toBe(textOf(format(simulate(input))));
  }
});

test('between two steps an engine is idle if it has nothing to wait for', () => {
  const [input] = fc.sample(randomRun, { numRuns: 1, seed: 3 });
  const recording = simulate(input);
  const two = (waiting: number, startNs: number, end: 'drained' | 'hang' = 'drained') => ({
    ...recording,
    header: { ...recording.header, end },
    numSteps: 2,
    steps: {
      ...recording.steps,
      numWaiting: Uint32Array.of(waiting, 0),
      startNs: Float64Array.of(0, startNs),
      endNs: Float64Array.of(5, 20),
    },
  });
  expect([-1, 0, 1].map((step) => isIdleAfter(two(0, 9), step))).toEqual([true, true, true]);
  expect(isIdleAfter(two(1, 9), 0)).toBe(false);
  expect(isIdleAfter(two(0, 5), 0)).toBe(false);
  expect(isIdleAfter(two(0, 9, 'hang'), 1)).toBe(false);
});
