import type { TimingParameters } from './catalog/gpus.ts';
import { drafterOf } from './memory/drafter.ts';
import { draftingOf } from './memory/drafting.ts';
import { usualGraphs } from './memory/graph-capture.ts';
import { graphsOf } from './memory/graph-flags.ts';
import { hostShareOf } from './memory/host-share.ts';
import { encoderRanks } from './memory/parallel.ts';
import { type ResolvedHardware, resolveHardware } from './memory/resolve.ts';
import { limitsOf } from './memory/startup-input.ts';
import type { Scenario } from './scenario/scenario.ts';
import type { Drafting as DraftingTime } from './time/drafting.ts';
import { fixedStepTime } from './time/fixed.ts';
import { type HostOverhead, V0_OVERHEAD, V1_OVERHEAD } from './time/host.ts';
import { type RooflineInput, type RooflineOptions, rooflineStepTime } from './time/roofline.ts';
import { rooflineStages, sharedStages } from './time/stages.ts';
import { tableStepTime } from './time/step-table.ts';
import type { StageTimes, StepTimeModel } from './time/step-time.ts';

/** What a step costs besides its kernels: the user's calibration, or that of the version. */
export function overheadOf({ vllm, hardware }: Scenario): HostOverhead {
  return hardware.calibration?.overhead ?? (vllm === '0.6.3' ? V0_OVERHEAD : V1_OVERHEAD);
}

/** What the analytic step time of a scenario is made of. */
export function timingOf(scenario: Scenario): RooflineInput {
  const hardware = resolveHardware(scenario);
  const { architecture, gpu, link, parallel, weightFormat, kvElementBytes } = hardware;
  const host = hostShareOf(scenario, hardware);
  return {
    model: architecture,
    gpu,
    options: {
      tensorParallel: parallel.tensor,
      dataParallel: parallel.data,
      ...(parallel.pipeline > 1 && { pipelineParallel: parallel.pipeline }),
      expertParallel: parallel.experts,
      weightBytes: weightFormat.bytes,
      kvBytes: kvElementBytes,
      ...paddingOf(scenario, hardware),
      ...(link !== null && { link }),
      ...(host !== null && { host }),
      ...draftingTime(scenario, hardware),
      ...(architecture.encoder && {
        encoder: {
          architecture: architecture.encoder,
          ranks: parallel.tensor,
          shards: encoderRanks(parallel),
        },
      }),
      overhead: overheadOf(scenario),
    },
  };
}

/** What batches are padded to: the sizes of the graphs, where they are not the usual ones. */
function paddingOf(
  scenario: Scenario,
  hardware: ResolvedHardware,
): Pick<RooflineOptions, 'largestGraph' | 'graphSizes'> {
  const limits = limitsOf(scenario, hardware);
  const { full, piecewise } = graphsOf(scenario, hardware, limits);
  if (full.length + piecewise.length === 0) return { largestGraph: 0 };
  const usual = usualGraphs(limits).piecewise;
  const sizes = piecewise.length > 0 ? piecewise : full;
  const largestGraph = usual.at(-1) ?? 0;
  // V0's end where V1's do: only decodes have them, and there are no more.
  const isUsual = scenario.vllm === '0.6.3' || sizes.join() === usual.join();
  return isUsual ? { largestGraph } : { largestGraph: sizes.at(-1) ?? 0, graphSizes: sizes };
}

/** Who drafts for the next step, and how many. */
function draftingTime(
  scenario: Scenario,
  { architecture, weightFormat }: ResolvedHardware,
): { drafting?: DraftingTime } {
  const drafter = drafterOf(scenario, architecture, weightFormat);
  const numTokens = draftingOf(scenario)?.numTokens ?? 0;
  return drafter === null ? {} : { drafting: { model: drafter.model, numTokens } };
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

/** The same, stage by stage; null where the layers are not spread over stages, or nothing would follow from it. */
export function stagesOf(scenario: Scenario, stepTime: StepTimeModel): StageTimes | null {
  const { architecture, parallel } = resolveHardware(scenario);
  // What served before paging is run as one engine that does one thing after the other.
  if (parallel.pipeline === 1 || scenario.contiguous !== null) return null;
  if (scenario.stepTime.kind === 'roofline') return rooflineStages(timingOf(scenario));
  return sharedStages(stepTime, architecture.numLayers, parallel.pipeline);
}
