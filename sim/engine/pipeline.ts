import type { BatchShape, StageTimes, StepTimeModel } from '../time/step-time.ts';
import type { StepObserver } from './step-observer.ts';

/** What the GPUs of a pipeline did. */
export interface PipelineUse {
  /** Stage → nanoseconds in which it computed. */
  readonly busyNs: readonly number[];
  /** Nanoseconds in which at least one batch was under way. */
  readonly activeNs: number;
}

/** The GPUs as batches see them: stages that each batch passes in turn, one batch at a time in each. */
export class Pipeline {
  private readonly stepTime: StepTimeModel;
  private readonly stages: StageTimes | null;
  /** Stage → when it is done with what it was given. */
  private readonly freeNs: Float64Array;
  private readonly stageNs: Float64Array;
  private readonly busyNs: Float64Array;
  private activeNs = 0;
  private readonly needsSamples: boolean;
  /** When the last token was sampled. */
  private sampledNs = 0;

  /**
   * @param stages null: one stage, whose time is the step's.
   * @param needsSamples a batch does not start before the one before it has sampled.
   */
  constructor(stepTime: StepTimeModel, stages: StageTimes | null, needsSamples: boolean) {
    const numStages = stages?.numStages ?? 1;
    this.stepTime = stepTime;
    this.stages = stages;
    this.needsSamples = needsSamples;
    this.freeNs = new Float64Array(numStages);
    this.stageNs = new Float64Array(numStages);
    this.busyNs = new Float64Array(numStages);
  }

  /** When a batch that is ready at `now` starts. */
  startNs(now: number): number {
    return Math.max(now, this.freeNs[0], this.sampledNs);
  }

  /** Sends a batch through all stages. Returns when it leaves the last one, integer nanoseconds. */
  pass(batch: BatchShape, startNs: number, observer: StepObserver | null): number {
    const { freeNs, stages } = this;
    const last = freeNs.length - 1;
    const endBefore = freeNs[last];
    if (stages === null) {
      const stepNs = this.stepTime.stepNs(batch);
      freeNs[0] = startNs + stepNs + (observer?.step(batch, stepNs) ?? 0);
      this.busyNs[0] += freeNs[0] - startNs;
    } else {
      this.passStages(stages, batch, startNs, observer);
    }
    if (this.needsSamples && batch.numSampled > 0) this.sampledNs = freeNs[last];
    this.activeNs += freeNs[last] - Math.max(startNs, endBefore);
    return freeNs[last];
  }

  /** The last batch takes longer: until then, its replica waits for others. */
  holdUntil(ns: number): void {
    this.freeNs[0] = ns;
  }

  use(): PipelineUse {
    return { busyNs: [...this.busyNs], activeNs: this.activeNs };
  }

  private passStages(
    stages: StageTimes,
    batch: BatchShape,
    startNs: number,
    observer: StepObserver | null,
  ): void {
    const { freeNs, stageNs, busyNs } = this;
    const sendNs = stages.stages(batch, stageNs);
    // Each stage has its share of what the observer adds.
    const extra =
      observer?.step(
        batch,
        stageNs.reduce((sum, ns) => sum + ns, 0),
      ) ?? 0;
    let readyNs = startNs;
    for (let stage = 0; stage < freeNs.length; stage++) {
      const ns = stageNs[stage] + Math.round(extra / freeNs.length);
      freeNs[stage] = Math.max(readyNs, freeNs[stage]) + ns;
      busyNs[stage] += ns;
      readyNs = freeNs[stage] + sendNs;
    }
  }
}
