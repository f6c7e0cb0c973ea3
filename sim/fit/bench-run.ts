import { InputError } from '../error.ts';
import type { Recording } from '../recording/recording.ts';
import { endToEnd, timePerOutputToken, timeToFirstToken } from '../report/latency.ts';
import { type Statistics, statisticsOf } from '../report/statistics.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { DEFAULT_WORKLOAD } from '../scenario/workload.ts';
import type { ArrivalSpec, SyntheticWorkload } from '../scenario/workload-spec.ts';
import { simulateScenario } from '../simulate-scenario.ts';
import { NS_PER_S } from '../units.ts';
import { count, plural } from '../words.ts';
import { WorkloadBuilder } from '../workload/builder.ts';
import { syntheticWorkload } from '../workload/synthetic.ts';
import type { Workload } from '../workload/workload.ts';
import type { BenchRequest, BenchResult, Figure } from './bench-result.ts';

/** HTTP and tokenizing, which a client's latencies include and the engine's do not (semantics/time.md §1). */
const API_SECONDS = 4e-3;
/** A scenario's own workload may differ by so much from the requests that were measured. */
const ALIKE = 0.1;

/** A measured run, ready to be simulated. */
export interface BenchCase {
  readonly result: BenchResult;
  readonly scenario: Scenario;
  /** In place of the scenario's; null = the scenario's own. */
  readonly workload: Workload | null;
  /** What the file does not say, and what is taken for it. */
  readonly assumed: readonly string[];
}

/**
 * The requests of a measured run: those of the file, where it lists them; else those of the scenario, if it states a
 * workload that is like the one measured; else as many of the mean length.
 * @throws InputError where none of them can be.
 */
export function benchCase(scenario: Scenario, result: BenchResult): BenchCase {
  const assumed: string[] = [];
  const { requests, file, failed } = result;
  if (failed > 0)
    assumed.push(`${count(failed, 'request')} that failed ${plural(failed, 'is', 'are')} left out`);
  if (!sameModel(result.model, scenario.model.name)) {
    assumed.push(`the model that ${file} calls "${result.model.slice(0, 80)}" is ${scenario.model.name}`);
  }
  if (requests !== null)
    return { result, scenario, workload: listed(result, requests, scenario, assumed), assumed };
  if (scenario.workload !== DEFAULT_WORKLOAD) {
    assumed.push("the scenario's own workload: the file has no list of requests (--save-detailed)");
    return { result, scenario, workload: null, assumed };
  }
  assumed.push('all requests have the mean lengths: the file has no list of them (--save-detailed)');
  const mean = (tokens: number) => Math.max(1, Math.round(tokens / result.completed));
  const lengths = { input: mean(result.inputTokens), output: mean(result.outputTokens) };
  return {
    result,
    scenario,
    workload: limited(syntheticWorkload(arrivals(result, lengths), scenario.seed), result),
    assumed,
  };
}

function listed(
  result: BenchResult,
  requests: readonly BenchRequest[],
  scenario: Scenario,
  assumed: string[],
): Workload {
  const isClosedLoop = result.maxConcurrency !== null && isUnpaced(result);
  const drawn =
    requests[0].startSeconds === null || isClosedLoop
      ? syntheticWorkload(arrivals(result, { input: 1, output: 1 }), scenario.seed).arrivalNs
      : null;
  if (drawn !== null && !isUnpaced(result)) {
    assumed.push('arrivals are drawn at the request rate: the file has no start_times');
  }
  const builder = new WorkloadBuilder();
  const shared = sharedPrefix(scenario);
  if (shared === 0) assumed.push('no two prompts begin alike');
  if (shared > 0) assumed.push(`all prompts share their first ${shared} tokens, as the scenario says`);
  requests.forEach(({ inputTokens, outputTokens, startSeconds }, i) => {
    const common = Math.min(shared, inputTokens - 1);
    const rest = [builder.newSegment(), 0, inputTokens - common] as const;
    builder.add({
      arrivalNs: drawn === null ? Math.round((startSeconds ?? 0) * NS_PER_S) : drawn[i],
      prompt: common > 0 ? [[builder.segment('shared prefix'), 0, common], rest] : [rest],
      maxTokens: outputTokens,
    });
  });
  return limited(builder.finish(), result);
}

/** One prefix for all can be told of requests whose lengths only are known; several cannot. */
function sharedPrefix({ workload }: Scenario): number {
  if (workload.kind !== 'synthetic' || workload === DEFAULT_WORKLOAD) return 0;
  return workload.sharedPrefix.count === 1 ? workload.sharedPrefix.tokens : 0;
}

/** All requests come to the client at once: how fast they are sent depends on the server. */
function isUnpaced({ requestRate, ramp }: BenchResult): boolean {
  return requestRate === Number.POSITIVE_INFINITY && ramp === null;
}

function limited(workload: Workload, { maxConcurrency }: BenchResult): Workload {
  return maxConcurrency === null ? workload : { ...workload, maxConcurrency };
}

/** Requests at the file's rate. */
function arrivals(result: BenchResult, lengths: { input: number; output: number }): SyntheticWorkload {
  const { ramp, completed, requestRate, burstiness, requests } = result;
  const paced: ArrivalSpec =
    requestRate === Number.POSITIVE_INFINITY
      ? { kind: 'burst', atNs: 0 }
      : { kind: 'poisson', ratePerSecond: requestRate, burstiness };
  return {
    ...DEFAULT_WORKLOAD,
    numRequests: requests?.length ?? completed,
    arrival: ramp === null ? paced : { kind: 'ramp-up', ...ramp, burstiness },
    promptTokens: { kind: 'fixed', tokens: lengths.input },
    outputTokens: { kind: 'fixed', tokens: lengths.output },
    sharedPrefix: { count: 0, tokens: 0 },
  };
}

function sameModel(a: string, b: string): boolean {
  const last = (name: string) => name.toLowerCase().split('/').pop();
  return a === '' || last(a) === last(b);
}

/**
 * What the simulation makes of a measured run, as a client sees it.
 * @throws InputError if it does not start, or does not finish what was finished.
 */
export function simulatedFigures(
  { result, scenario, workload }: BenchCase,
  readTrace: ((path: string) => string) | undefined,
): Map<Figure, number> {
  const { plan, recording } = simulateScenario(scenario, {
    events: false,
    ...(readTrace && { readTrace }),
    ...(workload && { workload }),
  });
  const fail = (message: string): never => {
    throw new InputError([{ file: scenario.file, message }]);
  };
  if (recording === null) {
    return fail(`vLLM would not start: ${plan.starts ? '' : `${plan.because}: ${plan.message}`}`);
  }
  const { outcome, numOutputTokens, numPromptTokens } = recording.requests;
  const finished = Array.from(outcome.keys()).filter((i) => !Number.isNaN(endToEnd(recording.requests, i)));
  const sum = (of: ArrayLike<number>) => finished.reduce((total, i) => total + of[i], 0);
  for (const [what, simulated, measured] of [
    ['requests', finished.length, result.completed],
    ['input tokens', sum(numPromptTokens), result.inputTokens],
    ['output tokens', sum(numOutputTokens), result.outputTokens],
  ] as const) {
    if (Math.abs(simulated / measured - 1) > ALIKE) {
      return fail(
        `finishes ${simulated} ${what}, where ${result.file} has ${measured}: is it the same workload?`,
      );
    }
  }
  return figuresOf(recording, finished);
}

function figuresOf(recording: Recording, finished: readonly number[]): Map<Figure, number> {
  const { requests } = recording;
  const { arrivalNs, endNs, numOutputTokens } = requests;
  const samples = (of: typeof endToEnd, api: number) =>
    statisticsOf(
      Float64Array.from(finished.map((i) => of(requests, i) + api).filter((value) => !Number.isNaN(value))),
    );
  const first = finished.reduce((least, i) => Math.min(least, arrivalNs[i]), Number.POSITIVE_INFINITY);
  const last = finished.reduce((most, i) => Math.max(most, endNs[i]), 0);
  const outputs = finished.reduce((sum, i) => sum + numOutputTokens[i], 0);
  const figures = new Map<Figure, number>([
    ['throughput', outputs / ((last - first) / NS_PER_S + API_SECONDS)],
  ]);
  const all: Readonly<Record<string, Pick<Statistics, 'mean' | 'p50' | 'p99'> | null>> = {
    ttft: samples(timeToFirstToken, API_SECONDS),
    tpot: samples(timePerOutputToken, 0),
    itl: gapsBetweenTokens(recording, finished),
    e2el: samples(endToEnd, API_SECONDS),
  };
  for (const [latency, statistics] of Object.entries(all)) {
    if (statistics === null) continue;
    const { mean, p50, p99 } = statistics;
    figures.set(`${latency} mean` as Figure, mean);
    figures.set(`${latency} p50` as Figure, p50);
    figures.set(`${latency} p99` as Figure, p99);
  }
  return figures;
}

/**
 * Time between tokens, over all of them: a request that decodes gets one at the end of every step. The gaps of
 * those that are preempted on the way are in the mean only.
 */
function gapsBetweenTokens({ requests, steps, numSteps }: Recording, finished: readonly number[]) {
  const starts = Float64Array.from(finished, (i) => requests.firstTokenNs[i]).sort();
  const ends = Float64Array.from(finished, (i) => requests.endNs[i]).sort();
  let begun = 0;
  let ended = 0;
  const gaps: { seconds: number; count: number }[] = [];
  for (let step = 1; step < numSteps; step++) {
    const now = steps.endNs[step];
    while (begun < starts.length && starts[begun] < now) begun++;
    while (ended < ends.length && ends[ended] < now) ended++;
    const count = begun - ended;
    if (count > 0) gaps.push({ seconds: (now - steps.endNs[step - 1]) / NS_PER_S, count });
  }
  if (gaps.length === 0) return null;
  gaps.sort((a, b) => a.seconds - b.seconds);
  const total = gaps.reduce((sum, { count }) => sum + count, 0);
  const at = (share: number) => {
    let left = share * total;
    return (
      gaps.find(({ count }) => {
        left -= count;
        return left <= 0;
      }) ?? gaps[gaps.length - 1]
    ).seconds;
  };
  const tokens = finished.reduce((sum, i) => sum + requests.numOutputTokens[i] - 1, 0);
  const seconds =
    finished.reduce((sum, i) => sum + requests.endNs[i] - requests.firstTokenNs[i], 0) / NS_PER_S;
  return { mean: tokens === 0 ? Number.NaN : seconds / tokens, p50: at(0.5), p99: at(0.99) };
}
