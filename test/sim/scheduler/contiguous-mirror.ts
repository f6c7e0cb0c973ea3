import { type ContiguousListener, FRONT } from '../../../sim/recording/contiguous-listener.ts';
import type { ContiguousScheduler } from '../../../sim/scheduler/contiguous.ts';
import { must } from '../pool/v0-mirror.ts';

type Event = {
  [Name in keyof ContiguousListener]: [Name, ...Parameters<ContiguousListener[Name]>];
}[keyof ContiguousListener];

/** A reader of the baselines' events, which can go back as well: what they say must be what is. */
export class ContiguousMirror implements ContiguousListener {
  readonly events: Event[] = [];
  readonly waiting: number[] = [];
  readonly running: number[] = [];
  /** Slot → request + 1, or 0. */
  readonly owner: Int32Array;

  constructor(numSlots: number) {
    this.owner = new Int32Array(numSlots);
  }

  arrive(request: number): void {
    this.events.push(['arrive', request]);
    this.waiting.push(request);
  }

  place(request: number, offset: number, length: number): void {
    this.events.push(['place', request, offset, length]);
    must(this.waiting.shift() === request);
    this.running.push(request);
    this.own(0, request + 1, offset, length);
  }

  idle(request: number, numUsed: number): void {
    this.events.push(['idle', request, numUsed]);
    must(this.running.includes(request));
  }

  release(...event: Parameters<ContiguousListener['release']>): void {
    this.events.push(['release', ...event]);
    const [request, , before, offset, length] = event;
    leave(this.running, request, before);
    this.own(request + 1, 0, offset, length);
  }

  drop(...event: Parameters<ContiguousListener['drop']>): void {
    this.events.push(['drop', ...event]);
    leave(this.waiting, event[0], event[2]);
  }

  undoAll(): void {
    for (let event = this.events.pop(); event !== undefined; event = this.events.pop()) {
      switch (event[0]) {
        case 'arrive':
          must(this.waiting.pop() === event[1]);
          break;
        case 'place': {
          const [, request, offset, length] = event;
          must(this.running.pop() === request);
          this.waiting.unshift(request);
          this.own(request + 1, 0, offset, length);
          break;
        }
        case 'release': {
          const [, request, , before, offset, length] = event;
          enter(this.running, request, before);
          this.own(0, request + 1, offset, length);
          break;
        }
        case 'drop':
          enter(this.waiting, event[1], event[3]);
      }
    }
  }

  check(scheduler: ContiguousScheduler): void {
    const regions = scheduler.regions();
    must(regions.length === this.running.length && regions.every(([r], i) => r === this.running[i]));
    must(scheduler.numRunning === this.running.length && scheduler.numWaiting === this.waiting.length);
    const owner = new Int32Array(this.owner.length);
    for (const [request, offset, length] of regions) owner.fill(request + 1, offset, offset + length);
    must(owner.every((request, slot) => request === this.owner[slot]));
    for (const [offset, length] of scheduler.allocator.holes()) {
      must(owner.subarray(offset, offset + length).every((request) => request === 0));
    }
    must(scheduler.allocator.numFree === owner.reduce((n, request) => (request === 0 ? n + 1 : n), 0));
  }

  private own(from: number, to: number, offset: number, length: number): void {
    const slots = this.owner.subarray(offset, offset + length);
    must(slots.length === length);
    must(slots.every((request) => request === from));
    slots.fill(to);
  }
}

function leave(queue: number[], request: number, before: number): void {
  const at = queue.indexOf(request);
  must(at >= 0);
  must((queue[at - 1] ?? FRONT) === before);
  queue.splice(at, 1);
}

function enter(queue: number[], request: number, before: number): void {
  queue.splice(before === FRONT ? 0 : queue.indexOf(before) + 1, 0, request);
}
