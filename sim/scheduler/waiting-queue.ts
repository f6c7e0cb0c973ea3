const NOWHERE = -1;

/** The key by which vLLM's priority queue orders requests: smaller first. */
export interface PriorityKey {
  readonly priority: ArrayLike<number>;
  readonly arrivalTime: ArrayLike<number>;
  readonly ids: readonly string[];
}

/**
 * Requests that wait, linked in the order in which they were put there (vLLM `FCFSRequestQueue`). With a
 * key, the head is the smallest request instead (vLLM `PriorityRequestQueue`), found through a heap; the
 * links stay, so that both policies can tell who stands where.
 */
export class WaitingQueue {
  /** request → neighbour towards the front, or the sentinel. */
  private readonly prev: Int32Array;
  private readonly next: Int32Array;
  private readonly sentinel: number;
  private readonly heap: RequestHeap | null;
  length = 0;

  constructor(numRequests: number, key: PriorityKey | null) {
    this.sentinel = numRequests;
    this.prev = new Int32Array(numRequests + 1);
    this.next = new Int32Array(numRequests + 1);
    this.prev[numRequests] = numRequests;
    this.next[numRequests] = numRequests;
    this.heap = key === null ? null : new RequestHeap(numRequests, key);
  }

  /** The request to be admitted next. The queue must not be empty. */
  get head(): number {
    return this.heap === null ? this.next[this.sentinel] : this.heap.smallest;
  }

  pushBack(request: number): void {
    this.insertAfter(this.prev[this.sentinel], request);
  }

  pushFront(request: number): void {
    this.insertAfter(this.sentinel, request);
  }

  /** Takes a request out; returns the one linked before it + 1, or 0 at the front. */
  remove(request: number): number {
    const before = this.prev[request];
    const after = this.next[request];
    this.next[before] = after;
    this.prev[after] = before;
    this.heap?.remove(request);
    this.length--;
    return before === this.sentinel ? 0 : before + 1;
  }

  private insertAfter(before: number, request: number): void {
    const after = this.next[before];
    this.prev[request] = before;
    this.next[request] = after;
    this.next[before] = request;
    this.prev[after] = request;
    this.heap?.add(request);
    this.length++;
  }
}

/** A binary heap of requests that knows where each stands, so that any can be removed. */
class RequestHeap {
  private readonly key: PriorityKey;
  private readonly heap: number[] = [];
  /** request → position in the heap. */
  private readonly position: Int32Array;

  constructor(numRequests: number, key: PriorityKey) {
    this.key = key;
    this.position = new Int32Array(numRequests).fill(NOWHERE);
  }

  get smallest(): number {
    return this.heap[0];
  }

  add(request: number): void {
    this.heap.push(request);
    this.up(this.heap.length - 1, request);
  }

  remove(request: number): void {
    const at = this.position[request];
    const last = this.heap.pop();
    this.position[request] = NOWHERE;
    if (last === undefined || last === request) return;
    this.up(at, last);
    this.down(this.position[last], last);
  }

  private up(at: number, request: number): void {
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!comesBefore(this.key, request, this.heap[parent])) break;
      this.place(at, this.heap[parent]);
      at = parent;
    }
    this.place(at, request);
  }

  private down(at: number, request: number): void {
    const { heap } = this;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && comesBefore(this.key, heap[child + 1], heap[child])) child++;
      if (!comesBefore(this.key, heap[child], request)) break;
      this.place(at, heap[child]);
      at = child;
    }
    this.place(at, request);
  }

  private place(at: number, request: number): void {
    this.heap[at] = request;
    this.position[request] = at;
  }
}

/** vLLM `Request.__lt__`: priority, arrival time, then the id compared as a string ("r10" before "r2"). */
export function comesBefore(key: PriorityKey, a: number, b: number): boolean {
  const { priority, arrivalTime, ids } = key;
  if (priority[a] !== priority[b]) return priority[a] < priority[b];
  if (arrivalTime[a] !== arrivalTime[b]) return arrivalTime[a] < arrivalTime[b];
  return ids[a] < ids[b];
}
