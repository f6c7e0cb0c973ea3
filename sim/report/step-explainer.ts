import type { Cursor } from '../recording/cursor.ts';
import { KIND_MASK } from '../recording/events.ts';
import { type Recording, schedulerAt, stepEvents } from '../recording/recording.ts';
import { count, plural } from '../words.ts';

/** One decision of a step, in a sentence, with the vLLM function whose rule it follows. */
export interface Reason {
  readonly text: string;
  readonly rule: string;
  /** waits: somebody gets nothing for want of what others have; preemption: somebody loses it. */
  readonly kind: 'waits' | 'preemption' | 'other';
  readonly requests: readonly number[];
  readonly blocks: readonly number[];
}

/** What the explanations of V1's and V0's steps have in common. */
export abstract class StepExplainer {
  protected readonly recording: Recording;
  protected readonly step: number;
  protected readonly cursor: Cursor;
  private readonly reasons: Reason[] = [];
  /** Events of the step: up to scheduleEnd those of schedule() and before it, then those of its outputs. */
  protected readonly begin: number;
  protected readonly scheduleEnd: number;
  protected readonly end: number;

  constructor(cursor: Cursor) {
    const { recording, step } = cursor;
    this.recording = recording;
    this.step = step;
    this.cursor = cursor;
    const { begin, end: scheduleEnd } = stepEvents(recording, step);
    this.begin = begin;
    this.scheduleEnd = scheduleEnd;
    this.end = recording.steps.eventEnd[step];
  }

  explain(): Reason[] {
    this.sayAll();
    return this.reasons;
  }

  protected abstract sayAll(): void;

  protected kind(event: number): number {
    return this.recording.events.kind[event] & KIND_MASK;
  }
  protected a(event: number): number {
    return this.recording.events.a[event];
  }
  /** Events of a kind in schedule() and before it, or from one event to another. */
  protected *eventsOf(kind: number, from = this.begin, end = this.scheduleEnd): Generator<number> {
    for (let event = from; event < end; event++) if (this.kind(event) === kind) yield event;
  }
  protected id(request: number): string {
    return this.recording.requestIds[request];
  }

  protected say(
    rule: string,
    text: string,
    requests: readonly number[] = [],
    blocks: readonly number[] = [],
    kind: Reason['kind'] = 'other',
  ): void {
    this.reasons.push({ text, rule, kind, requests, blocks });
  }

  protected sayPreempted(rule: string, text: string, requests: readonly number[]): void {
    this.say(rule, text, requests, [], 'preemption');
  }

  protected names(requests: readonly number[]): string {
    const shown = requests.slice(0, 6).map((request) => this.id(request));
    const more = requests.length - shown.length;
    return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
  }

  /** Why nobody is admitted where as many run as may. */
  protected allRun(): string {
    const { numRunning } = this.cursor;
    const { maxNumSeqs } = schedulerAt(this.recording.header, this.step);
    return `${count(numRunning, 'request')} ${plural(numRunning, 'runs', 'run')}, and max_num_seqs is ${maxNumSeqs}`;
  }

  /** The rule by which the head of the queue is not admitted, and how; null where nothing says so. */
  protected abstract whyHeadWaits(): readonly [rule: string, why: string] | null;

  /** The head of the queue waits, and with it those behind it. */
  protected sayHeadWaits(): void {
    const [head] = this.cursor.waiting();
    const reason = head === undefined ? null : this.whyHeadWaits();
    if (reason === null) return;
    const [rule, why] = reason;
    const behind = this.cursor.numWaiting - 1;
    const others =
      behind > 0
        ? ` ${count(behind, 'request')} behind it ${plural(behind, 'waits', 'wait')} too: nobody overtakes.`
        : '';
    this.say(rule, `${this.id(head)} waits: ${why}.${others}`, [head], [], 'waits');
  }
}

/** Blocks by number, a few of them. */
export function listed(blocks: readonly number[]): string {
  const more = blocks.length > 8 ? ` and ${blocks.length - 8} more` : '';
  return `${plural(blocks.length, 'Block')} ${blocks.slice(0, 8).join(', ')}${more}`;
}
