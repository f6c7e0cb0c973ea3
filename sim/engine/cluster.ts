import { makeColumns } from '../recording/column.ts';
import type { Recording, RunEnd } from '../recording/recording.ts';
import { Outcome, REQUEST_COLUMNS, type RequestColumns } from '../recording/tables.ts';
import { Engine, isTooLong } from './engine.ts';
import type { OtherSchedulers } from './make-scheduler.ts';
import { Pipeline } from './pipeline.ts';
import { RequestLedger } from './request-ledger.ts';
import type { Router } from './routers/router.ts';
import type { SimulationHooks } from './simulation-hooks.ts';
import type { SimulationInput } from './simulation-input.ts';

const NOBODY = -1;

export interface ClusterOptions {
  /** Who serves which request; without one, all go to the first engine. */
  readonly router?: Router;
  /**
   * experts: the replicas share the experts of a model, so that no batch ends before those of the others (vLLM
   * `DPEngineCoreProc`). stages: they are V0's virtual engines, which share one pipeline. Default: nothing.
   */
  readonly shared?: 'experts' | 'stages';
  /** Needed where the input is not for V1. */
  readonly schedulers?: Partial<OtherSchedulers>;
}

export interface ClusterRun {
  /** Those of several engines list the same requests: each knows the others' as Outcome.Elsewhere. */
  readonly recordings: readonly Recording[];
  readonly requests: RequestColumns;
}

/**
 * Replicas of an engine behind a router: the event loop, and the only place where simulated time passes. It goes
 * from event to event over all engines, so that the router sees each as it is when a request arrives. What happens
 * at the same time happens in this order: outputs are applied, requests are routed, batches are scheduled.
 */
export class Cluster {
  private readonly input: SimulationInput;
  private readonly engines: readonly Engine[];
  private readonly router: Router | null;
  private readonly inLockstep: boolean;
  private readonly ledger: RequestLedger;
  /** request → its engine, or NOBODY. */
  private readonly engineOf: Int16Array;
  private now = 0;
  /** One of the engines has, and with it the run. */
  private hasStopped = false;

  /** An engine for each of the hooks. */
  constructor(
    input: SimulationInput,
    hooks: readonly SimulationHooks[],
    { router, shared, schedulers = {} }: ClusterOptions = {},
  ) {
    const ledger = new RequestLedger(input.workload);
    // With async scheduling, tokens go from the last stage to the others on the GPUs, which wait for them (vLLM's V1
    // model runner, `_pp_receive_prev_sampled_token_ids_to_input_batch`).
    const { asyncScheduling } = input.scheduler;
    const newPipeline = () => new Pipeline(input.stepTime, input.stages ?? null, asyncScheduling);
    const pipeline = shared === 'stages' ? newPipeline() : null;
    this.input = input;
    this.ledger = ledger;
    this.router = router ?? null;
    this.inLockstep = shared === 'experts';
    this.engines = hooks.map(
      (hook) =>
        new Engine(input, hook, ledger, pipeline ?? newPipeline(), batchesInFlight(input), schedulers),
    );
    this.engineOf = new Int16Array(input.workload.numRequests).fill(NOBODY);
  }

  /** A recording of each engine, and what became of all requests. */
  run(): ClusterRun {
    const ends = this.runToEnd();
    const { engines, engineOf, ledger } = this;
    engines.forEach(({ scheduler }, i) => {
      scheduler.settle();
      for (let request = 0; request < engineOf.length; request++) {
        if (engineOf[request] === i) ledger.columns.numOutputTokens[request] = scheduler.numOutputs[request];
      }
    });
    const requests = ledger.columns;
    if (engines.length === 1) return { requests, recordings: [engines[0].finish(requests, ends[0])] };
    const recordings = engines.map((engine, i) => {
      const own = ownRequests(requests, (request) => engineOf[request] === i);
      return engine.finish(own, ends[i]);
    });
    return { requests, recordings };
  }

  private runToEnd(): RunEnd[] {
    const { engines } = this;
    for (;;) {
      const nextNs = this.nextNs();
      // Idle, or the head of a queue can never run: only an arrival or an abort could change that.
      if (nextNs === Number.POSITIVE_INFINITY) {
        return engines.map(({ scheduler }) => (scheduler.hasUnfinished ? 'hang' : 'drained'));
      }
      this.now = Math.max(this.now, nextNs);
      this.completeBatches();
      if (!this.hasStopped) {
        this.routeRequests();
        this.scheduleBatches();
      }
      if (this.hasStopped) return engines.map(({ end }) => end ?? 'cancelled');
    }
  }

  /** When something happens next. */
  private nextNs(): number {
    let nextNs = this.ledger.arrivals.nextNs;
    for (const { wakeNs } of this.engines) if (wakeNs < nextNs) nextNs = wakeNs;
    if (nextNs === Number.POSITIVE_INFINITY) return nextNs;
    return Math.min(nextNs, this.router?.nextNs ?? nextNs);
  }

  private completeBatches(): void {
    for (const engine of this.engines) {
      if (engine.wakeNs > this.now) continue;
      engine.complete();
      if (engine.end !== null) this.hasStopped = true;
    }
  }

  private routeRequests(): void {
    const { now, engines, router, engineOf } = this;
    const { arrivals } = this.ledger;
    if (router?.nextNs !== undefined && router.nextNs <= now) router.look?.(engines, now);
    for (let request = arrivals.takeArrival(now); request >= 0; request = arrivals.takeArrival(now)) {
      const isRefused = isTooLong(this.input, request);
      const engine = isRefused || router === null ? 0 : router.pick(request, engines, now);
      // Whoever waits for a request that is refused does not wait until an engine tells of it.
      if (isRefused) arrivals.ended(request, arrivals.arrivalNs[request]);
      engineOf[request] = engine;
      engines[engine].receive(request);
    }
    for (let request = arrivals.takeAbort(now); request >= 0; request = arrivals.takeAbort(now)) {
      engines[engineOf[request]].receiveAbort(request, arrivals.abortNs[request]);
    }
  }

  private scheduleBatches(): void {
    const { engines, inLockstep, now } = this;
    if (inLockstep && engines.some(({ hasBatches }) => hasBatches)) return;
    for (const engine of engines) {
      if (!engine.isDue) continue;
      engine.schedule(now);
      if (engine.end !== null) this.hasStopped = true;
    }
    if (inLockstep) this.alignBatches();
  }

  /** Who has less to do waits for the others; who has nothing to do runs a dummy batch, which decides nothing. */
  private alignBatches(): void {
    let lastNs = 0;
    for (const { wakeNs } of this.engines)
      if (wakeNs < Number.POSITIVE_INFINITY) lastNs = Math.max(lastNs, wakeNs);
    for (const engine of this.engines) engine.holdUntil(lastNs);
  }
}

/**
 * vLLM `max_concurrent_batches`. Drafts with async scheduling across stages end in an assertion there (tokens go to the
 * other stages one a request): two, as on one stage. Each of V0's virtual engines has one.
 */
function batchesInFlight({ v0, contiguous, stages, scheduler }: SimulationInput): number {
  if (v0 !== undefined || contiguous !== undefined) return 1;
  const numStages = stages?.numStages ?? 1;
  if (!scheduler.asyncScheduling) return numStages;
  return scheduler.numSpeculativeTokens > 0 ? 2 : Math.max(2, numStages);
}

/** The rows of an engine's own requests; of the others only what every engine could know. */
function ownRequests(requests: RequestColumns, isOwn: (request: number) => boolean): RequestColumns {
  const own = makeColumns(REQUEST_COLUMNS, requests.outcome.length);
  for (const name of Object.keys(REQUEST_COLUMNS) as (keyof RequestColumns)[]) own[name].set(requests[name]);
  for (let request = 0; request < own.outcome.length; request++) {
    if (isOwn(request)) continue;
    own.outcome[request] = Outcome.Elsewhere;
    own.arrivalNs[request] = Number.NaN;
    own.firstScheduledNs[request] = Number.NaN;
    own.firstTokenNs[request] = Number.NaN;
    own.endNs[request] = Number.NaN;
    own.numOutputTokens[request] = 0;
    own.numCachedTokens[request] = 0;
    own.numPreemptions[request] = 0;
  }
  return own;
}
