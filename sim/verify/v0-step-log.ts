import { Device, Move, Queue, Replace, type V0Listener } from '../recording/v0-listener.ts';

type Pair = readonly [number, number];

/** What happens to requests and blocks in one step of V0, as far as the conformance format tells it. */
export class V0StepLog implements V0Listener {
  /** Preempted requests in order, and whether each is recomputed. */
  readonly preempted: number[] = [];
  readonly recomputed: boolean[] = [];
  numForced = 0;
  readonly ignoredWaiting: number[] = [];
  readonly ignoredSwapped: number[] = [];
  readonly swapIn: Pair[] = [];
  readonly swapOut: Pair[] = [];
  readonly copies: Pair[] = [];
  /** Request that got blocks for all its tokens → those that were in the GPU's cache. */
  readonly cached = new Map<number, number>();
  readonly forks: Pair[] = [];

  /** The move whose effects on blocks come next. */
  private request = -1;
  private why: Move = Move.Arrive;
  /** Blocks of the sequence that is being swapped, before. */
  private readonly sources: number[] = [];

  clear(): void {
    for (const list of [this.preempted, this.recomputed, this.ignoredWaiting, this.ignoredSwapped])
      list.length = 0;
    for (const list of [this.swapIn, this.swapOut, this.copies, this.forks]) list.length = 0;
    this.numForced = 0;
    this.cached.clear();
    this.why = Move.Arrive;
  }

  move(request: number, why: Move, from: Queue): void {
    this.request = request;
    this.why = why;
    switch (why) {
      case Move.ForceRecompute:
      case Move.ForceSwapOut:
        this.numForced++;
        this.preempted.push(request);
        this.recomputed.push(why === Move.ForceRecompute);
        break;
      case Move.Recompute:
      case Move.SwapOut:
        this.preempted.push(request);
        this.recomputed.push(why === Move.Recompute);
        break;
      case Move.Ignore:
        (from === Queue.Waiting ? this.ignoredWaiting : this.ignoredSwapped).push(request);
        break;
      case Move.Admit:
      case Move.SwapIn:
        this.cached.set(request, 0);
        break;
    }
  }

  take(_sequence: number, device: Device, position: number, block: number): void {
    this.target(device, position, block);
  }

  hit(_sequence: number, device: Device, position: number, block: number): void {
    this.target(device, position, block);
    if (device === Device.Gpu) this.cached.set(this.request, this.cached.get(this.request)! + 1);
  }

  release(_sequence: number, _device: Device, position: number, block: number): void {
    if (position === 0) this.sources.length = 0;
    this.sources.push(block);
  }

  replace(_sequence: number, why: Replace, _position: number, old: number, block: number): void {
    if (why === Replace.Copy) this.copies.push([old, block]);
  }

  fork(parent: number, child: number): void {
    this.forks.push([parent, child]);
  }

  cache(): void {}

  evict(): void {}

  /** vLLM forgets the swaps that its priority policy forces. */
  private target(device: Device, position: number, block: number): void {
    if (position >= this.sources.length) return;
    if (this.why === Move.SwapOut && device === Device.Cpu)
      this.swapOut.push([this.sources[position], block]);
    if (this.why === Move.SwapIn && device === Device.Gpu) this.swapIn.push([this.sources[position], block]);
  }
}
