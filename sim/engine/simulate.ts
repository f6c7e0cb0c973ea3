import { EngineCrash } from '../error.ts';
import { makeColumns } from '../recording/column.ts';
import type { KvEventBatch, KvEventLog } from '../recording/kv-event-log.ts';
import { Recorder, type StepRow } from '../recording/recorder.ts';
import {
  type Crash,
  EventKind,
  Outcome,
  REQUEST_COLUMNS,
  type Recording,
  type RequestColumns,
  type RunEnd,
} from '../recording/recording.ts';
import type { EngineScheduler } from '../scheduler/engine-scheduler.ts';
import { Arrivals } from './arrivals.ts';
import { makeScheduler } from './make-scheduler.ts';
import type { SimulationInput } from './simulation-input.ts';
import type { StepObserver } from './step-observer.ts';

export interface SimulationHooks {
  /** Called now and then with the share of requests that have ended; true cancels the run. */
  progress?(share: number, numSteps: number, simulatedNs: number): boolean;
  /** Takes vLLM's KV cache events, a batch for each step in which there are any. */
  kvEvents?(batch: KvEventBatch): void;
  /** Sees every step. */
  readonly observer?: StepObserver | null;
}

const DEFAULT_MAX_STEPS = 100_000_000;
const STEPS_BETWEEN_PROGRESS = 2048;
/** What a step without tokens counts for in the search for livelocks. */
const MIN_FRUITLESS = 64;

/**
 * Runs a workload against a scheduler and a step-time model: the event loop, and the only place where
 * simulated time passes. Deterministic: the same input gives the same recording, byte for byte.
 */
export function simulate(input: SimulationInput, hooks: SimulationHooks = {}): Recording {
  return new Simulation(input, hooks).run();
}

class Simulation {
  private readonly input: SimulationInput;
  private readonly hooks: SimulationHooks;
  private readonly recorder: Recorder;
  private readonly scheduler: EngineScheduler;
  private readonly arrivals: Arrivals;
  private readonly requests: RequestColumns;
  private readonly recordsEvents: boolean;
  private readonly kvEventLog: KvEventLog | null;
  private readonly row: StepRow;
  /** End of the step whose outputs are being applied. */
  private outputNs = 0;
  private now = 0;
  private numResets = 0;
  private numSteps = 0;
  private numEnded = 0;
  /** Tokens computed since somebody sampled one. */
  private fruitlessTokens = 0;
  private crash: Crash | null = null;
  private sumFragmentation = 0;
  private leastLargestFree = Number.POSITIVE_INFINITY;

  constructor(input: SimulationInput, hooks: SimulationHooks) {
    const { workload } = input;
    this.input = input;
    this.hooks = hooks;
    this.recorder = new Recorder(workload.numRequests);
    this.arrivals = new Arrivals(workload);
    this.recordsEvents = input.events !== false;
    const { scheduler: made, kvEventLog } = makeScheduler(input, {
      recorder: this.recordsEvents ? this.recorder : null,
      kvEvents: hooks.kvEvents?.bind(hooks) ?? null,
      listener: {
        admitted: (request, numCached) => this.admitted(request, numCached),
        preempted: (request) => {
          this.requests.numPreemptions[request]++;
        },
        firstToken: (request) => {
          this.requests.firstTokenNs[request] = this.outputNs;
        },
        finished: (request) => this.ended(request, Outcome.Finished, this.outputNs),
        ignored: (request) => this.ended(request, Outcome.Rejected, this.row.startNs),
      },
    });
    this.scheduler = made;
    this.kvEventLog = kvEventLog;
    this.requests = makeColumns(REQUEST_COLUMNS, workload.numRequests);
    this.requests.arrivalNs.fill(Number.NaN);
    this.requests.firstScheduledNs.fill(Number.NaN);
    this.requests.firstTokenNs.fill(Number.NaN);
    this.requests.endNs.fill(Number.NaN);
    this.requests.numPromptTokens.set(workload.numPromptTokens);
    this.requests.numSequences.set(workload.numSequences);
    this.requests.maxTokens.set(workload.maxTokens);
    this.requests.priority.set(workload.priority);
    this.row = {
      startNs: 0,
      endNs: 0,
      scheduleEnd: 0,
      numScheduledTokens: 0,
      numScheduledRequests: 0,
      numRunning: 0,
      numWaiting: 0,
      numFreeBlocks: 0,
      numCachedFreeBlocks: 0,
      internalWasteSlots: 0,
      reservedSlots: 0,
      admissionStop: 0,
      isPromptStep: 0,
      admissionNeed: 0,
    };
  }

  run(): Recording {
    const end = this.runToEnd();
    const { input, scheduler } = this;
    scheduler.settle();
    this.requests.numOutputTokens.set(scheduler.numOutputs);
    return this.recorder.finish(
      {
        name: input.name,
        seed: input.seed,
        vllm: input.vllm,
        pool: input.pool,
        scheduler: input.scheduler,
        ...(input.v0 && { v0: input.v0, traffic: scheduler.traffic }),
        ...(input.contiguous && { contiguous: { ...input.contiguous, ...this.scatter() } }),
        ...(input.memory && { memory: input.memory }),
        end,
        ...(this.crash && { crash: this.crash }),
        ...(input.timing && { timing: input.timing }),
        about: input.about ?? {},
        prefixCacheQueries: scheduler.prefixCacheQueries,
        prefixCacheHits: scheduler.prefixCacheHits,
      },
      input.workload.ids,
      this.requests,
    );
  }

  private runToEnd(): RunEnd {
    try {
      return this.input.scheduler.asyncScheduling ? this.runAsync() : this.runSync();
    } catch (error) {
      if (!(error instanceof EngineCrash)) throw error;
      this.crash = { step: this.numSteps, error: error.message, explanation: error.explanation };
      return 'engine-crash';
    }
  }

  /** Schedule, execute, apply; then the next step. */
  private runSync(): RunEnd {
    const { scheduler, arrivals, row } = this;
    for (;;) {
      this.deliver(this.now);
      if (!scheduler.hasUnfinished || !this.schedule()) {
        // Idle, or the head of the queue can never run: only an arrival or an abort can change that.
        if (arrivals.nextNs === Number.POSITIVE_INFINITY) return scheduler.hasUnfinished ? 'hang' : 'drained';
        this.now = Math.max(this.now, arrivals.nextNs);
        continue;
      }
      this.now = row.endNs;
      this.outputNs = row.endNs;
      scheduler.updateFromOutput();
      const stop = this.endStep();
      if (stop !== null) return stop;
    }
  }

  /**
   * Step k + 1 is scheduled while step k runs, and then the outputs of step k are applied. So an arrival
   * during step k is first seen by the schedule of step k + 2.
   */
  private runAsync(): RunEnd {
    const { scheduler, arrivals, row } = this;
    let visibleNs = 0;
    let runningUntilNs = 0;
    for (;;) {
      this.deliver(visibleNs);
      const scheduled = scheduler.hasUnfinished && this.schedule();
      visibleNs = this.now;
      if (scheduler.numInFlight > (scheduled ? 1 : 0)) {
        this.outputNs = runningUntilNs;
        scheduler.updateFromOutput();
      } else if (!scheduled) {
        if (arrivals.nextNs === Number.POSITIVE_INFINITY) return scheduler.hasUnfinished ? 'hang' : 'drained';
        this.now = Math.max(this.now, arrivals.nextNs);
        visibleNs = this.now;
        continue;
      }
      if (!scheduled) {
        this.now = Math.max(this.now, runningUntilNs);
        visibleNs = this.now;
        continue;
      }
      this.now = row.endNs;
      runningUntilNs = row.endNs;
      const stop = this.endStep();
      if (stop !== null) return stop;
    }
  }

  /** Arrivals, aborts and resets of the prefix cache up to now, in the order of their times. */
  private deliver(now: number): void {
    const resets = this.input.cacheResets ?? [];
    for (; this.numResets < resets.length && resets[this.numResets].atNs <= now; this.numResets++) {
      const { atNs, preemptRunning } = resets[this.numResets];
      this.deliverRequests(atNs);
      this.scheduler.resetPrefixCache(preemptRunning);
    }
    this.deliverRequests(now);
  }

  /** More tokens than all prompts that run at once can have. */
  private get mostFruitlessTokens(): number {
    const { maxNumSeqs, maxModelLen } = this.input.scheduler;
    return 2 * maxNumSeqs * maxModelLen;
  }

  private deliverRequests(now: number): void {
    const { arrivals, scheduler, requests } = this;
    for (let request = arrivals.takeArrival(now); request >= 0; request = arrivals.takeArrival(now)) {
      const arrivalNs = arrivals.arrivalNs[request];
      requests.arrivalNs[request] = arrivalNs;
      // V0's front end takes a prompt that fills the model's length.
      const longest = this.input.scheduler.maxModelLen - (this.input.v0 === undefined ? 1 : 0);
      if (requests.numPromptTokens[request] > longest) {
        if (this.recordsEvents) this.recorder.event(EventKind.Reject, request, 0, 0);
        this.ended(request, Outcome.Rejected, arrivalNs);
      } else {
        scheduler.add(request, arrivalNs);
      }
    }
    for (let request = arrivals.takeAbort(now); request >= 0; request = arrivals.takeAbort(now)) {
      if (scheduler.abort(request)) this.ended(request, Outcome.Aborted, this.now);
    }
  }

  /** Makes the next step's batch and its row; false if nothing happened, so that there is no step. */
  private schedule(): boolean {
    const { scheduler, row, now } = this;
    row.startNs = now;
    if (!scheduler.schedule(now)) return false;
    const { shape } = scheduler;
    const stepNs = this.input.stepTime.stepNs(shape);
    row.endNs = now + stepNs + (this.hooks.observer?.step(shape, stepNs) ?? 0);
    row.scheduleEnd = this.recorder.numEvents;
    row.numScheduledTokens = shape.numTokens;
    row.numScheduledRequests = shape.numRequests;
    scheduler.describe(row);
    if (scheduler.waste !== undefined) {
      const { externalFragmentation, largestFreeBlock } = scheduler.waste();
      this.sumFragmentation += externalFragmentation;
      this.leastLargestFree = Math.min(this.leastLargestFree, largestFreeBlock);
    }
    return true;
  }

  private scatter() {
    return {
      externalFragmentation: this.numSteps === 0 ? 0 : this.sumFragmentation / this.numSteps,
      leastLargestFree: this.numSteps === 0 ? 0 : this.leastLargestFree,
    };
  }

  private endStep(): RunEnd | null {
    this.recorder.step(this.row);
    this.kvEventLog?.endStep(this.now);
    this.numSteps++;
    if (this.numSteps === (this.input.maxSteps ?? DEFAULT_MAX_STEPS)) return 'step-limit';
    // A prompt that preempts itself for ever: vLLM does not notice, and never ends.
    const { numSampled, numTokens } = this.scheduler.shape;
    this.fruitlessTokens = numSampled > 0 ? 0 : this.fruitlessTokens + Math.max(MIN_FRUITLESS, numTokens);
    if (this.fruitlessTokens > this.mostFruitlessTokens) return 'hang';
    if (this.numSteps % STEPS_BETWEEN_PROGRESS === 0 && this.hooks.progress) {
      const share = this.numEnded / Math.max(1, this.input.workload.numRequests);
      if (this.hooks.progress(share, this.numSteps, this.now)) return 'cancelled';
    }
    return null;
  }

  private admitted(request: number, numCached: number): void {
    const { firstScheduledNs, numCachedTokens } = this.requests;
    if (!Number.isNaN(firstScheduledNs[request])) return;
    firstScheduledNs[request] = this.row.startNs;
    numCachedTokens[request] = numCached;
  }

  private ended(request: number, outcome: Outcome, ns: number): void {
    this.requests.outcome[request] = outcome;
    this.requests.endNs[request] = ns;
    this.numEnded++;
    this.arrivals.ended(request, ns);
  }
}
