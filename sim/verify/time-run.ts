import type { TimingParameters } from '../catalog/gpus.ts';
import { deploymentOf } from '../deployment.ts';
import { Cluster } from '../engine/cluster.ts';
import { plan } from '../memory/planner.ts';
import { resolveHardware } from '../memory/resolve.ts';
import { Outcome, type RequestColumns } from '../recording/tables.ts';
import { endToEnd, timeToFirstToken } from '../report/latency.ts';
import { type Statistics, statisticsOf } from '../report/statistics.ts';
import { scenarioOfCommand } from '../scenario/parse.ts';
import { stagesOf, stepTimeOf } from '../scenario-time.ts';
import { NS_PER_S } from '../units.ts';
import { type MeasuredRequest, type MeasuredRun, workloadOfRun } from './time-run-file.ts';

/** What a run came to: seconds, tokens per second. */
interface Times {
  /** From the first arrival to the last token. */
  readonly makespan: number;
  readonly outputTokensPerSecond: number;
  readonly ttft: Statistics;
  readonly tpot: Statistics;
  readonly e2e: Statistics;
}

export interface RunCheck {
  readonly name: string;
  readonly gpu: string;
  /** As in MeasuredRun. */
  readonly layout: string;
  readonly model: string;
  readonly prefixCaching: boolean;
  readonly numRequests: number;
  readonly numBlocks: number;
  readonly preemptions: number;
  /** Seconds; throughput: output tokens per second. */
  readonly figures: Readonly<Record<RunFigure, { readonly measured: number; readonly simulated: number }>>;
  readonly assumed: readonly string[];
}

export const RUN_FIGURES = [
  'throughput',
  'makespan',
  'TTFT mean',
  'TTFT p50',
  'TTFT p90',
  'TTFT p99',
  'TPOT mean',
  'TPOT p50',
  'TPOT p90',
  'TPOT p99',
  'E2E mean',
  'E2E p50',
  'E2E p90',
  'E2E p99',
] as const;
export type RunFigure = (typeof RUN_FIGURES)[number];

/**
 * Simulates a measured run with its own configuration and arrivals; nothing is fitted to it.
 * @param constants in place of the GPU's own.
 * @returns why it cannot be simulated instead.
 */
export function checkRun(
  run: MeasuredRun,
  prefixCaching: boolean,
  constants?: TimingParameters,
): RunCheck | string {
  const flags = Object.entries({ ...run.flags, enable_prefix_caching: prefixCaching }).map(([name, value]) =>
    value === false
      ? `--no-${dashed(name)}`
      : value === true
        ? `--${dashed(name)}`
        : `--${dashed(name)} ${value}`,
  );
  const scenario = scenarioOfCommand(`vllm serve ${run.model} ${flags.join(' ')}`, {
    gpu: run.gpu,
    count: run.numGpus,
  });
  const planned = plan(scenario);
  if (!planned.starts) return `vLLM would not start: ${planned.because}`;
  const workload = workloadOfRun(run);
  const stepTime = stepTimeOf(scenario, constants);
  const stages = stagesOf(scenario, stepTime);
  const input = {
    name: run.name,
    seed: 0,
    vllm: scenario.vllm,
    pool: planned.pool,
    scheduler: planned.scheduler,
    workload,
    stepTime,
    ...(stages && { stages }),
    events: false,
  };
  const deployment = deploymentOf(scenario, resolveHardware(scenario), workload);
  const hooks = Array.from({ length: deployment.count }, () => ({}));
  const { requests } = new Cluster(deployment.part(input), hooks, deployment).run();
  const measured = timesOf(run.requests);
  const simulated = timesOf(simulatedRequests(requests));
  if (measured === null || simulated === null) return 'no request of it ends with two tokens or more';
  return {
    name: run.name,
    gpu: run.gpu,
    layout: run.layout,
    model: run.model,
    prefixCaching,
    numRequests: run.requests.length,
    numBlocks: planned.pool.numGpuBlocks,
    preemptions: requests.numPreemptions.reduce((sum, n) => sum + n, 0),
    figures: Object.fromEntries(
      RUN_FIGURES.map((figure) => [
        figure,
        { measured: figureOf(figure, measured), simulated: figureOf(figure, simulated) },
      ]),
    ) as RunCheck['figures'],
    assumed: run.assumed,
  };
}

function dashed(name: string): string {
  return name.replaceAll('_', '-');
}

type Timed = Pick<MeasuredRequest, 'arrivalSeconds' | 'outputTokens' | 'ttftSeconds' | 'e2eSeconds'>;

function simulatedRequests(requests: RequestColumns): Timed[] {
  const timed: Timed[] = [];
  requests.outcome.forEach((outcome, i) => {
    if (outcome !== Outcome.Finished) return;
    timed.push({
      arrivalSeconds: requests.arrivalNs[i] / NS_PER_S,
      outputTokens: requests.numOutputTokens[i],
      ttftSeconds: timeToFirstToken(requests, i),
      e2eSeconds: endToEnd(requests, i),
    });
  });
  return timed;
}

function timesOf(requests: readonly Timed[]): Times | null {
  const samples = (value: (request: Timed) => number) =>
    statisticsOf(Float64Array.from(requests, value).filter((sample) => !Number.isNaN(sample)));
  const ttft = samples(({ ttftSeconds }) => ttftSeconds);
  const tpot = samples(({ ttftSeconds, e2eSeconds, outputTokens }) =>
    outputTokens < 2 ? Number.NaN : (e2eSeconds - ttftSeconds) / (outputTokens - 1),
  );
  const e2e = samples(({ e2eSeconds }) => e2eSeconds);
  if (ttft === null || tpot === null || e2e === null) return null;
  const end = requests.reduce(
    (last, { arrivalSeconds, e2eSeconds }) => Math.max(last, arrivalSeconds + e2eSeconds),
    0,
  );
  const start = requests.reduce((first, { arrivalSeconds }) => Math.min(first, arrivalSeconds), end);
  const makespan = end - start;
  const outputs = requests.reduce((sum, { outputTokens }) => sum + outputTokens, 0);
  return { makespan, outputTokensPerSecond: outputs / makespan, ttft, tpot, e2e };
}

function figureOf(figure: RunFigure, run: Times): number {
  if (figure === 'throughput') return run.outputTokensPerSecond;
  if (figure === 'makespan') return run.makespan;
  const [name, statistic] = figure.split(' ');
  const statistics = run[name.toLowerCase() as 'ttft' | 'tpot' | 'e2e'];
  return statistics[statistic as 'mean' | 'p50' | 'p90' | 'p99'];
}
