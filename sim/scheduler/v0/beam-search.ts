import type { V0Core } from './core.ts';
import { SequenceStatus } from './groups.ts';

/**
 * Which beams the best continuations come from. `parents` has an entry per continuation, filled in with the
 * beam (0 … length − 1) that it continues; their order does not matter. `step` counts from 1 the steps in which
 * the request could choose: the one in which its prompt gives rise to all its beams is none of them.
 */
export type BeamSurvival = (request: number, step: number, parents: Int32Array) => void;

/**
 * The default: one beam splits in every step, and the one that split off longest ago dies. So all beams agree
 * up to as many tokens ago as there are beams, and share nearly as many blocks as beams can.
 */
export const oldestDies: BeamSurvival = (_request, step, parents) => {
  const others = parents.length - 1;
  for (let beam = 0; beam <= others; beam++) parents[beam] = beam;
  if (others > 0) parents[others - ((step - 1) % others)] = 0;
};

/**
 * Beams of a group that die and split after a step (vLLM before 0.6.3, `use_beam_search`, in
 * `SingleStepOutputProcessor._process_sequence_group_outputs`). A beam that is continued keeps its sequence row
 * and its blocks; its further continuations take the rows of the dead, as forks that share all its blocks.
 *
 * vLLM gives each fork a new sequence and frees some of the dead only after the forks. Neither is to be seen in
 * the pool: a fork takes no blocks, and what a dead beam shared with a living one is not given up either way.
 *
 * Beams end together, at the request's outputs: hypotheses that end earlier and are kept aside are not modelled.
 */
export class BeamSearch {
  private readonly core: V0Core;
  private readonly survival: BeamSurvival;
  /** request → steps so far. */
  private readonly numSteps: Int32Array;
  /** Room for the rows of a group's beams, what they become, and how many continuations each has. */
  private readonly rows: number[] = [];
  private readonly parents: Int32Array;
  private readonly numChildren: Int32Array;

  constructor(core: V0Core, survival: BeamSurvival) {
    const { numSequences, numRequests } = core.workload;
    const most = numSequences.reduce((max, n) => Math.max(max, n), 1);
    this.core = core;
    this.survival = survival;
    this.numSteps = new Int32Array(numRequests);
    this.parents = new Int32Array(most);
    this.numChildren = new Int32Array(most);
  }

  /** The running beams of a group, one token longer each, give way to the best continuations. */
  select(request: number): void {
    const { blocks, groups } = this.core;
    const rows = this.runningRows(request);
    const parents = this.parents.subarray(0, rows.length);
    if (rows.length === 0) return;
    this.survival(request, ++this.numSteps[request], parents);
    const { numChildren } = this;
    numChildren.fill(0, 0, rows.length);
    for (const parent of parents) numChildren[parent]++;
    for (let beam = 0; beam < rows.length; beam++) if (numChildren[beam] === 0) blocks.free(rows[beam]);
    let dead = 0;
    for (let parent = 0; parent < rows.length; parent++) {
      for (let child = 1; child < numChildren[parent]; child++) {
        while (numChildren[dead] > 0) dead++;
        groups.copy(rows[parent], rows[dead]);
        blocks.fork(rows[parent], rows[dead++]);
      }
    }
  }

  private runningRows(request: number): readonly number[] {
    const { groups } = this.core;
    const { rows } = this;
    rows.length = 0;
    const end = groups.end(request);
    for (let s = groups.start[request]; s < end; s++) {
      if (groups.status[s] === SequenceStatus.Running) rows.push(s);
    }
    return rows;
  }
}
