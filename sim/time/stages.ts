import { partOf } from '../catalog/part-of.ts';
import { stageLayers } from '../memory/parallel.ts';
import { NO_OVERHEAD } from './host.ts';
import { type RooflineInput, rooflineStepTime } from './roofline.ts';
import type { BatchShape, StageTimes, StepTimeModel } from './step-time.ts';

/**
 * The analytic step time of each stage of a pipeline: its layers, in the first the embedding and what the CPU takes,
 * in the last head and sampler. The stages and the sends between them sum to the step.
 */
export function rooflineStages({ model, gpu, options }: RooflineInput): StageTimes {
  const whole = rooflineStepTime({ model, gpu, options });
  const { pipelineParallel: numStages = 1 } = options;
  const stages = stageLayers(model.numLayers, numStages).map((layers, stage) =>
    rooflineStepTime({
      model: partOf(model, layers),
      gpu,
      options: {
        ...options,
        pipelineParallel: 1,
        embeds: stage === 0,
        samples: stage === numStages - 1,
        ...(stage > 0 && { overhead: NO_OVERHEAD }),
        ...(options.host && { host: { ...options.host, weightBytes: [options.host.weightBytes[stage]] } }),
      },
    }),
  );
  return {
    numStages,
    stepNs: (batch) => whole.stepNs(batch),
    stages(batch, stageNs) {
      for (let stage = 0; stage < numStages; stage++) stageNs[stage] = stages[stage].stepNs(batch);
      return whole.sendNs(batch);
    },
  };
}

/** Steps of known times on stages that take their shares of the layers; nothing is known of the sends. */
export function sharedStages(step: StepTimeModel, numLayers: number, numStages: number): StageTimes {
  const layers = stageLayers(numLayers, numStages);
  return {
    numStages,
    stepNs: (batch) => step.stepNs(batch),
    stages(batch: BatchShape, stageNs: Float64Array) {
      const ns = step.stepNs(batch);
      layers.forEach(({ first, end }, stage) => {
        // Whole nanoseconds whose sum is the step.
        stageNs[stage] = Math.round((ns * end) / numLayers) - Math.round((ns * first) / numLayers);
      });
      return 0;
    },
  };
}
