import type { SchedulerConfig } from '../scheduler/config.ts';
import type { BatchShape } from '../time/step-time.ts';

/** What a step without tokens counts for. */
const MIN_FRUITLESS = 64;

/** Sees that nobody gets anywhere: a prompt that preempts itself for ever. vLLM does not notice, and never ends. */
export class LivelockWatch {
  /** More tokens than all prompts that run at once can have. */
  private readonly mostFruitless: number;
  /** Tokens computed since somebody sampled one. */
  private fruitless = 0;

  constructor({ maxNumSeqs, maxModelLen }: SchedulerConfig) {
    this.mostFruitless = 2 * maxNumSeqs * maxModelLen;
  }

  /** True once so much was computed in vain that it can only go on like this. */
  isHung({ numSampled, numTokens }: BatchShape): boolean {
    this.fruitless = numSampled > 0 ? 0 : this.fruitless + Math.max(MIN_FRUITLESS, numTokens);
    return this.fruitless > this.mostFruitless;
  }
}
