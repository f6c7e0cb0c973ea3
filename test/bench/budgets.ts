import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { simulate } from '../../sim/engine/simulate.ts';
import { plan } from '../../sim/memory/planner.ts';
import { encodeRecording } from '../../sim/recording/codec.ts';
import { EventKind, KIND_MASK } from '../../sim/recording/events.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import type { PoolConfig, SchedulerConfig } from '../../sim/scheduler/config.ts';
import { V1Scheduler } from '../../sim/scheduler/v1.ts';
import { simulateScenario } from '../../sim/simulate-scenario.ts';
import { fixedStepTime } from '../../sim/time/fixed.ts';
import { isV0, parseCase } from '../../sim/verify/parse-case.ts';
import { replayInput } from '../../sim/verify/replay-case.ts';
import { WorkloadBuilder } from '../../sim/workload/builder.ts';
import type { Workload } from '../../sim/workload/workload.ts';
import { servingLoop } from './allocator.ts';
import { quickScenarios, secondsOf } from './scenarios.ts';
import { shapesOf, timeAll } from './time-model.ts';
import { drain, start, V0_VERSIONS } from './versions.ts';

/*
 * What Poolscope promises of its own speed and size, asserted: the one step of CI that looks at a clock. Machines
 * are shared, so each measurement is repeated and its best counts; ratios are taken within one run.
 */

const REPEATS = 5;
const ATTEMPTS = 3;
/** How often what was missed is measured again, after everything else: a busy minute on the machine is over then. */
const LATER_ROUNDS = 3;

interface Budget {
  readonly name: string;
  readonly measure: () => number;
  readonly limit: number;
  readonly kind: 'at most' | 'at least';
  readonly unit: string;
  /** The best so far. */
  value: number;
}

const missed: Budget[] = [];

/** Asserts the best of a few measurements; what misses is measured again in the end. */
function assertBudget(
  name: string,
  measure: () => number,
  limit: number,
  kind: Budget['kind'],
  unit: string,
): void {
  const value = kind === 'at most' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  const budget: Budget = { name, measure, limit, kind, unit, value };
  attempt(budget);
  if (!holds(budget)) missed.push(budget);
  tell(budget, 'later ');
}

function attempt(budget: Budget): void {
  const better = budget.kind === 'at most' ? Math.min : Math.max;
  for (let i = 0; i < ATTEMPTS && !holds(budget); i++) budget.value = better(budget.value, budget.measure());
}

function holds({ kind, value, limit }: Budget): boolean {
  return kind === 'at most' ? value <= limit : value >= limit;
}

function tell(budget: Budget, otherwise: string): void {
  const { name, value, unit, kind, limit } = budget;
  const shown = (n: number) => n.toLocaleString('en-US', { maximumFractionDigits: n < 100 ? 2 : 0 });
  console.log(
    `  ${holds(budget) ? 'ok    ' : otherwise} ${name.padEnd(58)} ${shown(value).padStart(10)} ${unit}, ${kind} ${shown(limit)}`,
  );
}

/** Measures once more what was missed. @returns how many budgets are missed still. */
function measureMissed(): number {
  for (let round = 0; round < LATER_ROUNDS; round++) missed.filter((each) => !holds(each)).forEach(attempt);
  for (const budget of missed) tell(budget, 'FAILED');
  return missed.filter((each) => !holds(each)).length;
}

/** Best of the repeats, seconds; `prepare` is not timed. */
function best<T>(prepare: () => T, run: (prepared: T) => void, repeats = REPEATS): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < repeats; i++) {
    const prepared = prepare();
    const start = performance.now();
    run(prepared);
    least = Math.min(least, performance.now() - start);
  }
  return least / 1000;
}

const file = 'scenarios/llama31-8b-on-a100.pool.yaml';
const scenario = parseScenario(readFileSync(file, 'utf8'), file);
const planned = plan(scenario);
if (!planned.starts) throw new Error(`${file} does not start`);
const { pool } = planned;
/** One step at a time, as vLLM's scheduler was timed. */
const scheduler = { ...planned.scheduler, asyncScheduling: false };

function workload(requests: number, prompt: (i: number) => number, outputs: number, gapNs = 0): Workload {
  const builder = new WorkloadBuilder();
  for (let i = 0; i < requests; i++) {
    builder.add({ arrivalNs: i * gapNs, prompt: [[builder.newSegment(), 0, prompt(i)]], maxTokens: outputs });
  }
  return builder.finish();
}

function recordedWorkloads(): void {
  const limits = { 'v1-bench-10000-noprefix': 330, 'v1-bench-10000-prefix': 360 };
  for (const [name, limit] of Object.entries(limits)) {
    const input = recordedInput(name);
    const milliseconds = () =>
      1000 * best(() => start('V1', input.workload, input.pool, input.scheduler), drain);
    assertBudget(`${name}, schedule and update`, milliseconds, limit, 'at most', 'ms');
    comparisons.push(() => assertV0Keeps(name, input.workload, input.pool, input.scheduler));
  }
}

/** What the step-time model costs of the scheduler on the same schedule, its tables empty at the start. */
function timeModel(): void {
  const { timing } = simulateScenario(scenario).recording?.header ?? {};
  if (timing === undefined) throw new Error(`${file} has no analytic step times`);
  for (const name of ['v1-bench-1000-noprefix', 'v1-bench-1000-prefix', 'v1-bench-10000-noprefix']) {
    const { workload: load, pool: poolConfig, scheduler: config } = recordedInput(name);
    const made = start('V1', load, poolConfig, config);
    if (!(made instanceof V1Scheduler)) throw new Error('V1 was asked for');
    const shapes = shapesOf(made);
    const share = () => {
      const scheduling = best(() => start('V1', load, poolConfig, config), drain, 20);
      const timed = best(
        () => shapes,
        (all) => timeAll(timing, all),
        20,
      );
      return (100 * timed) / scheduling;
    };
    assertBudget(`${name}, step times, of scheduling`, share, 40, 'at most', '%');
  }
}

function recordedInput(name: string) {
  const path = `test/conformance/v1/bench/${name}.json.gz`;
  const kase = parseCase(gunzipSync(readFileSync(path)).toString(), name);
  if (kase === null || isV0(kase)) throw new Error(`${path} is no case of V1`);
  return replayInput(kase);
}

/**
 * V1 beside V0, once all else is measured: what both use is compiled for both from then on, and V1 alone is up to
 * twice as fast.
 */
const comparisons: (() => void)[] = [];

/** V0's speed in V1's on the same load, both at their best and measured by turns. */
function assertV0Keeps(name: string, load: Workload, poolConfig: PoolConfig, config: SchedulerConfig): void {
  for (const version of V0_VERSIONS) {
    const ratio = () => {
      const least = { V1: Number.POSITIVE_INFINITY, V0: Number.POSITIVE_INFINITY };
      for (let turn = 0; turn < REPEATS; turn++) {
        least.V1 = Math.min(
          least.V1,
          best(() => start('V1', load, poolConfig, config), drain, 2),
        );
        least.V0 = Math.min(
          least.V0,
          best(() => start(version, load, poolConfig, config), drain, 2),
        );
      }
      return least.V1 / least.V0;
    };
    assertBudget(`${name}, ${version}`, ratio, 0.5, 'at least', "× V1's speed");
  }
}

function decodeHeavy(): void {
  const load = workload(256, (i) => 100 + (i % 50), 3500);
  const config = { ...scheduler, maxNumSeqs: 256, maxNumBatchedTokens: 8192, maxModelLen: 4096 };
  const roomy = { ...pool, numGpuBlocks: 64_000, enablePrefixCaching: false };
  let steps = 0;
  const bare = () => {
    const seconds = best(
      () => start('V1', load, roomy, config),
      (made) => {
        steps = drain(made);
      },
    );
    return steps / seconds;
  };
  assertBudget('256 requests decode', bare, 500_000, 'at least', 'steps/s');
  const caching = { ...roomy, enablePrefixCaching: true };
  comparisons.push(() => assertV0Keeps('256 requests decode', load, roomy, config));
  comparisons.push(() => assertV0Keeps('256 requests decode, caching', load, caching, config));
  const recorded = () => {
    const seconds = best(
      () => ({ name: 'bench', seed: 0, vllm: '2026-05', pool: roomy, scheduler: config, workload: load }),
      (input) => {
        steps = simulate({ ...input, stepTime: fixedStepTime(1e6) }).numSteps;
      },
    );
    return steps / seconds;
  };
  assertBudget('256 requests decode, recorded', recorded, 250_000, 'at least', 'steps/s');
}

/** Median cost per request of runs of ten thousand and of a million requests, by turns. */
function growthWithRequests(): void {
  const microsecondsOf = (requests: number) => {
    const load = workload(requests, (i) => 100 + ((i * 7919) % 400), 60, 25_000_000);
    const input = { name: 'bench', seed: 0, vllm: '2026-05', pool, scheduler, workload: load };
    return () => {
      const begin = performance.now();
      simulate({ ...input, stepTime: fixedStepTime(2e7), events: false });
      return ((performance.now() - begin) * 1000) / requests;
    };
  };
  const [runSmall, runLarge] = [microsecondsOf(10_000), microsecondsOf(1_000_000)];
  const growth = () => {
    const small: number[] = [];
    const large: number[] = [];
    for (let turn = 0; turn < 3; turn++) {
      for (let i = 0; i < 40; i++) small.push(runSmall());
      large.push(runLarge());
    }
    return median(large) / median(small);
  };
  assertBudget('cost per request, 1,000,000 to 10,000 requests', growth, 1.15, 'at most', '×');
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** Cost per step of the same decisions in a pool of a thousand and of ten million blocks. */
function growthWithPool(): void {
  const load = workload(20_000, () => 300, 200);
  const config = { ...scheduler, maxNumSeqs: 16, maxNumBatchedTokens: 8192, maxModelLen: 1024 };
  const perStep = (numGpuBlocks: number) =>
    best(() => start('V1', load, { ...pool, numGpuBlocks, enablePrefixCaching: false }, config), drain);
  perStep(1e3);
  const growth = () => {
    const small = perStep(1e3);
    return perStep(1e7) / small;
  };
  assertBudget('cost per step, 10,000,000 to 1,000 blocks', growth, 1.25, 'at most', '×');
}

function bytes(): void {
  const { recording } = simulateScenario(scenario);
  if (recording === null) throw new Error(`${file} does not start`);
  const { events, steps, numSteps } = recording;
  const sizeOf = (table: object) =>
    (Object.values(table) as ArrayBufferView[]).reduce((sum, column) => sum + column.byteLength, 0);
  const isBlockEvent = (kind: number) =>
    (kind >= EventKind.Allocate && kind <= EventKind.Drop) || kind === EventKind.Evict;
  const changes = events.kind.reduce((count, kind) => count + (isBlockEvent(kind & KIND_MASK) ? 1 : 0), 0);
  const perChange = (sizeOf(events) + sizeOf(recording.spans)) / changes;
  assertBudget('recording in memory, per changed block', () => perChange, 16, 'at most', 'bytes');
  assertBudget('recording in memory, per step', () => sizeOf(steps) / numSteps, 64, 'at most', 'bytes');
  const inFile = encodeRecording(recording).length / (16 * changes + 64 * numSteps);
  assertBudget('recording in a file, of that allowance', () => inFile * 100, 20, 'at most', '%');
}

/** The slowest is told, and all that took longer than they may at first. */
function shippedScenarios(): void {
  const [slowest, ...others] = quickScenarios().toSorted((a, b) => b.seconds - a.seconds);
  for (const { path } of [slowest, ...others.filter(({ seconds }) => seconds > 1)]) {
    assertBudget(path, () => secondsOf(path), 1, 'at most', 's');
  }
}

console.log(`budgets · Node ${process.version} · ${cpus()[0].model} × ${cpus().length} · best of ${REPEATS}`);
bytes();
assertBudget(
  'caching allocator, the recorded MoE serving loop',
  () => Math.max(...Array.from({ length: REPEATS }, () => servingLoop(1_000_000))),
  5e6,
  'at least',
  'pairs/s',
);
recordedWorkloads();
timeModel();
decodeHeavy();
growthWithPool();
growthWithRequests();
for (const compare of comparisons) compare();
shippedScenarios();
process.exitCode = measureMissed() === 0 ? 0 : 1;
