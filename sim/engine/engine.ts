import { EngineCrash } from '../error.ts';
import { EventKind } from '../recording/events.ts';
import type { KvEventLog } from '../recording/kv-event-log.ts';
import { emptyRow, Recorder, type StepRow } from '../recording/recorder.ts';
import type { Crash, Recording, RunEnd } from '../recording/recording.ts';
import { Outcome, type RequestColumns } from '../recording/tables.ts';
import type { EngineScheduler } from '../scheduler/engine-scheduler.ts';
import { Inbox, type InboxReader } from './inbox.ts';
import { LivelockWatch } from './livelock-watch.ts';
import { makeScheduler, type OtherSchedulers, type Outlets } from './make-scheduler.ts';
import type { Pipeline } from './pipeline.ts';
import type { RequestLedger } from './request-ledger.ts';
import type { EngineLoad } from './routers/router.ts';
import { Scatter } from './scatter.ts';
import type { SimulationHooks } from './simulation-hooks.ts';
import type { SimulationInput } from './simulation-input.ts';

const DEFAULT_MAX_STEPS = 100_000_000;
const STEPS_BETWEEN_PROGRESS = 2048;

/**
 * One engine: its scheduler, the batches that it has in flight, and its recording. It keeps as many batches in
 * flight as it may before it waits for the oldest (vLLM `step_with_batch_queue`): one, or two with async scheduling,
 * so that step k + 1 is scheduled when step k starts, or one for each stage of a pipeline.
 */
export class Engine implements EngineLoad, InboxReader {
  readonly scheduler: EngineScheduler;
  /** When its oldest batch ends; Infinity: none is in flight. */
  wakeNs = Number.POSITIVE_INFINITY;
  /** It has something to look at: outputs came, or a request while nothing was in flight. */
  isDue = false;
  /** Why it stopped; null: it goes on. */
  end: RunEnd | null = null;
  numOutstanding = 0;
  toldWaiting = 0;
  toldRunning = 0;

  private readonly input: SimulationInput;
  private readonly hooks: SimulationHooks;
  private readonly ledger: RequestLedger;
  private readonly pipeline: Pipeline;
  private readonly depth: number;
  private readonly recorder: Recorder;
  private readonly recordsEvents: boolean;
  private readonly kvEventLog: KvEventLog | null;
  private readonly row: StepRow;
  /** Ends of the batches in flight, from the oldest. */
  private readonly ends: number[] = [];
  /** The row of the batch scheduled last is not written yet. */
  private isRowOpen = false;
  private readonly inbox: Inbox;
  private readonly livelock: LivelockWatch;
  private readonly scatter = new Scatter();
  /** When a batch that is scheduled now starts. */
  private nextStartNs = 0;
  /** End of the step whose outputs are being applied. */
  private outputNs = 0;
  private numSteps = 0;
  private crash: Crash | null = null;

  constructor(
    input: SimulationInput,
    hooks: SimulationHooks,
    ledger: RequestLedger,
    pipeline: Pipeline,
    depth: number,
    schedulers: Partial<OtherSchedulers>,
  ) {
    const { columns } = ledger;
    this.input = input;
    this.hooks = hooks;
    this.ledger = ledger;
    this.pipeline = pipeline;
    this.depth = depth;
    this.recorder = new Recorder(input.workload.numRequests);
    this.recordsEvents = input.events !== false;
    this.inbox = new Inbox(ledger.arrivals.arrivalNs, input.cacheResets ?? []);
    this.livelock = new LivelockWatch(input.scheduler);
    const outlets: Outlets = {
      recorder: this.recordsEvents ? this.recorder : null,
      kvEvents: hooks.kvEvents?.bind(hooks) ?? null,
      // The fast path knows of one batch behind the one that it makes, and only with async scheduling.
      plain: input.plain === true || depth > (input.scheduler.asyncScheduling ? 2 : 1),
      listener: {
        admitted: (request, numCached) => this.admitted(request, numCached),
        preempted: (request) => {
          columns.numPreemptions[request]++;
        },
        firstToken: (request) => {
          columns.firstTokenNs[request] = this.outputNs;
        },
        finished: (request) => this.ended(request, Outcome.Finished, this.outputNs),
        ignored: (request) => this.ended(request, Outcome.Rejected, this.row.startNs),
      },
    };
    const { scheduler, kvEventLog } = makeScheduler(input, outlets, schedulers);
    this.scheduler = scheduler;
    this.kvEventLog = kvEventLog;
    this.row = emptyRow();
  }

  get hasBatches(): boolean {
    return this.ends.length > 0;
  }

  /** A request has arrived; it is looked at when the engine schedules next. */
  receive(request: number): void {
    this.inbox.put(request);
    this.numOutstanding++;
    if (this.ends.length === 0) this.isDue = true;
  }

  /** The client of a request that it was given gives up. */
  receiveAbort(request: number, ns: number): void {
    this.inbox.putAbort(request, ns);
    if (this.ends.length === 0) this.isDue = true;
  }

  /** The oldest batch has ended: applies its outputs. */
  complete(): void {
    this.outputNs = this.wakeNs;
    this.ends.shift();
    this.isDue = true;
    try {
      this.scheduler.updateFromOutput();
      if (this.input.strict) this.scheduler.checkPool();
    } catch (error) {
      this.die(error);
      return;
    }
    this.tellQueues();
    if (this.isRowOpen) this.end = this.endStep();
    else this.extendStep();
    this.wakeNs = this.ends[0] ?? Number.POSITIVE_INFINITY;
  }

  /** Looks at what came and schedules as many batches as it may. */
  schedule(now: number): void {
    this.isDue = false;
    try {
      this.fill(now);
    } catch (error) {
      this.die(error);
    }
  }

  /** Its last batch ends later: it waits for the batches of other replicas. */
  holdUntil(ns: number): void {
    if (this.ends.length === 0) return;
    this.ends[this.ends.length - 1] = ns;
    this.row.endNs = ns;
    this.wakeNs = this.ends[0];
    this.pipeline.holdUntil(ns);
  }

  finish(requests: RequestColumns, end: RunEnd): Recording {
    const { input, scheduler } = this;
    if (this.crash === null) this.endRows();
    return this.recorder.finish(
      {
        name: input.name,
        seed: input.seed,
        vllm: input.vllm,
        pool: input.pool,
        scheduler: input.scheduler,
        ...(input.switch && { switch: input.switch }),
        ...(input.v0 && { v0: input.v0, traffic: scheduler.traffic }),
        ...(input.contiguous && { contiguous: { ...input.contiguous, ...this.scatter.summary } }),
        ...(input.memory && { memory: input.memory }),
        ...(input.stages && { pipeline: this.pipeline.use() }),
        end,
        ...(this.crash && { crash: this.crash }),
        ...(input.timing && { timing: input.timing }),
        about: input.about ?? {},
        prefixCacheQueries: scheduler.prefixCacheQueries,
        prefixCacheHits: scheduler.prefixCacheHits,
      },
      input.workload.ids,
      requests,
    );
  }

  /** Where the real engine would die, the run ends. */
  private die(error: unknown): void {
    if (!(error instanceof EngineCrash)) throw error;
    this.crash = { step: this.numSteps, error: error.message, explanation: error.explanation };
    this.end = 'engine-crash';
  }

  private fill(now: number): void {
    const { scheduler, ends, depth } = this;
    this.nextStartNs = this.pipeline.startNs(now);
    this.inbox.deliver(now, this);
    this.tellQueues();
    while (ends.length < depth && scheduler.hasUnfinished && this.scheduleBatch(now)) {
      if (ends.length === depth) this.isRowOpen = true;
      else {
        this.end = this.endStep();
        if (this.end !== null) return;
      }
    }
    this.wakeNs = ends[0] ?? Number.POSITIVE_INFINITY;
  }

  private tellQueues(): void {
    this.toldWaiting = this.scheduler.numWaiting;
    this.toldRunning = this.scheduler.numRunning;
  }

  arrived(request: number, arrivalNs: number): void {
    const { ledger, scheduler } = this;
    ledger.columns.arrivalNs[request] = arrivalNs;
    if (!isTooLong(this.input, request)) {
      scheduler.add(request, arrivalNs);
      return;
    }
    if (this.recordsEvents) this.recorder.event(EventKind.Reject, request, 0, 0);
    ledger.note(request, Outcome.Rejected, arrivalNs);
    this.numOutstanding--;
  }

  aborted(request: number): void {
    if (this.scheduler.abort(request)) this.ended(request, Outcome.Aborted, this.nextStartNs);
  }

  reset(preemptRunning: boolean): void {
    this.scheduler.resetPrefixCache(preemptRunning);
  }

  /** Makes the next batch and its row; false if nothing happened, so that there is no step. */
  private scheduleBatch(now: number): boolean {
    const { scheduler, row, pipeline, input } = this;
    row.startNs = pipeline.startNs(now);
    if (this.numSteps === input.switch?.step) scheduler.reconfigure?.(input.switch.to);
    const isStep = scheduler.schedule(row.startNs);
    if (this.input.strict) scheduler.checkPool();
    if (!isStep) return false;
    const { shape } = scheduler;
    row.endNs = pipeline.pass(shape, row.startNs, this.hooks.observer ?? null);
    this.ends.push(row.endNs);
    row.scheduleEnd = this.recorder.numEvents;
    row.numScheduledTokens = shape.numTokens;
    row.numScheduledRequests = shape.numRequests;
    scheduler.describe(row);
    if (scheduler.waste !== undefined) this.scatter.step(scheduler.waste());
    return true;
  }

  private endStep(): RunEnd | null {
    const { row } = this;
    this.isRowOpen = false;
    this.recorder.step(row);
    this.kvEventLog?.endStep(row.endNs);
    this.numSteps++;
    if (this.numSteps === (this.input.maxSteps ?? DEFAULT_MAX_STEPS)) return 'step-limit';
    if (this.livelock.isHung(this.scheduler.shape)) return 'hang';
    if (this.numSteps % STEPS_BETWEEN_PROGRESS === 0 && this.hooks.progress) {
      const share = this.ledger.numEnded / Math.max(1, this.input.workload.numRequests);
      if (this.hooks.progress(share, this.numSteps, row.endNs)) return 'cancelled';
    }
    return null;
  }

  /** What came after the last batch was scheduled belongs to its step; what a crash leaves half done, to none. */
  private endRows(): void {
    if (this.isRowOpen) this.recorder.step(this.row);
    else if (this.recorder.numSteps > 0) this.recorder.extendStep();
    else return;
    this.kvEventLog?.endStep(this.row.endNs);
  }

  /** Outputs with no batch behind them belong to the step that was scheduled last. */
  private extendStep(): void {
    this.recorder.extendStep();
    this.kvEventLog?.endStep(this.outputNs);
  }

  private admitted(request: number, numCached: number): void {
    const { firstScheduledNs, numCachedTokens } = this.ledger.columns;
    if (!Number.isNaN(firstScheduledNs[request])) return;
    firstScheduledNs[request] = this.row.startNs;
    numCachedTokens[request] = numCached;
  }

  private ended(request: number, outcome: Outcome, ns: number): void {
    this.numOutstanding--;
    this.ledger.ended(request, outcome, ns);
  }
}

/** The front end refuses the prompt. V0's takes one that fills the model's length. */
export function isTooLong({ workload, scheduler, v0 }: SimulationInput, request: number): boolean {
  return workload.numPromptTokens[request] > scheduler.maxModelLen - (v0 === undefined ? 1 : 0);
}
