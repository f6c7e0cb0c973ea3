import type { PaceSpec } from '../scenario/workload-spec.ts';
import { arrivalClock } from './arrival-clock.ts';
import type { NewRequest } from './builder.ts';
import { drawDuration } from './durations.ts';
import { RandomStream } from './random.ts';

type When = Pick<NewRequest, 'arrivalNs' | 'dependsOn'>;

const NOBODY = -1;

/** When requests come: by the clock, or, where somebody waits for an answer, a while after it. */
export class Pace {
  private readonly spec: PaceSpec;
  private readonly nextArrival: () => number;
  private readonly thinking: RandomStream;
  /** user → the last request so far. */
  private readonly lastOf: Int32Array;
  private numConversations = 0;

  /** `numConversations`: how many will start by the clock. */
  constructor(spec: PaceSpec, numConversations: number, seed: number) {
    const numByClock = Math.min(numConversations, spec.users ?? numConversations);
    this.spec = spec;
    this.nextArrival = arrivalClock(spec.arrival, numByClock, new RandomStream(seed, 'arrivals'));
    this.thinking = new RandomStream(seed, 'think times');
    this.lastOf = new Int32Array(spec.users ?? 0).fill(NOBODY);
  }

  /** Of the first request of the next conversation. Users take turns, so that each has equally many. */
  start(): When {
    const user = this.numConversations++ % Math.max(1, this.lastOf.length);
    const before = this.lastOf.length === 0 ? NOBODY : this.lastOf[user];
    return before === NOBODY ? { arrivalNs: this.nextArrival() } : this.after(before);
  }

  /** Of a request that follows another. */
  after(before: number): When {
    return { arrivalNs: drawDuration(this.spec.thinkTime, this.thinking), dependsOn: before };
  }

  /** The last request of the conversation that start() began. */
  ends(request: number): void {
    if (this.lastOf.length > 0) this.lastOf[(this.numConversations - 1) % this.lastOf.length] = request;
  }
}
