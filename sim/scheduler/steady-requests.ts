import type { KvCacheManager } from '../pool/kv-cache-manager.ts';
import { RequestState } from '../recording/recording.ts';
import { DecodeCalendar } from './decode-calendar.ts';

/** The scheduler's columns that the fast path works on; see `V1Scheduler`. */
export interface RequestColumns {
  readonly running: Int32Array;
  readonly state: Uint8Array;
  readonly numComputed: Int32Array;
  readonly numOutputs: Int32Array;
}

/**
 * The fast path: the first `count` of the running requests, which all decode one token a step.
 *
 * Nothing about them is stored per step. Their numComputed and numOutputs are kept relative to a clock that
 * ticks once a step, and a calendar knows in which step one of them next needs a block, fills one, leaves its
 * window or ends. What happens in between is what the plain path would do: count.
 */
export class SteadyRequests {
  count = 0;
  private readonly columns: RequestColumns;
  private readonly kv: KvCacheManager;
  /** request → outputs with which it ends. */
  private readonly mostOutputs: (request: number) => number;
  private readonly calendar: DecodeCalendar;
  /** request → rank of its admission: the order of `running`. */
  private readonly rank: Int32Array;
  /** request → computed tokens before the step that gives its last output. */
  private readonly lastComputed: Int32Array;
  private numAdmitted = 0;
  private clock = 0;
  /** Sum of their computed tokens, and the most that one of them has, the latter relative to the clock. */
  private computedTokens = 0;
  private mostComputed = Number.NEGATIVE_INFINITY;

  constructor(columns: RequestColumns, kv: KvCacheManager, mostOutputs: (request: number) => number) {
    const numRequests = columns.state.length;
    this.columns = columns;
    this.kv = kv;
    this.mostOutputs = mostOutputs;
    this.calendar = new DecodeCalendar(numRequests, columns.running.length);
    this.rank = new Int32Array(numRequests);
    this.lastComputed = new Int32Array(numRequests);
  }

  /** Computed tokens of all of them, and the most of one; 0 if there are none. */
  get contextTokens(): number {
    return this.computedTokens;
  }
  get longestContext(): number {
    return this.count === 0 ? 0 : this.mostComputed + this.clock;
  }

  /** A request was appended to `running`. */
  admitted(request: number): void {
    this.rank[request] = this.numAdmitted++;
  }

  /** Gives the requests that are due what they need, in running order; returns the first without a block, or -1. */
  allocateDue(): number {
    const { calendar, kv } = this;
    const { numComputed } = this.columns;
    calendar.takeDue(this.rank);
    for (let i = 0; i < calendar.numDue; i++) {
      const request = calendar.due[i];
      const computed = numComputed[request] + this.clock;
      if (!kv.allocateRunning(request, computed, 1, 0, computed + 1)) return request;
    }
    return -1;
  }

  /** All of them compute one token, and with it sample one output. */
  tick(): void {
    this.clock++;
    this.computedTokens += this.count;
  }

  /** Of the requests that were due, those that have all their outputs end; returns how many. */
  endDue(finish: (request: number) => void): number {
    const { calendar } = this;
    const { numComputed } = this.columns;
    let ended = 0;
    let longestEnded = false;
    for (let i = 0; i < calendar.numDue; i++) {
      const request = calendar.due[i];
      const computed = numComputed[request] + this.clock;
      if (computed <= this.lastComputed[request]) {
        calendar.add(request, this.stepsUntilDue(request, computed));
        continue;
      }
      if (numComputed[request] === this.mostComputed) longestEnded = true;
      this.makeAbsolute(request);
      this.computedTokens -= numComputed[request];
      finish(request);
      ended++;
    }
    if (longestEnded) this.findLongest();
    return ended;
  }

  /** The next of `running` decodes too from now on. */
  join(): void {
    const { running, numComputed, numOutputs } = this.columns;
    const request = running[this.count++];
    const computed = numComputed[request];
    this.computedTokens += computed;
    this.lastComputed[request] = computed + this.mostOutputs(request) - 1 - numOutputs[request];
    numComputed[request] -= this.clock;
    numOutputs[request] -= this.clock;
    this.mostComputed = Math.max(this.mostComputed, numComputed[request]);
    this.calendar.add(request, this.stepsUntilDue(request, computed));
  }

  /** Ends the fast path for all of them: every counter is what it would be on the plain one. */
  settle(): void {
    for (let i = 0; i < this.count; i++) this.makeAbsolute(this.columns.running[i]);
    this.count = 0;
    this.clock = 0;
    this.computedTokens = 0;
    this.mostComputed = Number.NEGATIVE_INFINITY;
    this.calendar.clear();
  }

  private makeAbsolute(request: number): void {
    this.columns.numComputed[request] += this.clock;
    this.columns.numOutputs[request] += this.clock;
  }

  /** Steps before the one in which a request with `computed` tokens needs more than a counter. */
  private stepsUntilDue(request: number, computed: number): number {
    return Math.max(0, Math.min(this.kv.nextAttentionAt(request), this.lastComputed[request]) - computed);
  }

  private findLongest(): void {
    const { running, state, numComputed } = this.columns;
    this.mostComputed = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < this.count; i++) {
      const request = running[i];
      if (state[request] !== RequestState.Ended)
        this.mostComputed = Math.max(this.mostComputed, numComputed[request]);
    }
  }
}
