import { describe, expect, test } from 'vitest';
import { formatProblem, InputError } from '../../../sim/error.ts';
import { Outcome } from '../../../sim/recording/tables.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { scenarioWorkload, simulateScenario } from '../../../sim/simulate-scenario.ts';

const MOONCAKE = [0, 1000, 1500].map(
  (timestamp) =>
    `{"timestamp": ${timestamp}, "input_length": 600, "output_length": 20, "hash_ids": [1, 2]}\n`,
);

function scenario(workload: object, seed = 1) {
  return parseScenario(
    JSON.stringify({
      version: 1,
      command: 'vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 4096',
      hardware: { gpu: 'a100-80g-sxm' },
      'step-time': 'fixed:20ms',
      seed,
      workload,
    }),
    's',
  );
}

const hooks = { readTrace: () => MOONCAKE.join('') };
const workloadOf = (workload: object, seed = 1) => scenarioWorkload(scenario(workload, seed), hooks).workload;
const arrivals = (workload: object) => [...workloadOf(workload).arrivalNs].map((ns) => ns / 1e9);
const requestsOf = (workload: object) => simulateScenario(scenario(workload), hooks).recording!.requests;

function problemsOf(workload: object): string[] {
  try {
    scenario(workload);
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.problems.map((problem) => formatProblem({ ...problem, file: 's', place: undefined }));
  }
}

/** The most requests that are between their arrival and their end at the same time. */
function peak({ arrivalNs, endNs }: { arrivalNs: Float64Array; endNs: Float64Array }): number {
  const events = [...arrivalNs].map((ns) => [ns, 1]).concat([...endNs].map((ns) => [ns, -1]));
  events.sort(([a, x], [b, y]) => a - b || x - y);
  let now = 0;
  return events.reduce((most, [, change]) => {
    now += change;
    return Math.max(most, now);
  }, 0);
}

describe('ramp-up, as vLLM spaces arrivals', () => {
  const even = { 'num-prompts': 5, burstiness: 'inf', 'ramp-up-start-rps': 1, 'ramp-up-end-rps': 16 };

  test('linear: by equal amounts from request to request', () => {
    // Rates 1, 4.75, 8.5, 12.25, 16.
    const intervals = [1, 4.75, 8.5, 12.25, 16].map((rate) => 1 / rate);
    let at = 0;
    const expected = intervals.map((interval) => (at += interval));
    arrivals({ ...even, 'ramp-up-strategy': 'linear' }).forEach((time, i) => {
      expect(time).toBeCloseTo(expected[i], 8);
    });
  });

  test('exponential: by an equal factor from request to request', () => {
    expect(arrivals({ ...even, 'ramp-up-strategy': 'exponential' })).toEqual([1, 1.5, 1.75, 1.875, 1.9375]);
  });

  test.each([
    [{ 'ramp-up-strategy': 'linear' }, 'needs ramp-up-start-rps and ramp-up-end-rps'],
    [{ 'ramp-up-end-rps': 3 }, 'goes with ramp-up-strategy'],
    [
      { 'ramp-up-strategy': 'linear', 'ramp-up-start-rps': 3, 'ramp-up-end-rps': 1 },
      'expected at most ramp-up-end-rps',
    ],
    [
      { 'ramp-up-strategy': 'linear', 'ramp-up-start-rps': 1, 'ramp-up-end-rps': 2, 'request-rate': 1 },
      'does not go with ramp-up-strategy',
    ],
    [{ diurnal: { period: '1h', low: 1, high: 2 }, 'request-rate': 1 }, 'does not go with diurnal'],
    [{ diurnal: { period: '1h', low: 3, high: 2 } }, 'expected low at most high'],
    [{ diurnal: { period: '30d', low: 3, high: 2 } }, 'expected a duration like'],
    [{ diurnal: { period: '1h', low: 0, high: 1e-9 } }, 'at this rate take more than 30 days'],
    [{ users: 1, 'think-time': '1h', 'num-prompts': 1000 }, 'the requests of a user take more than 30 days'],
    [{ trace: 'a.jsonl', burstiness: 2 }, 'the trace itself says when requests come'],
    [{ trace: 'a.jsonl', 'request-rate': 2, 'time-scale': 2 }, 'does not go with request-rate and users'],
    [{ trace: 'a.jsonl', 'timed-trace-sec-multiplier': 2 }, 'goes with format: timed_trace'],
    [{ goodput: {} }, 'an object with ttft, tpot or e2el'],
  ])('%j is one problem', (workload, message) => {
    const problems = problemsOf(workload);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });
});

test('burstiness inf is a metronome', () => {
  expect(arrivals({ 'num-prompts': 3, 'request-rate': 4, burstiness: 'inf' })).toEqual([0.25, 0.5, 0.75]);
});

describe('diurnal', () => {
  const day = { diurnal: { period: '100s', low: 0, high: 10 }, burstiness: 'inf' };

  test('13 of 16 requests come in the middle half of the period', () => {
    // 500 in a period: the mean rate is 5.
    const times = arrivals({ ...day, 'num-prompts': 1000 });
    expect(times[499]).toBeCloseTo(100, 3);
    expect(times[999]).toBeCloseTo(200, 3);
    expect(times[249]).toBeCloseTo(50, 6);
    const busy = times.filter((time) => time > 25 && time <= 75);
    // The integral of 3x² − 2x³ from 1/2 to 1 is 13/32 of the half period.
    expect(busy.length / 500).toBeCloseTo(13 / 16, 2);
  });

  test('times ascend, and the second period is like the first', () => {
    const times = arrivals({ ...day, 'num-prompts': 1000 });
    for (let i = 1; i < times.length; i++) expect(times[i]).toBeGreaterThan(times[i - 1]);
    expect(times[600] - times[100]).toBeCloseTo(100, 6);
  });

  test('low and high alike are a plain rate', () => {
    const flat = arrivals({ 'num-prompts': 100, diurnal: { period: '7s', low: 3, high: 3 } });
    const plain = arrivals({ 'num-prompts': 100, 'request-rate': 3 });
    flat.forEach((time, i) => {
      expect(time).toBeCloseTo(plain[i], 6);
    });
  });
});

describe('users', () => {
  const loop = { 'num-prompts': 40, users: 4, 'think-time': '500ms', 'random-output-len': 10 };

  test('each asks again a think time after its answer', () => {
    const { arrivalNs, endNs } = requestsOf(loop);
    expect(peak({ arrivalNs, endNs })).toBe(4);
    const ends = new Set(endNs);
    const later = [...arrivalNs].filter((ns) => ns > 0);
    expect(later).toHaveLength(36);
    for (const ns of later) expect(ends.has(ns - 500e6)).toBe(true);
  });

  test('with turns, a user has one conversation after the other', () => {
    const workload = workloadOf({ ...loop, turns: 5 });
    expect([...workload.dependsOn].filter((before) => before < 0)).toHaveLength(4);
  });

  test.each([
    [{ exponential: '2s' }, 2, 0.1],
    [{ uniform: ['1s', '5s'] }, 3, 0.1],
    [{ lognormal: { median: '2s', sigma: 0, max: '9s' } }, 2, 1e-9],
  ])('think times are drawn from %j', (thinkTime, mean, tolerance) => {
    const { arrivalNs, dependsOn } = workloadOf({ ...loop, 'num-prompts': 5000, 'think-time': thinkTime });
    const thought = [...arrivalNs].filter((_, i) => dependsOn[i] >= 0);
    const found = thought.reduce((sum, ns) => sum + ns, 0) / thought.length / 1e9;
    expect(Math.abs(found / mean - 1)).toBeLessThan(tolerance);
  });

  test('nobody thinks longer than the distribution allows', () => {
    const thinkTime = { lognormal: { median: '2s', sigma: 1, max: '3s' } };
    const { arrivalNs, dependsOn } = workloadOf({ ...loop, 'num-prompts': 200, 'think-time': thinkTime });
    const thought = [...arrivalNs].filter((_, i) => dependsOn[i] >= 0);
    expect(Math.max(...thought)).toBe(3e9);
  });
});

describe('max-concurrency', () => {
  const limited = {
    'num-prompts': 60,
    'max-concurrency': 8,
    'random-output-len': 20,
    'random-input-len': 100,
  };

  test.each(['inf', 50])('at rate %s, no more are under way, and all end', (rate) => {
    const { arrivalNs, endNs, outcome } = requestsOf({ ...limited, 'request-rate': rate });
    expect(peak({ arrivalNs, endNs })).toBe(8);
    expect([...outcome].every((o) => o === Outcome.Finished)).toBe(true);
    // In their order, each as soon as it came and a place was free.
    expect([...arrivalNs]).toEqual([...arrivalNs].sort((a, b) => a - b));
  });

  test('who has to wait is sent at the moment another ends', () => {
    const { arrivalNs, endNs } = requestsOf({ ...limited, 'request-rate': 'inf' });
    const ends = new Set(endNs);
    expect([...arrivalNs].filter((ns) => ns === 0)).toHaveLength(8);
    for (const ns of arrivalNs) expect(ns === 0 || ends.has(ns)).toBe(true);
  });

  test('a limit that is never reached changes nothing', () => {
    const free = { ...limited, 'request-rate': 1, 'max-concurrency': 60 };
    expect(requestsOf({ ...free, 'max-concurrency': 59 }).arrivalNs).toEqual(requestsOf(free).arrivalNs);
  });

  test('of a trace, and with the n answers of a request sent together', () => {
    const ofTrace = requestsOf({ trace: 'a.jsonl', 'max-concurrency': 1 });
    expect(peak(ofTrace)).toBe(1);
    expect(peak(requestsOf({ ...limited, n: 2, 'max-concurrency': 3 }))).toBe(6);
  });
});

describe('events', () => {
  const calm = { 'num-prompts': 20, 'request-rate': 2 };
  const burst = { ...calm, events: [{ at: '3s', burst: 7 }] };

  test('a burst adds requests, and leaves the others as they were', () => {
    const times = arrivals(burst);
    expect(times.filter((time) => time === 3)).toHaveLength(7);
    expect(times.filter((time) => time !== 3)).toEqual(arrivals(calm));
  });
});

describe('a trace at another pace', () => {
  test('its own times count unless the workload says others', () => {
    expect(arrivals({ trace: 'a.jsonl' })).toEqual([0, 1, 1.5]);
    expect(arrivals({ trace: 'a.jsonl', 'request-rate': 2, burstiness: 'inf' })).toEqual([0.5, 1, 1.5]);
  });

  test('users take its requests in turns', () => {
    const { dependsOn } = workloadOf({ trace: 'a.jsonl', users: 2 });
    expect([...dependsOn].filter((before) => before < 0)).toHaveLength(2);
  });
});

test('random-range-ratio takes one ratio for both lengths, or one for each', () => {
  const { numPromptTokens, maxTokens } = workloadOf({
    'num-prompts': 500,
    'random-input-len': 100,
    'random-output-len': 50,
    'random-range-ratio': { input: 0.5 },
  });
  expect(Math.min(...numPromptTokens)).toBe(50);
  expect(Math.max(...numPromptTokens)).toBe(150);
  expect(new Set(maxTokens)).toEqual(new Set([50]));
});
