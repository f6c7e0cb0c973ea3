import type { EventSink } from './event-sink.ts';
import { DETAIL_SHIFT, EventKind, NO_OWNER, packMove } from './events.ts';
import {
  type Device,
  type Move,
  NO_SEQUENCE,
  NOWHERE,
  type Queue,
  Replace,
  type V0Listener,
} from './v0-listener.ts';

/** Writes what V0's scheduler and pool report as events; null: nowhere. */
export class V0Recorder implements V0Listener {
  private readonly log: EventSink | null;
  private evicted = NOWHERE;

  constructor(log: EventSink | null) {
    this.log = log;
  }

  move(request: number, why: Move, from: Queue, before: number, to: Queue, after: number): void {
    const kind = EventKind.Move | (packMove(why, from, to) << DETAIL_SHIFT);
    this.log?.event(kind, request, before + 1, after + 1);
  }

  take(sequence: number, device: Device, _position: number, block: number): void {
    const owner = sequence === NO_SEQUENCE ? NO_OWNER : sequence;
    this.log?.event(EventKind.Allocate | (device << DETAIL_SHIFT), owner, block, this.takeEvicted(block));
  }

  hit(sequence: number, device: Device, _position: number, block: number, before: number): void {
    this.log?.event(EventKind.Hit | (device << DETAIL_SHIFT), sequence, block, before - NOWHERE);
  }

  replace(
    sequence: number,
    why: Replace,
    position: number,
    old: number,
    block: number,
    before: number,
  ): void {
    const detail = why << DETAIL_SHIFT;
    const place = why === Replace.Copy ? this.takeEvicted(block) : before - NOWHERE;
    this.log?.event(EventKind.Replace | detail, sequence, old, position);
    this.log?.event(EventKind.ReplaceWith | detail, sequence, block, place);
  }

  release(sequence: number, device: Device, position: number, block: number): void {
    this.log?.event(EventKind.Free | (device << DETAIL_SHIFT), sequence, block, position);
  }

  fork(parent: number, child: number): void {
    this.log?.event(EventKind.Fork, parent, child, 0);
  }

  cache(device: Device, block: number, chain: number): void {
    this.log?.event(EventKind.Cache | (device << DETAIL_SHIFT), 0, block, chain);
  }

  evict(device: Device, block: number, chain: number, before: number): void {
    this.evicted = block;
    this.log?.event(EventKind.Evict | (device << DETAIL_SHIFT), before + 1, block, chain);
  }

  private takeEvicted(block: number): 0 | 1 {
    const isEvicted = this.evicted === block;
    this.evicted = NOWHERE;
    return isEvicted ? 1 : 0;
  }
}
