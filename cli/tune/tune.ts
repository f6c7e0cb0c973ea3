import { availableParallelism } from 'node:os';
import { findGpu } from '../../sim/catalog/gpus.ts';
import { InputError } from '../../sim/error.ts';
import type { Override } from '../../sim/scenario/overrides.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';
import { ExitCode } from '../exit-code.ts';
import { gpuOfOption } from '../gpu-option.ts';
import { printerOf } from '../printer.ts';
import { ProgressBar } from '../progress.ts';
import { bundleFor } from '../sweep/bundle.ts';
import { LocalExecutor } from '../sweep/local-executor.ts';
import { type Axis, isBetter } from './climb.ts';
import { Evaluator, overrideOf, type Settings } from './evaluator.ts';
import { type Candidate, type Found, type Goal, type Search, search } from './goals.ts';
import { type Tuned, tunedJson, tunedText } from './report.ts';

export interface TuneOptions {
  readonly goal: Goal;
  readonly set?: readonly Override[];
  /** KEY=[VALUES]: tried in place of the axis of that name. */
  readonly axis?: readonly Override[];
  readonly gpu?: readonly string[];
  /** GPU=PRICE. */
  readonly price?: readonly string[];
  readonly workers?: number;
  readonly timeout?: number;
  readonly json?: boolean;
  readonly output?: string;
}

/** What is searched unless it is said otherwise: what decides on memory and batches, and changes no answer. */
const AXES: readonly Axis[] = [
  { key: 'engine.max-num-seqs', values: [16, 32, 64, 128, 256, 512, 1024] },
  { key: 'engine.max-num-batched-tokens', values: [1024, 2048, 4096, 8192, 16384] },
  { key: 'engine.gpu-memory-utilization', values: [0.85, 0.9, 0.95] },
  { key: 'engine.block-size', values: [16, 32] },
];
const TENSOR_PARALLEL = 'engine.tensor-parallel-size';

/** Assumed where the scenario states no limits: nobody loses work, and the queue does not grow. */
const LIMITS: Settings = {
  'expect.vllm:num_preemptions_total': 'value == 0',
  'expect.vllm:request_queue_time_seconds': 'p(99) < 1s',
};

/** `poolscope tune`: the best configuration within the limits that the scenario states. Returns the exit code. */
export async function tune(file: string, options: TuneOptions): Promise<number> {
  const { goal, set = [] } = options;
  const stated = bundleFor(file, [set]);
  const [{ scenario }] = stated.scenarios;
  const assumed = scenario.expect.metrics.some(({ severity }) => severity === 'error') ? {} : LIMITS;
  const always = [...set, ...Object.entries(assumed).map(overrideOf)];
  const axes = axesOf(scenario, options);
  const given = axes.filter(({ key }) => options.axis?.some(({ path }) => path.join('.') === key));
  // What the user wants tried must be valid; what we try may not be, and then does not hold.
  const variants = given.flatMap(({ key, values }) =>
    values.map((value) => [...always, overrideOf([key, value])]),
  );
  const { bundle, scenarios } = bundleFor(file, [always, ...variants]);
  const prices = pricesOf(scenario, options);
  const executor = new LocalExecutor(bundle, options.workers ?? availableParallelism(), options.timeout);
  const bar = new ProgressBar(`tune ${scenario.name}`);
  const interrupt = () => {
    bar.end();
    process.exit(ExitCode.Interrupted);
  };
  process.once('SIGINT', interrupt);
  const evaluator = new Evaluator(executor, always, (n) => bar.update(0, `${n} simulations`));
  const around: Search = {
    scenario: scenarios[0].scenario,
    evaluator,
    axes,
    load: loadOf(scenario),
    prices,
    gpus: options.gpu ?? null,
  };
  const found = await search(goal, around);
  // The runner-up beside the winner, at the winner's load.
  const runnerUp = runnerUpOf(goal, found);
  const runnerUpTrial =
    runnerUp &&
    (await evaluator.at({
      ...runnerUp.settings,
      ...(found.best.limit && { [around.load.key]: found.best.value }),
    }));
  bar.end();
  await executor.close();
  process.off('SIGINT', interrupt);
  const tuned: Tuned = { goal, around, found, runnerUp, runnerUpTrial, hasOwnLimits: assumed !== LIMITS };
  printerOf(options.output)(options.json ? tunedJson(tuned) : tunedText(tuned));
  return found.best.trial.holds ? ExitCode.Ok : ExitCode.CheckFailed;
}

/** The best of those that are worse; of hardware, what comes just before the first that holds. */
function runnerUpOf(goal: Goal, { best, tried }: Found): Candidate | null {
  if (goal === 'smallest-gpu' || goal === 'lowest-cost') return tried.findLast((one) => one !== best) ?? null;
  const worse = tried.filter((one) => isBetter(best, one));
  return worse.length === 0 ? null : worse.reduce((a, b) => (isBetter(b, a) ? b : a));
}

function axesOf({ hardware, vllm }: Scenario, { goal, axis = [] }: TuneOptions): Axis[] {
  const isFixed = goal === 'highest-load' || goal === 'highest-throughput';
  const sizes = [1, 2, 4, 8].filter((size) => size <= hardware.count);
  const own = [
    ...AXES.map(({ key, values }) =>
      key === 'engine.block-size' && vllm === '0.6.3' ? { key, values: [8, ...values] } : { key, values },
    ),
    ...(isFixed && sizes.length > 1 ? [{ key: TENSOR_PARALLEL, values: sizes }] : []),
  ];
  const given = axis.map(({ path, value, text }): Axis => {
    if (Array.isArray(value) && value.length > 0 && value.length <= 100)
      return { key: path.join('.'), values: value };
    throw new InputError([{ file: `--axis ${text}`, message: 'expected KEY=[VALUES], 1 to 100 of them' }]);
  });
  return [...given, ...own.filter(({ key }) => given.every((other) => other.key !== key))];
}

/** Requests per second, or how fast a trace is played; at most as fast as all requests within a second. */
function loadOf({ workload }: Scenario): Search['load'] {
  if (workload.kind === 'trace') return { key: 'workload.time-scale', start: workload.timeScale, most: 1e6 };
  const { arrival, numRequests } = workload;
  const start = arrival.kind === 'poisson' ? arrival.ratePerSecond : 1;
  return { key: 'workload.request-rate', start, most: Math.max(start, numRequests) };
}

function pricesOf({ hardware }: Scenario, { goal, price = [] }: TuneOptions): Record<string, number> {
  const prices: Record<string, number> = {};
  const own = findGpu(hardware.gpu);
  if (own && hardware.pricePerGpuHour !== null) prices[own.id] = hardware.pricePerGpuHour;
  for (const text of price) {
    const [, name, amount] = /^([^=]+)=(\d+(?:\.\d+)?)$/.exec(text) ?? [];
    const option = `--price ${text}`;
    if (name === undefined) {
      throw new InputError([{ file: option, message: 'expected GPU=PRICE of an hour, like l4=0.8' }]);
    }
    prices[gpuOfOption(option, name).id] = Number(amount);
  }
  if (goal === 'lowest-cost' && Object.keys(prices).length === 0) {
    const message =
      'needs prices: --price l4=0.8 --price a100-80g=2.5, or price-per-gpu-hour in the scenario';
    throw new InputError([{ file: '--goal lowest-cost', message }]);
  }
  return prices;
}
