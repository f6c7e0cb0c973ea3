import { describe, expect, test } from 'vitest';
import { formatProblem, InputError } from '../../../sim/error.ts';
import { calibrateBench } from '../../../sim/fit/bench-calibration.ts';
import { benchError } from '../../../sim/fit/bench-errors.ts';
import { type BenchResult, readBenchResults } from '../../../sim/fit/bench-result.ts';
import { benchCase, simulatedFigures } from '../../../sim/fit/bench-run.ts';
import type { Calibration } from '../../../sim/scenario/calibration.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import type { Scenario } from '../../../sim/scenario/scenario.ts';
import { madeBench, withoutDetails } from './made-bench.ts';

const SERVED = `version: 1
command: vllm serve meta-llama/Llama-3.1-8B --max-model-len 4096 --max-num-seqs 64
hardware: {gpu: rtx4090}
`;
const LOAD =
  'workload: {num-prompts: 30, request-rate: 8, random-input-len: 600, random-output-len: 60, random-range-ratio: 0.5}\n';
const scenario = (text = SERVED) => parseScenario(text, 's.yaml');

/** A server that is slower than the catalogue says. */
const SLOWER: Calibration = {
  gpu: 'rtx4090',
  source: 'made',
  parts: [],
  constants: { gemm: { ec: 0.8, em: 0.78 }, dec: { ea: 0.78 }, fa: { ef: 0.6 }, elt: { e: 0.97 } },
  overhead: { perStep: 400e-6, perSequence: 11e-6 },
  link: null,
  error: [0, 0],
};

function measured(load = LOAD): Record<string, unknown> {
  const plain = scenario(SERVED + load);
  return madeBench({ ...plain, hardware: { ...plain.hardware, calibration: SLOWER } });
}

function read(...results: Record<string, unknown>[]) {
  return readBenchResults(results.map((result) => JSON.stringify(result)).join('\n'), 'bench.json');
}

/** What is left without any fit. */
function errorOf(of: Scenario, results: readonly BenchResult[]): number {
  const cases = results.map((result) => benchCase(of, result));
  return benchError(
    cases,
    cases.map((each) => simulatedFigures(each, undefined)),
  );
}

describe('a serving run of a slower server', () => {
  const found = calibrateBench(scenario(), read(measured()));

  test('is predicted well afterwards, in every figure', () => {
    expect(found.error.before).toBeGreaterThan(0.1);
    expect(found.error.after).toBeLessThan(0.015);
    const [{ figures, numRequests }] = found.runs;
    expect(numRequests).toBe(30);
    expect(figures.map(({ figure }) => figure)).toEqual([
      'throughput',
      ...['ttft', 'tpot', 'itl', 'e2el'].flatMap((latency) =>
        ['mean', 'p50', 'p99'].map((s) => `${latency} ${s}`),
      ),
    ]);
    for (const { figure, measured, after } of figures) {
      if (/throughput|(ttft|tpot|itl|e2el) mean/.test(figure))
        expect(Math.abs(after / measured - 1)).toBeLessThan(0.03);
    }
  });

  test('says what was found, and that nothing is at the edge', () => {
    const after = Object.fromEntries(found.variables.map((variable) => [variable.name, variable.after]));
    expect(after.memory).toBeLessThan(0.95);
    expect(found.variables.every(({ isAtBound }) => !isAtBound)).toBe(true);
    expect(found.variables.map(({ name }) => name)).not.toContain('link');
    expect(found.calibration).toMatchObject({
      gpu: 'rtx4090',
      source: 'meta-llama/Llama-3.1-8B on 1 × rtx4090, bench.json',
      parts: ['whole step'],
      link: null,
    });
  });

  test('predicts another load of the same server too', () => {
    const other = read(measured(LOAD.replace('request-rate: 8', 'request-rate: 3')));
    const plain = scenario();
    const with_ = { ...plain, hardware: { ...plain.hardware, calibration: found.calibration } } as Scenario;
    const before = errorOf(plain, other);
    expect(before).toBeGreaterThan(0.1);
    expect(errorOf(with_, other)).toBeLessThan(0.04);
  });

  test('gives the same again', () => {
    expect(calibrateBench(scenario(), read(measured())).calibration).toEqual(found.calibration);
  });
});

test('several results are fitted together, without their lists by the scenario’s own workload', () => {
  const result = withoutDetails(measured());
  const { runs, error } = calibrateBench(scenario(SERVED + LOAD), read(result, result));
  expect(runs).toHaveLength(2);
  expect(runs[0].assumed[0]).toContain("the scenario's own workload");
  expect(runs[0].figures.map(({ figure }) => figure)).toEqual(['throughput', 'ttft mean', 'tpot mean']);
  expect(error.after).toBeLessThan(error.before / 3);
});

test('without lists and without a workload all requests have the mean lengths', () => {
  const { runs } = calibrateBench(scenario(), read(withoutDetails(measured())));
  expect(runs[0].assumed.join()).toContain('mean lengths');
});

test('ranks that exchange something have a link to fit', () => {
  const text = SERVED.replace('--max-num-seqs', '--tensor-parallel-size 2 --max-num-seqs').replace(
    'rtx4090',
    'rtx4090, count: 2',
  );
  const small = LOAD.replace('30', '15');
  const plain = scenario(text + small);
  const slow = { alpha: [90e-6, 90e-6, 90e-6], busGBs: [6, 6, 6], source: 'made' } as const;
  const result = madeBench({ ...plain, hardware: { ...plain.hardware, link: slow } });
  const { variables, calibration, error } = calibrateBench(scenario(text), read(result));
  expect(variables.find(({ name }) => name === 'link')?.after).toBeGreaterThan(1.2);
  expect(calibration?.link?.busGBs[0]).toBeLessThan(12);
  expect(error.after).toBeLessThan(error.before / 2);
});

describe('clients that keep a limited number of requests open', () => {
  const plain = scenario(SERVED + LOAD.replace('request-rate: 8', 'request-rate: inf, max-concurrency: 6'));
  const result = { ...madeBench(plain), request_rate: 'inf', max_concurrency: 6 };

  test('are simulated so: the same server is met exactly, with or without times of sending', () => {
    const { start_times, ...untimed }: Record<string, unknown> = result;
    for (const file of [result, untimed]) {
      // Times of sending are seconds of a clock: they are not exact to the nanosecond.
      expect(errorOf(scenario(), read(file))).toBeLessThan(1e-3);
    }
  });

  test('without the limit the run would be another', () => {
    expect(
      errorOf(scenario(), read({ ...result, max_concurrency: null, start_times: undefined })),
    ).toBeGreaterThan(0.1);
  });
});

test('a ramp is drawn as one', () => {
  const load = LOAD.replace(
    'request-rate: 8',
    'ramp-up-strategy: linear, ramp-up-start-rps: 1, ramp-up-end-rps: 12',
  );
  const { start_times, ...untimed }: Record<string, unknown> = {
    ...madeBench(scenario(SERVED + load)),
    request_rate: 'inf',
    ramp_up_strategy: 'linear',
    ramp_up_start_rps: 1,
    ramp_up_end_rps: 12,
  };
  expect(benchCase(scenario(), read(untimed)[0]).assumed.join()).toContain('arrivals are drawn');
  const error = errorOf(scenario(), read(untimed));
  expect(error).toBeLessThan(0.25);
  const flat = { ...untimed, ramp_up_strategy: null };
  expect(errorOf(scenario(), read(flat))).toBeGreaterThan(2 * error);
});

describe('what cannot be fitted to is refused', () => {
  const problem = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      if (error instanceof InputError) return error.problems.map(formatProblem).join('\n');
      throw error;
    }
    return 'nothing';
  };
  const { mean_ttft_ms, ...noTtft } = withoutDetails(measured());
  const { duration, ...noDuration } = measured();

  test.each<[string, Record<string, unknown>, string]>([
    ['no TTFT', noTtft, 'bench.json: mean_tpot_ms: has no mean TTFT and TPOT'],
    [
      'no duration',
      noDuration,
      'bench.json: duration: missing; a result of vllm bench serve --save-result has it',
    ],
    ['nobody answered', { ...measured(), completed: 0 }, 'completed: expected a number, at least 1'],
    [
      'too many failed',
      { ...withoutDetails(measured()), failed: 20 },
      'failed: 20 of 50 requests failed: the others had another load than was asked for',
    ],
    [
      'lists of other lengths',
      { ...measured(), ttfts: [1] },
      'ttfts: expected a list of numbers, one for each request (30)',
    ],
    ['a text in a list', { ...measured(), input_lens: ['x'] }, 'input_lens.0: expected a number, 0 or more'],
  ])('%s', (_, result, message) => {
    expect(problem(() => read(result))).toContain(message);
  });

  test('a file that was cut off', () => {
    expect(problem(() => readBenchResults('{"completed": 1}\n{"com', 'b.json'))).toContain('b.json: ');
    expect(problem(() => readBenchResults('{"duration"\n', 'b.json'))).toContain(
      'b.json:1:1: expected a JSON object',
    );
  });

  test('another workload', () => {
    const other = scenario(SERVED + LOAD.replace('30,', '45,'));
    expect(problem(() => calibrateBench(other, read(withoutDetails(measured()))))).toContain(
      's.yaml: finishes 45 requests, where bench.json has 30: is it the same workload?',
    );
  });

  test('a server that would not start', () => {
    const t4 = scenario(SERVED.replace('rtx4090', 't4'));
    expect(problem(() => calibrateBench(t4, read(measured())))).toContain(
      'vLLM would not start: weights-do-not-fit',
    );
  });
});
