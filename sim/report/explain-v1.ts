import { DETAIL_SHIFT, EventKind, RequestState } from '../recording/events.ts';
import { schedulerAt } from '../recording/recording.ts';
import { AdmissionStop } from '../recording/tables.ts';
import { type SchedulerConfig, tokenBudgetOf } from '../scheduler/config.ts';
import { count, plural, tokens } from '../words.ts';
import { listed, StepExplainer } from './step-explainer.ts';

const RULES = {
  add: 'Scheduler.add_request',
  abort: 'Scheduler.finish_requests',
  running: 'Scheduler.schedule, running requests',
  preempt: 'Scheduler._preempt_request',
  waiting: 'Scheduler.schedule, waiting requests',
  hits: 'KVCacheManager.get_computed_blocks',
  allocate: 'KVCacheManager.allocate_slots',
  evict: 'BlockPool._maybe_evict_cached_block',
  reset: 'BlockPool.reset_prefix_cache',
  encoder: 'Scheduler._try_schedule_encoder_inputs',
  encoderCache: 'EncoderCacheManager.can_allocate',
  drop: 'SingleTypeKVCacheManager.remove_skipped_blocks',
  stop: 'check_stop',
} as const;

/** Why V1 decided as it did, in the order in which it decides. */
export class V1StepExplainer extends StepExplainer {
  protected sayAll(): void {
    this.arrivalsAndAborts();
    this.runningRequests();
    this.preemptions();
    this.admissions();
    this.sayHeadWaits();
    this.evictions();
    this.images();
    this.ends();
  }

  private arrivalsAndAborts(): void {
    const { requests, header } = this.recording;
    for (let event = this.begin; event < this.scheduleEnd; event++) {
      const request = this.a(event);
      const prompt = requests.numPromptTokens[request];
      switch (this.kind(event)) {
        case EventKind.Arrive:
          this.say(
            RULES.add,
            `${this.id(request)} arrives with a prompt of ${tokens(prompt)} and joins the queue.`,
            [request],
          );
          break;
        case EventKind.Reject:
          this.say(
            'InputProcessor (front end)',
            `${this.id(request)} is rejected: its prompt of ${tokens(prompt)} does not fit below max_model_len ${header.scheduler.maxModelLen}.`,
            [request],
          );
          break;
        case EventKind.ResetCache:
          this.say(
            RULES.reset,
            request === 1
              ? 'The prefix cache is reset: no block is in use, and all of them lose their cached content.'
              : `The prefix cache should be reset, but ${count(this.recording.events.b[event], 'block')} ${plural(this.recording.events.b[event], 'is', 'are')} in use: nothing happens.`,
            [],
            this.emptiedBy(event),
          );
          break;
        case EventKind.Abort:
          this.say(
            RULES.abort,
            `${this.id(request)} is aborted: its client gave up. Its blocks are free again.`,
            [request],
          );
          break;
      }
    }
  }

  private runningRequests(): void {
    const { cursor, recording } = this;
    const admitted = new Set([...this.eventsOf(EventKind.Admit)].map((event) => this.a(event)));
    const { requests, header, steps } = recording;
    const scheduler = schedulerAt(header, this.step);
    const budget = tokenBudgetOf(scheduler);
    const decodes: number[] = [];
    const idle: number[] = [];
    for (const request of cursor.running()) {
      if (admitted.has(request)) continue;
      const scheduled = cursor.numScheduledTokens(request);
      if (scheduled === 0) idle.push(request);
      else if (scheduled === 1) decodes.push(request);
      else {
        const computed = cursor.numComputedTokens(request);
        const left = requests.numPromptTokens[request] - computed - scheduled;
        const why =
          left <= 0
            ? 'all that it knows'
            : scheduled === scheduler.longPrefillTokenThreshold
              ? `a chunk: long_prefill_token_threshold is ${scheduled}, ${remaining(left)}`
              : `a chunk: the budget of ${budget} ends there, ${remaining(left)}`;
        this.say(
          RULES.running,
          `${this.id(request)} computes ${tokens(scheduled)} behind its ${computed} (${why}).`,
          [request],
        );
      }
    }
    if (decodes.length > 0) {
      const named = this.names(decodes);
      this.say(
        RULES.running,
        `${named} ${plural(decodes.length, 'decodes one token', 'decode one token each')}: running requests come first, in the order of their admission.`,
        decodes,
      );
    }
    if (idle.length > 0) {
      const waitsForImage =
        scheduler.encoder !== undefined &&
        idle.every((request) => cursor.numComputedTokens(request) < requests.numPromptTokens[request]);
      const exhausted = header.pipeline === undefined && steps.numScheduledTokens[this.step] >= budget;
      const why = exhausted
        ? `the budget of ${tokens(budget)} is used up by those before ${plural(idle.length, 'it', 'them')}`
        : waitsForImage
          ? `the ${noRoomForImage(scheduler)}`
          : header.pipeline !== undefined
            ? `${plural(idle.length, 'its last batch is', 'their last batches are')} still in the pipeline`
            : scheduler.asyncScheduling
              ? 'the step in flight surely ends it, or the requester before it preempted itself'
              : 'a request before it found no block, preempted itself and ended the pass over the running ones';
      this.say(
        RULES.running,
        `${this.names(idle)} ${plural(idle.length, 'runs but computes', 'run but compute')} nothing: ${why}.`,
        idle,
      );
    }
  }

  private preemptions(): void {
    const { header } = this.recording;
    const { policy } = schedulerAt(header, this.step);
    for (const event of this.eventsOf(EventKind.Preempt)) {
      const victim = this.a(event);
      if (this.isForReset(event)) {
        const text = `${this.id(victim)} is preempted: the prefix cache is to be reset, and reset_running_requests takes the blocks of all that run. It goes back to the queue and computes everything again.`;
        this.sayPreempted(RULES.reset, text, [victim]);
        continue;
      }
      const { requester, blocks } = this.requesterBehind(event);
      const choice =
        policy === 'fcfs'
          ? 'fcfs takes the last of the running requests'
          : `the priority policy takes the least important of all that run (priority ${this.recording.requests.priority[victim]}, latest arrival)`;
      const cause =
        requester === null || requester === victim
          ? `it needs a block itself, none is free, and ${choice}`
          : `${this.id(requester)} needs ${count(blocks, 'block')} more than are free, and ${choice}`;
      this.sayPreempted(
        RULES.preempt,
        `${this.id(victim)} is preempted: ${cause}. It goes back to the queue and computes everything again.`,
        requester === null ? [victim] : [victim, requester],
      );
    }
  }

  /** A reset preempts before it empties the cache, and schedule() comes after both. */
  private isForReset(preemption: number): boolean {
    return !this.eventsOf(EventKind.ResetCache, preemption + 1).next().done;
  }

  /** Blocks whose content a reset forgets: its evictions follow it. */
  private emptiedBy(reset: number): number[] {
    const blocks: number[] = [];
    for (let next = reset + 1; next < this.scheduleEnd && this.kind(next) === EventKind.Evict; next++) {
      blocks.push(this.recording.events.b[next]);
    }
    return blocks;
  }

  /** Whose allocation follows a preemption: it was the one in need. */
  private requesterBehind(event: number): { requester: number | null; blocks: number } {
    let requester: number | null = null;
    let blocks = 0;
    for (let next = event + 1; next < this.scheduleEnd; next++) {
      const kind = this.kind(next);
      if (kind === EventKind.Span) break;
      if (kind !== EventKind.Allocate) continue;
      if (requester !== null && this.a(next) !== requester) break;
      requester = this.a(next);
      blocks++;
    }
    return { requester, blocks };
  }

  private admissions(): void {
    const { events, requests } = this.recording;
    for (const event of this.eventsOf(EventKind.Admit)) {
      const request = this.a(event);
      const hit = events.b[event];
      const again = events.kind[event] >> DETAIL_SHIFT === RequestState.Preempted;
      const scheduled = this.cursor.numScheduledTokens(request);
      const prompt = requests.numPromptTokens[request];
      const missing = prompt - hit - scheduled;
      const cached = hit === 0 ? 'nothing of it was cached' : `${tokens(hit)} came from the prefix cache`;
      const rest = missing > 0 ? `, ${remaining(missing)} for later steps` : '';
      this.say(
        hit > 0 ? RULES.hits : RULES.waiting,
        `${this.id(request)} is ${again ? 'resumed' : 'admitted'} from the head of the queue: ${cached}, it computes ${tokens(scheduled)} now${rest}.`,
        [request],
      );
    }
  }

  protected whyHeadWaits(): [rule: string, why: string] | null {
    const { steps, header } = this.recording;
    const scheduler = schedulerAt(header, this.step);
    switch (steps.admissionStop[this.step]) {
      case AdmissionStop.NoFreeBlocks: {
        const whole = scheduler.schedulerReserveFullIsl ? ' (its whole known sequence must fit)' : '';
        const needed = count(steps.admissionNeed[this.step], 'free block');
        const free = steps.numFreeBlocks[this.step];
        const why = `it needs ${needed}${whole}, ${free} ${plural(free, 'is', 'are')} free`;
        return [RULES.allocate, why];
      }
      case AdmissionStop.BudgetExhausted: {
        const budget = tokens(tokenBudgetOf(scheduler));
        return [RULES.waiting, `the budget of ${budget} is used up`];
      }
      case AdmissionStop.MaxNumSeqs:
        return [RULES.waiting, this.allRun()];
      case AdmissionStop.PromptExceedsBudget: {
        const why = 'chunked prefill is off, and what it must compute exceeds what is left of the budget';
        return [RULES.waiting, why];
      }
      case AdmissionStop.EncoderBudget:
        return [RULES.encoder, `its ${noRoomForImage(scheduler)}`];
      case AdmissionStop.Preempted: {
        const why = 'a step that preempts admits nobody, even where blocks are left';
        return [RULES.waiting, why];
      }
      default:
        return null;
    }
  }

  private images(): void {
    const { events } = this.recording;
    for (let event = this.begin; event < this.scheduleEnd; event++) {
      const content = events.b[event];
      const embeds = count(events.c[event], 'embedding');
      if (this.kind(event) === EventKind.EncoderCompute) {
        const text = `${this.id(this.a(event))} sends image ${content} through the encoder: ${embeds} ${plural(events.c[event], 'goes', 'go')} into its cache.`;
        this.say(RULES.encoder, text, [this.a(event)]);
      } else if (this.kind(event) === EventKind.EncoderEvict) {
        const text = `Image ${content} leaves the encoder cache, whose ${embeds} nobody needs any more.`;
        this.say(RULES.encoderCache, text);
      }
    }
  }

  private evictions(): void {
    const { events } = this.recording;
    /** requester and who freed when → blocks */
    const evicted = new Map<string, { request: number; since: string; blocks: number[] }>();
    for (let event = this.begin; event < this.scheduleEnd; event++) {
      const block = events.b[event];
      const request = this.a(event);
      if (this.kind(event) === EventKind.Drop) {
        const text = `Block ${block} left the sliding window of ${this.id(request)}: the null block takes its place.`;
        this.say(RULES.drop, text, [request], [block]);
      }
      if (this.kind(event) !== EventKind.Allocate || events.c[event] === 0) continue;
      const freed = this.lastFreed(block, event);
      const since = freed === null ? '' : `, freed by ${this.id(freed.request)} in step ${freed.step}`;
      const entry = evicted.get(`${request} ${since}`);
      if (entry) entry.blocks.push(block);
      else evicted.set(`${request} ${since}`, { request, since, blocks: [block] });
    }
    for (const { request, since, blocks } of evicted.values()) {
      const text = `${listed(blocks)} ${plural(blocks.length, 'loses its', 'lose their')} cached content: ${plural(blocks.length, 'it', 'they')} stood at the head of the free queue${since}, and ${this.id(request)} needs ${plural(blocks.length, 'a block', 'blocks')}.`;
      this.say(RULES.evict, text, [request], blocks);
    }
  }

  /** Who gave up the block last before an event, and in which step. */
  private lastFreed(block: number, before: number): { request: number; step: number } | null {
    const { events, steps } = this.recording;
    let step = this.step;
    for (let event = before - 1; event >= 0; event--) {
      while (step > 0 && event < steps.eventEnd[step - 1]) step--;
      const kind = this.kind(event);
      if ((kind === EventKind.Free || kind === EventKind.Drop) && events.b[event] === block) {
        return { request: this.a(event), step };
      }
    }
    return null;
  }

  private ends(): void {
    const { events, requests, header } = this.recording;
    // Outputs of a batch in flight may come before the schedule of this step.
    for (const event of this.eventsOf(EventKind.Finish, this.begin, this.end)) {
      const request = this.a(event);
      const outputs = events.b[event];
      const limit =
        outputs >= requests.maxTokens[request]
          ? 'it has all its outputs'
          : `it reached max_model_len ${header.scheduler.maxModelLen}`;
      this.say(
        RULES.stop,
        `${this.id(request)} ends with ${count(outputs, 'output')}: ${limit}. Its blocks go to the end of the free queue, the last first.`,
        [request],
      );
    }
  }
}

function remaining(left: number): string {
  return `${tokens(left)} of the prompt ${plural(left, 'remains', 'remain')}`;
}

function noRoomForImage({ encoder }: SchedulerConfig): string {
  const { computeBudget = 0, cacheSize = 0 } = encoder ?? {};
  return `next image fits neither what is left of the encoder's budget of ${computeBudget} nor its cache of ${count(cacheSize, 'embedding')}`;
}
