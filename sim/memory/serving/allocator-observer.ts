import type { StepObserver } from '../../engine/step-observer.ts';
import type { BatchShape } from '../../time/step-time.ts';
import { logitTensors } from '../start-tensors.ts';
import type { StartupInput } from '../startup.ts';
import type { ForwardStep, GraphMode } from './forward-pass.ts';
import type { ServingAllocator } from './serving-allocator.ts';
import type { ServingRank } from './serving-rank.ts';

/** Ranks that hold the same, and which of those that share the experts they are. */
export interface ServedRanks {
  readonly rank: ServingRank;
  readonly expertRank: number;
}

/** Lets every step of a run allocate its tensors, on every rank, as vLLM's model runner does. */
export class AllocatorObserver implements StepObserver {
  private readonly input: StartupInput;
  private readonly served: readonly ServedRanks[];
  /** Rank among those that share the experts → token-expert pairs of its fullest layer; null: nobody follows them. */
  private readonly rows: ArrayLike<number> | null;
  /** Batches up to so many tokens replay a graph: of the whole step, or of all but its attention. */
  private readonly largestWhole: number;
  private readonly largestPiecewise: number;
  /** Sampled rows → their tensors. */
  private readonly logits = new Map<number, readonly number[]>();
  private numSteps = 0;

  constructor(input: StartupInput, served: readonly ServedRanks[], rows: ArrayLike<number> | null) {
    this.input = input;
    this.served = served;
    this.rows = rows;
    const { full, piecewise } = input.graphs;
    this.largestWhole = full.at(-1) ?? 0;
    this.largestPiecewise = piecewise.at(-1) ?? 0;
  }

  step(batch: BatchShape): number {
    const { numTokens, numSampled } = batch;
    if (numTokens > 0) {
      const graphs = this.graphsOf(batch);
      // Only MLA computes decodes otherwise than prompts.
      const numDecodes = this.input.architecture.mla === null ? 0 : batch.numDecodes;
      const logits = this.logitsOf(numSampled);
      for (const { rank, expertRank } of this.served) {
        const numRows = this.rows?.[expertRank] ?? 0;
        const step: ForwardStep = { graphs, numTokens, numDecodes, numRows, logits, numSampled };
        if (graphs === 'all-but-attention') {
          // Nothing of the attention is left when the sampler runs: apart, both are soon known.
          rank.step({ ...step, numSampled: 0 }, this.numSteps);
          rank.step({ ...step, graphs: 'whole' }, this.numSteps);
        } else {
          rank.step(step, this.numSteps);
        }
      }
    }
    this.numSteps++;
    return 0;
  }

  report(): ServingAllocator[] {
    return this.served.map(({ rank }) => rank.report());
  }

  private graphsOf({ numTokens, numPrefills }: BatchShape): GraphMode {
    const isWhole = numPrefills === 0 || this.input.graphs.fullTakesAll;
    if (isWhole && numTokens <= this.largestWhole) return 'whole';
    return numTokens <= this.largestPiecewise ? 'all-but-attention' : 'none';
  }

  private logitsOf(rows: number): readonly number[] {
    const known = this.logits.get(rows);
    if (known !== undefined) return known;
    const made = rows === 0 ? [] : logitTensors(this.input, rows);
    this.logits.set(rows, made);
    return made;
  }
}
