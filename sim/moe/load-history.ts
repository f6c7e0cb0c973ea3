/** Tokens by cell (layer × expert) over stretches of a run that are equally many steps long. */
export interface LoadOverTime {
  readonly stepsPerStretch: number;
  /** Stretch → cell → tokens; the last stretch may be shorter. */
  readonly stretches: readonly Float64Array[];
}

/**
 * Gathers tokens step by step without knowing how long the run will be: when all stretches are full, neighbours
 * become one and the next are twice as long.
 */
export class LoadHistory {
  private readonly numCells: number;
  private readonly mostStretches: number;
  private readonly stretches: Float64Array[] = [];
  private stepsPerStretch = 1;
  private stepsInLast = 0;

  /** `mostStretches` is even. */
  constructor(numCells: number, mostStretches: number) {
    this.numCells = numCells;
    this.mostStretches = mostStretches;
    this.stretches.push(new Float64Array(numCells));
  }

  /** The cells that the step at hand adds its tokens to. */
  get current(): Float64Array {
    return this.stretches[this.stretches.length - 1];
  }

  /** A step begins. */
  beginStep(): void {
    if (this.stepsInLast === this.stepsPerStretch) {
      if (this.stretches.length === this.mostStretches) this.merge();
      this.stretches.push(new Float64Array(this.numCells));
      this.stepsInLast = 0;
    }
    this.stepsInLast++;
  }

  finish(): LoadOverTime {
    return { stepsPerStretch: this.stepsPerStretch, stretches: this.stretches };
  }

  /** Over the whole run. */
  total(): Float64Array {
    const sum = new Float64Array(this.numCells);
    for (const stretch of this.stretches)
      for (let cell = 0; cell < sum.length; cell++) sum[cell] += stretch[cell];
    return sum;
  }

  private merge(): void {
    const { stretches } = this;
    for (let i = 0; 2 * i < stretches.length; i++) {
      const first = stretches[2 * i];
      const second = stretches[2 * i + 1];
      for (let cell = 0; cell < first.length; cell++) first[cell] += second[cell];
      stretches[i] = first;
    }
    stretches.length /= 2;
    this.stepsPerStretch *= 2;
  }
}
