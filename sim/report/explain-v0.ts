import { DETAIL_SHIFT, EventKind, unpackMove } from '../recording/events.ts';
import { cachedTokensAt, requestChange } from '../recording/request-changes.ts';
import { AdmissionStop } from '../recording/tables.ts';
import { Device, Move, Replace } from '../recording/v0-listener.ts';
import { count, plural, tokens } from '../words.ts';
import { listed, StepExplainer } from './step-explainer.ts';

/** Functions of vLLM 0.6.3. */
const RULES = {
  add: 'Scheduler.add_seq_group',
  abort: 'Scheduler.abort_seq_group',
  prefills: 'Scheduler._schedule_prefills',
  running: 'Scheduler._schedule_running',
  swapped: 'Scheduler._schedule_swapped',
  recompute: 'Scheduler._preempt_by_recompute',
  swap: 'Scheduler._preempt_by_swap',
  priority: 'Scheduler._schedule_priority_preemption',
  delay: 'Scheduler._passed_delay',
  canAllocate: 'BlockSpaceManagerV2.can_allocate',
  copy: 'CopyOnWriteTracker.cow_block_if_not_appendable',
  promote: 'PrefixCachingBlockAllocator.promote_to_immutable_block',
  window: 'BlockTable.append_token_ids',
  evict: 'LRUEvictor.evict',
  fork: 'BlockSpaceManagerV2.fork',
  stop: 'StopChecker.maybe_stop_sequence',
} as const;

/** Why V0 decided as it did, in the order in which it decides. */
export class V0StepExplainer extends StepExplainer {
  protected sayAll(): void {
    this.arrivalsAndAborts();
    this.admissions();
    this.decodes();
    this.preemptions();
    this.swapIns();
    this.sayHeadWaits();
    this.copies();
    this.evictions();
    this.ends();
  }

  private *changes(from: number, to: number) {
    for (let event = from; event < to; event++) {
      const change = requestChange(this.recording, event, this.step);
      if (change !== null) yield { event, ...change };
    }
  }

  private arrivalsAndAborts(): void {
    const { requests, header } = this.recording;
    for (const { kind, request } of this.changes(this.begin, this.scheduleEnd)) {
      const prompt = tokens(requests.numPromptTokens[request]);
      if (kind === 'arrive') {
        const n = requests.numSequences[request];
        const samples = n > 1 ? `, of which ${n} answers are sampled,` : '';
        this.say(
          RULES.add,
          `${this.id(request)} arrives with a prompt of ${prompt}${samples} and joins the queue.`,
          [request],
        );
      } else if (kind === 'reject') {
        const text = `${this.id(request)} is ignored: its prompt of ${prompt} fits neither the limit of a prompt nor the pool of ${count(header.pool.numGpuBlocks, 'block')}.`;
        this.say(RULES.prefills, text, [request]);
      } else if (kind === 'abort') {
        this.say(
          RULES.abort,
          `${this.id(request)} is aborted: its client gave up. Its blocks are free again.`,
          [request],
        );
      }
    }
  }

  private admissions(): void {
    const { requests } = this.recording;
    for (const { event, kind, request } of this.changes(this.begin, this.scheduleEnd)) {
      if (kind !== 'admit' && kind !== 'resume') continue;
      const cached = cachedTokensAt(this.recording, event);
      const shares =
        cached > 0
          ? ` ${tokens(cached)} ${plural(cached, 'shares its block', 'share blocks')} with others, and ${plural(cached, 'is', 'are')} computed all the same.`
          : '';
      const scheduled = this.cursor.numScheduledTokens(request);
      const all = requests.numPromptTokens[request];
      const chunk =
        scheduled < all ? `, a chunk of ${tokens(scheduled)} now,` : `, ${tokens(scheduled)} at once,`;
      this.say(
        RULES.prefills,
        `${this.id(request)} is ${kind === 'resume' ? 'admitted again' : 'admitted'} from the front of the queue${chunk} with blocks for all of it.${shares}`,
        [request],
      );
    }
  }

  private decodes(): void {
    const { cursor, recording } = this;
    const { steps } = recording;
    const decodes: number[] = [];
    const idle: number[] = [];
    for (const request of cursor.running()) {
      const scheduled = cursor.numScheduledTokens(request);
      if (scheduled === 0) idle.push(request);
      else if (cursor.numComputedTokens(request) > 0) decodes.push(request);
    }
    if (decodes.length > 0) {
      const text = `${this.names(decodes)} ${plural(decodes.length, 'goes', 'go')} on, in the order of the running queue.`;
      this.say(RULES.running, text, decodes);
    }
    if (idle.length > 0) {
      const why =
        steps.isPromptStep[this.step] === 1
          ? 'prompts go first, and a step is either all prompts or all decodes'
          : 'the budget is used up by those before';
      const text = `${this.names(idle)} ${plural(idle.length, 'runs but computes', 'run but compute')} nothing: ${why}.`;
      this.say(RULES.running, text, idle);
    }
  }

  private preemptions(): void {
    const { recording } = this;
    const { events, header } = recording;
    for (const { event, kind, request } of this.changes(this.begin, this.scheduleEnd)) {
      if (kind !== 'preempt' && kind !== 'swap-out') continue;
      const { why } = unpackMove(events.kind[event] >> DETAIL_SHIFT);
      const isForced = why === Move.ForceRecompute || why === Move.ForceSwapOut;
      const cause = isForced
        ? 'a more important request waits, and it is the least important that runs'
        : 'a running request needs more blocks than are free, and it is the last of the running queue';
      const mode = header.v0?.preemptionMode ?? null;
      const chosen =
        mode === null
          ? kind === 'preempt'
            ? 'it has one sequence, so it is recomputed'
            : 'it has several sequences, so it is swapped'
          : `preemption_mode is ${mode}`;
      const fate =
        kind === 'preempt'
          ? 'Its blocks are freed; it goes to the front of the queue and computes everything again.'
          : `Its ${count(this.swappedBlocks(event), 'block')} ${plural(this.swappedBlocks(event), 'goes', 'go')} to the CPU, where they keep what is computed.`;
      const rule = isForced ? RULES.priority : kind === 'preempt' ? RULES.recompute : RULES.swap;
      this.sayPreempted(rule, `${this.id(request)} loses its place: ${cause} (${chosen}). ${fate}`, [
        request,
      ]);
    }
  }

  /** CPU blocks that the events behind a swap-out take. */
  private swappedBlocks(event: number): number {
    let blocks = 0;
    for (let next = event + 1; next < this.scheduleEnd && this.kind(next) !== EventKind.Move; next++) {
      const isCpu = this.recording.events.kind[next] >> DETAIL_SHIFT === Device.Cpu;
      if (isCpu && (this.kind(next) === EventKind.Allocate || this.kind(next) === EventKind.Hit)) blocks++;
    }
    return blocks;
  }

  private swapIns(): void {
    for (const { kind, request } of this.changes(this.begin, this.scheduleEnd)) {
      if (kind !== 'swap-in') continue;
      const text = `${this.id(request)} comes back from the CPU: nobody was preempted in this step, and its blocks fit above the watermark.`;
      this.say(RULES.swapped, text, [request]);
    }
    const [first] = this.cursor.swapped();
    if (first === undefined) return;
    const others = this.cursor.numSwapped > 1 ? ` ${this.cursor.numSwapped - 1} more are behind it.` : '';
    const text = `${this.id(first)} stays on the CPU, first of the swapped queue.${others}`;
    this.say(RULES.swapped, text, [first], [], 'waits');
  }

  protected whyHeadWaits(): [rule: string, why: string] | null {
    const { cursor, recording, step } = this;
    const { steps, header } = recording;
    const { scheduler, v0 } = header;
    switch (steps.admissionStop[step]) {
      case AdmissionStop.NoFreeBlocks:
        return [
          RULES.canAllocate,
          `it needs ${count(steps.admissionNeed[step], 'free block')}, the watermark included, and ${steps.numFreeBlocks[step]} are free`,
        ];
      case AdmissionStop.SwappedFirst:
        return [RULES.prefills, `no prompt is admitted while somebody is swapped out (${cursor.numSwapped})`];
      case AdmissionStop.PromptDelay:
        return [RULES.delay, `scheduler_delay_factor ${v0?.delayFactor} holds prompts back for now`];
      case AdmissionStop.MaxNumSeqs:
        return [RULES.prefills, this.allRun()];
      case AdmissionStop.BudgetExhausted:
        return [
          RULES.prefills,
          `the budget of ${tokens(scheduler.maxNumBatchedTokens)} does not hold it in this step`,
        ];
      case AdmissionStop.Preempted:
        return [RULES.prefills, 'somebody was preempted in this step'];
      default:
        return null;
    }
  }

  private copies(): void {
    const { events } = this.recording;
    const dropped: number[] = [];
    for (const event of this.eventsOf(EventKind.Replace)) {
      const old = events.b[event];
      const block = events.b[event + 1];
      const why = events.kind[event] >> DETAIL_SHIFT;
      if (why === Replace.Null) dropped.push(old);
      if (why === Replace.Copy) {
        const text = `Block ${old} is copied to block ${block}: a sequence is about to write where others read.`;
        this.say(RULES.copy, text, [], [old, block]);
      }
      if (why === Replace.Promote) {
        const text = `Block ${old} is full, and block ${block} already holds the same content: the table takes that one.`;
        this.say(RULES.promote, text, [], [old, block]);
      }
    }
    if (dropped.length > 0) {
      const verb = plural(dropped.length, 'has', 'have');
      this.say(RULES.window, `${listed(dropped)} ${verb} left the sliding window.`, [], dropped);
    }
  }

  private evictions(): void {
    const { events } = this.recording;
    const evicted: number[] = [];
    for (const event of this.eventsOf(EventKind.Evict, this.begin, this.end)) {
      if (events.kind[event] >> DETAIL_SHIFT === Device.Gpu) evicted.push(events.b[event]);
    }
    if (evicted.length === 0) return;
    const one = evicted.length === 1;
    const text = `${listed(evicted)} ${one ? 'loses its' : 'lose their'} cached content: no empty block is left, and of those that were accessed longest ago ${one ? 'it ends' : 'they end'} the longest prefix.`;
    this.say(RULES.evict, text, [], evicted);
  }

  private ends(): void {
    const { requests } = this.recording;
    const [fork] = this.eventsOf(EventKind.Fork, this.scheduleEnd, this.end);
    if (fork !== undefined) {
      this.say(RULES.fork, 'A sequence forks: its copy shares all blocks until one of them writes.');
    }
    for (const { kind, request } of this.changes(this.scheduleEnd, this.end)) {
      if (kind !== 'finish') continue;
      const outputs = requests.numOutputTokens[request];
      const text = `${this.id(request)} ends with ${count(outputs, 'output')}. Its blocks are free, the last one on top.`;
      this.say(RULES.stop, text, [request]);
    }
  }
}
