import { IndexHeap } from '../pool/index-heap.ts';
import { IndexList } from '../pool/index-list.ts';

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
  private readonly order: IndexList;
  private heap: IndexHeap | null = null;

  constructor(numRequests: number, key: PriorityKey | null) {
    this.order = new IndexList(numRequests);
    this.orderBy(key);
  }

  /** The head is chosen by another key from now on. */
  orderBy(key: PriorityKey | null): void {
    this.heap = key === null ? null : new IndexHeap((a, b) => comesBefore(key, a, b));
    for (const request of this.order) this.heap?.add(request);
  }

  get length(): number {
    return this.order.length;
  }

  /** The request to be admitted next. The queue must not be empty. */
  get head(): number {
    return this.heap === null ? this.order.first : this.heap.smallest;
  }

  pushBack(request: number): void {
    this.order.pushBack(request);
    this.heap?.add(request);
  }

  pushFront(request: number): void {
    this.order.pushFront(request);
    this.heap?.add(request);
  }

  /** Takes a request out; returns the one linked before it + 1, or 0 at the front. */
  remove(request: number): number {
    const before = this.order.prev[request];
    this.order.remove(request);
    this.heap?.remove(request);
    return before === this.order.sentinel ? 0 : before + 1;
  }
}

/** vLLM `Request.__lt__`: priority, arrival time, then the id compared as a string ("r10" before "r2"). */
function comesBefore(key: PriorityKey, a: number, b: number): boolean {
  const { priority, arrivalTime, ids } = key;
  if (priority[a] !== priority[b]) return priority[a] < priority[b];
  if (arrivalTime[a] !== arrivalTime[b]) return arrivalTime[a] < arrivalTime[b];
  return ids[a] < ids[b];
}
