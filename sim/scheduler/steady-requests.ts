import { DecodeCalendar } from './decode-calendar.ts';

/** What the fast path asks of its scheduler. */
export interface SteadyHost {
  /** Computed tokens from which on the request's decode step needs more than a counter. */
  nextAttentionAt(request: number): number;
  /** Does what the decode step behind `computed` tokens needs; false if it finds no block. */
  serve(request: number, computed: number): boolean;
  /** The request is steady no longer: its counters, left alone since it joined, become exact again. */
  leave(request: number, computed: number): void;
}

/**
 * The fast path: the first `count` of the running requests, which all decode one token a step.
 *
 * Nothing about them is stored per step. Their computed tokens are kept relative to a clock that ticks once a
 * step, and a calendar knows in which step one of them next needs a block, fills one, leaves its window or ends.
 * What happens in between is what the plain path would do: count.
 */
export class SteadyRequests {
  count = 0;
  private readonly host: SteadyHost;
  private readonly calendar: DecodeCalendar;
  /** The requests, in no order; valid below count. */
  private readonly members: Int32Array;

  // request → …
  /** How many had joined before it: their order in `running`. */
  private readonly rank: Int32Array;
  /** Computed tokens when the clock stood at 0. */
  private readonly start: Int32Array;
  /** Computed tokens before the step that gives its last output. */
  private readonly lastComputed: Int32Array;
  /** 1 while it is one of them. */
  private readonly isSteady: Uint8Array;

  /** Requests that ever joined. */
  numJoined = 0;
  private clock = 0;
  /** Sum of their computed tokens, and the most that one of them has, the latter relative to the clock. */
  private computedTokens = 0;
  private mostComputed = Number.NEGATIVE_INFINITY;

  constructor(numRequests: number, mostAtOnce: number, host: SteadyHost) {
    this.host = host;
    this.calendar = new DecodeCalendar(numRequests, mostAtOnce);
    this.members = new Int32Array(mostAtOnce);
    this.rank = new Int32Array(numRequests);
    this.start = new Int32Array(numRequests);
    this.lastComputed = new Int32Array(numRequests);
    this.isSteady = new Uint8Array(numRequests);
  }

  /** Computed tokens of all of them, and the most of one; 0 if there are none. */
  get contextTokens(): number {
    return this.computedTokens;
  }
  get longestContext(): number {
    return this.count === 0 ? 0 : this.mostComputed + this.clock;
  }

  /** Requests that need something in the step that takeDue() began, in running order; valid below numDue. */
  get due(): Int32Array {
    return this.calendar.due;
  }
  get numDue(): number {
    return this.calendar.numDue;
  }

  has(request: number): boolean {
    return this.isSteady[request] === 1;
  }

  computedOf(request: number): number {
    return this.start[request] + this.clock;
  }

  /** A step begins in which all of them decode. */
  takeDue(): void {
    this.calendar.takeDue(this.rank);
  }

  /** Gives the requests that are due what they need, in running order; returns the first without a block, or -1. */
  serveDue(): number {
    const { due, numDue } = this.calendar;
    for (let i = 0; i < numDue; i++) {
      if (!this.host.serve(due[i], this.computedOf(due[i]))) return due[i];
    }
    return -1;
  }

  /** All of them compute one token, and with it sample one output. */
  tick(): void {
    this.clock++;
    this.computedTokens += this.count;
  }

  /** After the tick: of the requests that were due, those that have all their outputs end; returns how many. */
  endDue(finish: (request: number) => void): number {
    const { due, numDue } = this.calendar;
    const before = this.count;
    for (let i = 0; i < numDue; i++) {
      const request = due[i];
      if (this.isComplete(request)) this.remove(request, finish);
      else this.setDue(request);
    }
    return before - this.count;
  }

  /**
   * Before the tick, where outputs come a step late: of the requests that are due, those whose last output is under
   * way already compute nothing more, and are steady no longer.
   */
  leaveOutDue(leftOut: (request: number) => void): void {
    const { calendar } = this;
    const { due, numDue } = calendar;
    let kept = 0;
    for (let i = 0; i < numDue; i++) {
      const request = due[i];
      if (this.isComplete(request)) this.remove(request, leftOut);
      else due[kept++] = request;
    }
    calendar.numDue = kept;
  }

  /** After the tick, where endDue() does not follow: when those that were due are due again. */
  scheduleDue(): void {
    const { due, numDue } = this.calendar;
    for (let i = 0; i < numDue; i++) this.setDue(due[i]);
  }

  /** The next of the running requests decodes too from now on. */
  join(request: number, computed: number, outputsLeft: number): void {
    this.members[this.count++] = request;
    this.isSteady[request] = 1;
    this.rank[request] = this.numJoined++;
    this.computedTokens += computed;
    this.lastComputed[request] = computed + outputsLeft - 1;
    this.start[request] = computed - this.clock;
    this.mostComputed = Math.max(this.mostComputed, this.start[request]);
    this.setDue(request);
  }

  /** Ends the fast path for all of them: every counter is what it would be on the plain one. */
  settle(): void {
    for (let i = 0; i < this.count; i++) {
      this.isSteady[this.members[i]] = 0;
      this.host.leave(this.members[i], this.computedOf(this.members[i]));
    }
    this.count = 0;
    this.numJoined = 0;
    this.clock = 0;
    this.computedTokens = 0;
    this.mostComputed = Number.NEGATIVE_INFINITY;
    this.calendar.clear();
  }

  /** All its outputs are computed, or under way. */
  private isComplete(request: number): boolean {
    return this.computedOf(request) > this.lastComputed[request];
  }

  private remove(request: number, then: (request: number) => void): void {
    const computed = this.computedOf(request);
    const last = this.members[--this.count];
    this.members[this.members.indexOf(request)] = last;
    this.isSteady[request] = 0;
    this.computedTokens -= computed;
    if (this.start[request] === this.mostComputed) this.findLongest();
    this.host.leave(request, computed);
    then(request);
  }

  /** For the step in which the request next needs more than a counter. */
  private setDue(request: number): void {
    const computed = this.computedOf(request);
    const next = Math.min(this.host.nextAttentionAt(request), this.lastComputed[request]);
    this.calendar.add(request, Math.max(0, next - computed));
  }

  private findLongest(): void {
    this.mostComputed = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < this.count; i++) {
      this.mostComputed = Math.max(this.mostComputed, this.start[this.members[i]]);
    }
  }
}
