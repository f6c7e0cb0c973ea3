import type { TimingParameters } from './catalog/gpus.ts';
import { type SimulationHooks, simulate } from './engine/simulate.ts';
import type { CacheReset } from './engine/simulation-input.ts';
import { together } from './engine/step-observer.ts';
import { InputError } from './error.ts';
import { captureSizes } from './memory/cuda-graphs.ts';
import type { Plan } from './memory/plan.ts';
import { plan, resolveHardware } from './memory/planner.ts';
import { rankStrips } from './memory/rank-strip.ts';
import { limitsOf } from './memory/resolve.ts';
import { servingMemory } from './memory/serving/serving-memory.ts';
import { expertMap } from './moe/expert-map.ts';
import type { MoeReport } from './moe/moe-report.ts';
import { type Experts, expertsOf } from './moe/moe-setup.ts';
import { routingReuse } from './moe/routing-reuse.ts';
import type { Recording, RecordingHeader } from './recording/recording.ts';
import { describeGpus } from './scenario/machine.ts';
import type { Scenario } from './scenario/scenario.ts';
import type { SchedulerConfig } from './scheduler/config.ts';
import { fixedStepTime } from './time/fixed.ts';
import { type HostOverhead, V0_OVERHEAD, V1_OVERHEAD } from './time/host.ts';
import { type RooflineInput, rooflineStepTime } from './time/roofline.ts';
import { type StepTable, type TableStepTime, tableStepTime } from './time/step-table.ts';
import type { StepTimeModel } from './time/step-time.ts';
import { openTrace } from './trace/open-trace.ts';
import { childRequests } from './workload/child-requests.ts';
import { syntheticWorkload } from './workload/synthetic.ts';
import { traceWorkload } from './workload/trace.ts';
import type { Workload } from './workload/workload.ts';

/** What became of a scenario: its plan, and the recorded run if it starts. */
export type ScenarioResult =
  | {
      readonly plan: Extract<Plan, { starts: true }>;
      readonly recording: Recording;
      /** What the model's experts did; null if it has none. */
      readonly moe: MoeReport | null;
    }
  | { readonly plan: Extract<Plan, { starts: false }>; readonly recording: null; readonly moe: null };

export interface ScenarioHooks extends SimulationHooks {
  /** The text of a trace file that the scenario names; sim opens no files. */
  readTrace?(path: string): string;
  /** As in SimulationInput. */
  readonly events?: boolean;
  /** Requests in place of the scenario's. */
  readonly workload?: Workload;
}

/**
 * A scenario from plan to recording.
 * @throws InputError for names that the catalogue does not know and for traces that cannot be read.
 */
export function simulateScenario(scenario: Scenario, hooks: ScenarioHooks = {}): ScenarioResult {
  const start = plan(scenario);
  if (!start.starts) return { plan: start, recording: null, moe: null };
  const { workload: sampled, notes } = hooks.workload
    ? { workload: hooks.workload, notes: [] }
    : scenarioWorkload(scenario, hooks);
  const planned = { ...start, notes: [...start.notes, ...notes] };
  // V0 forks the sequences of one request; V1 knows requests with one sequence only.
  const workload = planned.v0 === null ? childRequests(sampled) : sampled;
  const { contiguous } = scenario;
  const paged = {
    pool: planned.pool,
    scheduler: { ...planned.scheduler, ...encoderOf(scenario, planned.scheduler, workload) },
  };
  const experts = expertsOf(scenario, planned, traceReader(scenario, 'moe.routing.trace', hooks));
  const stepTime = stepTimeOf(scenario);
  // What served before paging had no PyTorch.
  const memory = contiguous === null ? servingMemory(scenario, experts?.observer.rows ?? null) : undefined;
  const recording = simulate(
    {
      name: scenario.name,
      seed: scenario.seed,
      vllm: scenario.vllm,
      ...(contiguous === null
        ? { ...paged, ...(planned.v0 && { v0: planned.v0 }) }
        : { ...withoutPaging(planned), contiguous }),
      beamSearch: scenario.workload.kind === 'synthetic' && scenario.workload.beamSearch,
      workload,
      cacheResets: cacheResetsOf(scenario),
      stepTime,
      ...(scenario.stepTime.kind === 'roofline' && { timing: timingOf(scenario) }),
      about: aboutOf(scenario, planned, notes),
      memory: rankStrips(planned),
      events: hooks.events,
    },
    { ...hooks, observer: together([experts?.observer, memory].filter((each) => each !== undefined)) },
  );
  const moe = moeReportOf(scenario, experts, workload, recording);
  // What observers saw and the table could not say is known at the end only; the engine knows nothing of it.
  const header = {
    ...recording.header,
    ...(memory && { allocators: memory.report() }),
    ...(moe && { experts: expertMap(moe) }),
    ...(scenario.workload.goodput && { goodput: scenario.workload.goodput }),
    ...(scenario.stepTime.kind === 'table' && { stepTable: tableUse(scenario.stepTime.table, stepTime) }),
  };
  return { plan: planned, recording: { ...recording, header }, moe };
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
export function scenarioWorkload(
  scenario: Scenario,
  hooks: ScenarioHooks,
): { workload: Workload; notes: readonly string[] } {
  const { workload: spec, seed } = scenario;
  const { maxConcurrency } = spec;
  if (spec.kind === 'synthetic') {
    return { workload: { ...syntheticWorkload(spec, seed), maxConcurrency }, notes: [] };
  }
  const { path, format, timeScale, limit, timedTrace, pace } = spec;
  const text = traceReader(scenario, 'workload.trace', hooks)(path);
  const trace = openTrace([text], { file: path, format, timedTrace });
  const isPaced = pace?.always === true || !trace.isTimed;
  const workload = traceWorkload(trace, { file: path, timeScale, limit, seed, pace: isPaced ? pace : null });
  return { workload: { ...workload, maxConcurrency }, notes: trace.notes() };
}

function traceReader(scenario: Scenario, field: string, hooks: ScenarioHooks): (path: string) => string {
  return (path) => {
    if (!hooks.readTrace) throw problemAt(scenario, field, 'trace files cannot be read here');
    return hooks.readTrace(path);
  };
}

function problemAt(scenario: Scenario, field: string, message: string): InputError {
  return new InputError([{ file: scenario.file, place: scenario.placeOf(field), field, message }]);
}

function moeReportOf(
  scenario: Scenario,
  experts: Experts | null,
  workload: Workload,
  recording: Recording,
): MoeReport | null {
  if (experts === null) return null;
  const { architecture, observer, notes } = experts;
  return {
    ...observer.finish(recording.numSteps),
    routingReuse: scenario.moe.routingReuse ? routingReuse(architecture, workload) : null,
    notes,
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

/** What a step costs besides its kernels: the user's calibration, or that of the version. */
export function overheadOf({ vllm, hardware }: Scenario): HostOverhead {
  return hardware.calibration?.overhead ?? (vllm === '0.6.3' ? V0_OVERHEAD : V1_OVERHEAD);
}

/** What the analytic step time of a scenario is made of. */
function timingOf(scenario: Scenario): RooflineInput {
  const hardware = resolveHardware(scenario);
  const { architecture, gpu, link, parallel, weightBytes, kvElementBytes, enforceEager } = hardware;
  const { maxNumSeqs, maxNumBatchedTokens } = limitsOf(scenario, hardware);
  return {
    model: architecture,
    gpu,
    options: {
      tensorParallel: parallel.tensor,
      dataParallel: parallel.data,
      expertParallel: parallel.experts,
      weightBytes,
      kvBytes: kvElementBytes,
      largestGraph: enforceEager ? 0 : (captureSizes(maxNumSeqs, maxNumBatchedTokens).at(-1) ?? 0),
      ...(link !== null && { link }),
      overhead: overheadOf(scenario),
    },
  };
}

/**
 * The step-time model of a scenario.
 * @param constants of the analytic model in place of the GPU's own.
 * @throws InputError for names that the catalogue does not know.
 */
export function stepTimeOf(scenario: Scenario, constants?: TimingParameters): StepTimeModel {
  const { stepTime } = scenario;
  switch (stepTime.kind) {
    case 'fixed':
      return fixedStepTime(stepTime.ns);
    case 'table':
      return tableStepTime(stepTime.table);
    case 'roofline': {
      const timing = timingOf(scenario);
      const gpu = { ...timing.gpu, par: constants ?? timing.gpu.par };
      return rooflineStepTime({ ...timing, gpu });
    }
  }
}

function tableUse(table: StepTable, model: StepTimeModel): NonNullable<RecordingHeader['stepTable']> {
  const { numClamped = 0 } = model as Partial<TableStepTime>;
  return { file: table.file, numRows: table.ms.length, numClamped };
}

function aboutOf(
  scenario: Scenario,
  planned: Extract<Plan, { starts: true }>,
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
