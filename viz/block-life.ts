import { DETAIL_SHIFT, EventKind, KIND_MASK, NO_OWNER } from '../sim/recording/events.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { Device, Replace } from '../sim/recording/v0-listener.ts';

export type LifeKind = 'taken' | 'hit' | 'cached' | 'given-up' | 'evicted' | 'copied';

/** Something that happened to a block. */
export interface LifeEvent {
  readonly step: number;
  readonly kind: LifeKind;
  /** Row of the request that did it, if one did. */
  readonly request: number | null;
  /** Content that it has from then on, or has lost; 0 = none. */
  readonly chain: number;
}

/** What happened to every block over a run, in order. The index is made at the first question, in O(events). */
export class BlockLives {
  private readonly recording: Recording;
  private readonly numBlocks: number;
  /** The events of block b are order[start[b]] … order[start[b + 1] - 1]. */
  private start: Uint32Array | null = null;
  private order: Uint32Array = new Uint32Array(0);
  /** V0: sequence → its request. */
  private requestOfSequence: Uint32Array = new Uint32Array(0);

  constructor(recording: Recording, numBlocks: number) {
    this.recording = recording;
    this.numBlocks = numBlocks;
  }

  /** The life of a block up to the end of the run; empty for one that nothing happened to. */
  of(block: number): LifeEvent[] {
    const start = this.start ?? this.index();
    const life: LifeEvent[] = [];
    for (let i = start[block]; i < start[block + 1]; i++) life.push(...this.read(this.order[i]));
    return life;
  }

  private index(): Uint32Array {
    const { recording, numBlocks } = this;
    if (recording.header.v0 !== undefined) this.requestOfSequence = requestsOfSequences(recording);
    const start = new Uint32Array(numBlocks + 1);
    for (let event = 0; event < recording.numEvents; event++) {
      const block = this.blockOf(event);
      if (block >= 0 && block < numBlocks) start[block + 1]++;
    }
    for (let block = 1; block <= numBlocks; block++) start[block] += start[block - 1];
    const next = start.slice();
    this.order = new Uint32Array(start[numBlocks]);
    for (let event = 0; event < recording.numEvents; event++) {
      const block = this.blockOf(event);
      if (block >= 0 && block < numBlocks) this.order[next[block]++] = event;
    }
    this.start = start;
    return start;
  }

  /** The block that an event is about; -1 if about none. */
  private blockOf(event: number): number {
    const { events, header } = this.recording;
    const kind = events.kind[event] & KIND_MASK;
    switch (kind) {
      case EventKind.Allocate:
      case EventKind.Hit:
      case EventKind.Cache:
      case EventKind.Free:
      case EventKind.Evict: {
        const onCpu = header.v0 !== undefined && events.kind[event] >> DETAIL_SHIFT === Device.Cpu;
        return events.b[event] + (onCpu ? header.pool.numGpuBlocks : 0);
      }
      case EventKind.Drop:
      case EventKind.Replace:
      case EventKind.ReplaceWith:
        return events.b[event];
      default:
        return -1;
    }
  }

  private read(event: number): LifeEvent[] {
    const { events, header } = this.recording;
    const { a, c } = { a: events.a[event], c: events.c[event] };
    const step = this.stepOf(event);
    const isV0 = header.v0 !== undefined;
    const request = a === NO_OWNER ? null : isV0 ? this.requestOfSequence[a] : a;
    const tell = (kind: LifeKind, by: number | null, chain = 0): LifeEvent => ({
      step,
      kind,
      request: by,
      chain,
    });
    switch (events.kind[event] & KIND_MASK) {
      case EventKind.Allocate:
        // V1 tells with the allocation what the block lost by it; V0 in an event of its own.
        return !isV0 && c !== 0
          ? [tell('evicted', null, c), tell('taken', request)]
          : [tell('taken', request)];
      case EventKind.Hit:
        return [tell('hit', request)];
      case EventKind.Cache:
        return [tell('cached', null, c)];
      case EventKind.Evict:
        return [tell('evicted', null, c)];
      case EventKind.ReplaceWith: {
        const why = events.kind[event] >> DETAIL_SHIFT;
        return [tell(why === Replace.Copy ? 'copied' : 'hit', request)];
      }
      default:
        return [tell('given-up', request)];
    }
  }

  /** The step whose slice of events holds this one. */
  private stepOf(event: number): number {
    const { eventEnd } = this.recording.steps;
    let [low, high] = [0, this.recording.numSteps];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (eventEnd[middle] <= event) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function requestsOfSequences({ requests, requestIds }: Recording): Uint32Array {
  const owners: number[] = [];
  for (let request = 0; request < requestIds.length; request++) {
    for (let i = 0; i < Math.max(1, requests.numSequences[request]); i++) owners.push(request);
  }
  return Uint32Array.from(owners);
}
