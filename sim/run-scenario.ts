import { deploymentOf } from './deployment.ts';
import { Cluster } from './engine/cluster.ts';
import type { SimulationHooks } from './engine/simulation-hooks.ts';
import type { CacheReset, SimulationInput } from './engine/simulation-input.ts';
import { together } from './engine/step-observer.ts';
import { invariant, problemAt } from './error.ts';
import type { Plan } from './memory/plan.ts';
import { rankStrips } from './memory/planned-strips.ts';
import { resolveHardware } from './memory/resolve.ts';
import type { MoeReport } from './moe/moe-report.ts';
import type { KvEventBatch } from './recording/kv-event-log.ts';
import { mergeRecordings } from './recording/merge.ts';
import type { Recording, RecordingHeader } from './recording/recording.ts';
import { describeGpus } from './scenario/describe-gpus.ts';
import type { Scenario } from './scenario/scenario.ts';
import { partsNeeded, type ScenarioParts } from './scenario-parts.ts';
import { stagesOf, stepTimeOf, timingOf } from './scenario-time.ts';
import type { SchedulerConfig } from './scheduler/config.ts';
import type { StepTable, TableStepTime } from './time/step-table.ts';
import type { StepTimeModel } from './time/step-time.ts';
import { childRequests } from './workload/child-requests.ts';
import { syntheticWorkload } from './workload/synthetic.ts';
import type { Workload } from './workload/workload.ts';

type StartingPlan = Extract<Plan, { starts: true }>;

/** A recorded run. */
export interface ScenarioRun {
  readonly plan: StartingPlan;
  /** Of one engine; of several what they did together, without events. */
  readonly recording: Recording;
  /** Engine → its recording. */
  readonly replicas: readonly Recording[];
  /** What the model's experts did, in the first engine; null if it has none. */
  readonly moe: MoeReport | null;
}

export interface ScenarioHooks extends Omit<SimulationHooks, 'kvEvents'> {
  /** As in SimulationHooks, of each engine. */
  kvEvents?(batch: KvEventBatch, engine: number): void;
  /** The text of a trace file that the scenario names; sim opens no files. */
  readTrace?(path: string): string;
  /** As in SimulationInput. */
  readonly events?: boolean;
  /** Requests in place of the scenario's. */
  readonly workload?: Workload;
}

/**
 * The run of a scenario that starts.
 * @param parts at least what partsNeeded() says.
 * @throws InputError for traces that cannot be read.
 */
export function runScenario(
  scenario: Scenario,
  start: StartingPlan,
  parts: Partial<ScenarioParts>,
  hooks: ScenarioHooks = {},
): ScenarioRun {
  for (const part of partsNeeded(scenario, start)) {
    invariant(parts[part] !== undefined, `the part ${part} is loaded`);
  }
  const { workload: sampled, notes } = hooks.workload
    ? { workload: hooks.workload, notes: [] }
    : requestsOf(scenario, parts, hooks);
  const planned = { ...start, notes: [...start.notes, ...notes] };
  // V0 forks the sequences of one request; V1 knows requests with one sequence only.
  const workload = planned.v0 === null ? childRequests(sampled) : sampled;
  const stepTime = stepTimeOf(scenario);
  const about = aboutOf(scenario, planned, notes);
  const input = {
    ...inputOf(scenario, planned, workload, stepTime, about),
    events: hooks.events,
    switch: start.switch,
  };
  const deployment = deploymentOf(scenario, resolveHardware(scenario), workload);
  const watchers = Array.from({ length: deployment.count }, () =>
    watchersOf(scenario, planned, parts, hooks),
  );
  const { recordings, requests } = new Cluster(
    deployment.part(input),
    watchers.map(({ experts, memory }, index) => ({
      ...hooks,
      kvEvents: hooks.kvEvents && ((batch: KvEventBatch) => hooks.kvEvents?.(batch, index)),
      observer: together([experts?.observer, memory].filter((each) => each !== undefined)),
    })),
    { ...deployment, schedulers: { ...parts.v0, ...parts.contiguous } },
  ).run();
  // What observers saw and the table could not say is known at the end only; the engine knows nothing of it.
  const reports = recordings.map((recording, i) => {
    const { experts } = watchers[i];
    return experts && (parts.experts?.reportOf(scenario, experts, workload, recording) ?? null);
  });
  const replicas = recordings.map((recording, index): Recording => {
    const moe = reports[index];
    const { memory } = watchers[index];
    const { about: of, count } = deployment;
    const header = {
      ...recording.header,
      ...(of && { name: `${scenario.name} (${of.kind} ${index} of ${count})` }),
      ...(memory && { allocators: memory.report() }),
      ...(scenario.workload.goodput && { goodput: scenario.workload.goodput }),
      ...(moe !== null && { experts: parts.experts?.expertMap(moe) }),
      ...(scenario.stepTime.kind === 'table' && { stepTable: tableUse(scenario.stepTime.table, stepTime) }),
      ...(of && { replica: { index, count, of } }),
    };
    return { ...recording, header };
  });
  const recording = replicas.length === 1 ? replicas[0] : mergeRecordings(scenario.name, replicas, requests);
  return { plan: planned, recording, replicas, moe: reports[0] };
}

/** Who watches the steps of one engine. */
function watchersOf(
  scenario: Scenario,
  planned: StartingPlan,
  { experts: following, serving }: Partial<ScenarioParts>,
  hooks: ScenarioHooks,
) {
  const experts =
    following?.expertsOf(scenario, planned, traceReader(scenario, 'moe.routing.trace', hooks)) ?? null;
  const memory =
    scenario.contiguous === null
      ? serving?.servingMemory(scenario, experts?.observer.rows ?? null)
      : undefined;
  return { experts, memory };
}

/** What each engine is told, before the blocks are shared out. */
function inputOf(
  scenario: Scenario,
  planned: StartingPlan,
  workload: Workload,
  stepTime: StepTimeModel,
  about: SimulationInput['about'],
): SimulationInput {
  const { contiguous } = scenario;
  const paged = {
    pool: planned.pool,
    scheduler: { ...planned.scheduler, ...encoderOf(scenario, planned.scheduler, workload) },
  };
  const stages = stagesOf(scenario, stepTime);
  return {
    name: scenario.name,
    seed: scenario.seed,
    vllm: scenario.vllm,
    ...(contiguous === null
      ? { ...paged, ...(planned.v0 && { v0: planned.v0 }) }
      : { ...withoutPaging(planned), contiguous }),
    beamSearch: scenario.workload.kind === 'synthetic' && scenario.workload.beamSearch,
    workload,
    cacheResets: cacheResetsOf(scenario),
    strict: scenario.strict,
    stepTime,
    ...(stages && { stages }),
    ...(scenario.stepTime.kind === 'roofline' && { timing: timingOf(scenario) }),
    about,
    memory: rankStrips(planned),
  };
}

/** As many token slots as the plan's blocks have, each a block of its own; prompts are not cut. */
function withoutPaging({ pool, scheduler, v0 }: Extract<Plan, { starts: true }>) {
  const { blockSize } = pool.groups[0];
  const numSlots = (v0 === null ? pool.numGpuBlocks - 1 : pool.numGpuBlocks) * blockSize;
  return {
    pool: {
      numGpuBlocks: numSlots + 1,
      enablePrefixCaching: false,
      hashBlockSize: 1,
      groups: [{ kind: 'full', blockSize: 1, window: 0 }] as const,
    },
    scheduler: {
      ...scheduler,
      asyncScheduling: false,
      numSpeculativeTokens: 0,
      numLookaheadTokens: 0,
      enableChunkedPrefill: false,
      maxNumBatchedTokens: Math.max(
        scheduler.maxNumBatchedTokens,
        scheduler.maxModelLen,
        scheduler.maxNumSeqs,
      ),
    },
  };
}

/** The requests of a scenario, and what was estimated or left out when they were read. */
export function requestsOf(
  scenario: Scenario,
  { traces }: Partial<ScenarioParts>,
  hooks: ScenarioHooks,
): { workload: Workload; notes: readonly string[] } {
  const { workload: spec, seed } = scenario;
  const { maxConcurrency } = spec;
  if (spec.kind === 'synthetic') {
    return { workload: { ...syntheticWorkload(spec, seed), maxConcurrency }, notes: [] };
  }
  invariant(traces !== undefined, 'readers of traces are loaded');
  const text = traceReader(scenario, 'workload.trace', hooks)(spec.path);
  const { workload, notes } = traces.readTraceWorkload(text, spec, seed);
  return { workload: { ...workload, maxConcurrency }, notes };
}

function traceReader(scenario: Scenario, field: string, hooks: ScenarioHooks): (path: string) => string {
  return (path) => {
    if (!hooks.readTrace) throw problemAt(scenario, field, 'trace files cannot be read here');
    return hooks.readTrace(path);
  };
}

/**
 * The encoder's budget and cache: max_num_batched_tokens, or the largest image (vLLM `MultiModalBudget`). vLLM
 * asks the model for the largest that there can be; here it is the largest that comes.
 */
function encoderOf(
  scenario: Scenario,
  { maxNumBatchedTokens }: SchedulerConfig,
  { itemLength }: Workload,
): Pick<SchedulerConfig, 'encoder'> {
  if (itemLength.length === 0) return {};
  const size = itemLength.reduce((most, length) => Math.max(most, length), maxNumBatchedTokens);
  const disableChunkedMmInput = scenario.engine.honoured.disable_chunked_mm_input === true;
  return { encoder: { computeBudget: size, cacheSize: size, disableChunkedMmInput } };
}

function cacheResetsOf({ workload }: Scenario): CacheReset[] {
  const { atNs = [], preemptRunning = false } = workload.cacheResets ?? {};
  return atNs.map((ns) => ({ atNs: ns, preemptRunning }));
}

function tableUse(table: StepTable, model: StepTimeModel): NonNullable<RecordingHeader['stepTable']> {
  const { numClamped = 0 } = model as Partial<TableStepTime>;
  return { file: table.file, numRows: table.ms.length, numClamped };
}

function aboutOf(
  scenario: Scenario,
  planned: StartingPlan,
  workloadNotes: readonly string[],
): Record<string, string> {
  const about: Record<string, string> = {
    model: scenario.model.name,
    gpu: describeGpus(scenario.hardware),
    blockBytes: String(planned.blockBytes),
  };
  if (scenario.command !== null) about.command = scenario.command.trim();
  if (workloadNotes.length > 0) about.workload = workloadNotes.join('; ');
  return about;
}
