import { FRONT, type Move, Queue, type V0Listener } from '../../recording/v0-listener.ts';

/** The three queues, linked through each other's links: a request stands in one of them, or in none. */
export class Queues {
  /** request → neighbours; node numRequests + q is the sentinel of queue q. */
  readonly next: Int32Array;
  readonly prev: Int32Array;
  /** request → its queue. */
  readonly of: Uint8Array;
  /** queue → requests in it. */
  readonly length: Int32Array;
  listener: V0Listener | null = null;
  private readonly numRequests: number;

  constructor(numRequests: number) {
    this.numRequests = numRequests;
    this.next = Int32Array.from({ length: numRequests + 4 }, (_, i) => i);
    this.prev = this.next.slice();
    this.of = new Uint8Array(numRequests);
    this.length = new Int32Array(4);
  }

  sentinel(queue: Queue): number {
    return this.numRequests + queue;
  }

  first(queue: Queue): number {
    return this.next[this.numRequests + queue];
  }

  last(queue: Queue): number {
    return this.prev[this.numRequests + queue];
  }

  pushBack(request: number, to: Queue, why: Move): void {
    this.move(request, to, this.last(to), why);
  }

  pushFront(request: number, to: Queue, why: Move): void {
    this.move(request, to, this.sentinel(to), why);
  }

  /** Out of its queue, into none. */
  remove(request: number, why: Move): void {
    this.move(request, Queue.None, this.sentinel(Queue.None), why);
  }

  /** Puts a request behind the node `after` of a queue. */
  move(request: number, to: Queue, after: number, why: Move): void {
    const { next, prev, numRequests } = this;
    const from = this.of[request] as Queue;
    const before = prev[request];
    if (from !== Queue.None) {
      next[before] = next[request];
      prev[next[request]] = before;
      this.length[from]--;
    }
    if (to !== Queue.None) {
      prev[request] = after;
      next[request] = next[after];
      prev[next[after]] = request;
      next[after] = request;
      this.length[to]++;
    }
    this.of[request] = to;
    if (this.listener === null) return;
    const nameOf = (node: number, queue: Queue) =>
      queue === Queue.None || node >= numRequests ? FRONT : node;
    this.listener.move(request, why, from, nameOf(before, from), to, nameOf(after, to));
  }

  /** Brings what is behind the node `after` of a queue into the order of `order`, which is all of it, with few moves. */
  reorder(queue: Queue, after: number, order: ArrayLike<number>, length: number, why: Move): void {
    const { next } = this;
    let placed = after;
    for (let i = 0; i < length; i++) {
      const request = order[i];
      let at = next[placed];
      // Either the one in the way goes to the back, or the one that is wanted comes forward.
      if (at !== request && next[at] === request) {
        this.pushBack(at, queue, why);
        at = next[placed];
      }
      if (at !== request) this.move(request, queue, placed, why);
      placed = request;
    }
  }

  /** The requests of a queue, from its front. */
  *in(queue: Queue): IterableIterator<number> {
    for (let request = this.first(queue); request < this.numRequests; request = this.next[request]) {
      yield request;
    }
  }
}
