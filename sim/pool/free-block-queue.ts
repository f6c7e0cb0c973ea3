/**
 * The queue of free blocks, intrusive and doubly linked, so that a prefix hit can leave its middle in
 * O(1) (vLLM `FreeKVCacheBlockQueue`). Its order is the eviction order: head next, tail last.
 *
 * The sentinel is node `capacity`: next[capacity] is the head, prev[capacity] the tail.
 */
export class FreeBlockQueue {
  /** block → neighbour towards the head; meaningless for blocks outside the queue. */
  readonly prev: Int32Array;
  /** block → neighbour towards the tail. */
  readonly next: Int32Array;
  readonly sentinel: number;
  length = 0;

  /** An empty queue over blocks 0 … capacity − 1. */
  constructor(capacity: number) {
    this.sentinel = capacity;
    this.prev = new Int32Array(capacity + 1);
    this.next = new Int32Array(capacity + 1);
    this.clear();
  }

  clear(): void {
    this.next[this.sentinel] = this.sentinel;
    this.prev[this.sentinel] = this.sentinel;
    this.length = 0;
  }

  /** Fills an empty queue with first, first + 1, …, last. */
  fill(first: number, last: number): void {
    for (let block = first; block <= last; block++) this.pushBack(block);
  }

  pushBack(block: number): void {
    this.insertAfter(this.prev[this.sentinel], block);
  }

  pushFront(block: number): void {
    this.insertAfter(this.sentinel, block);
  }

  /** Removes and returns the head. The queue must not be empty. */
  popFront(): number {
    const head = this.next[this.sentinel];
    this.remove(head);
    return head;
  }

  remove(block: number): void {
    const { prev, next } = this;
    const before = prev[block];
    const after = next[block];
    next[before] = after;
    prev[after] = before;
    this.length--;
  }

  /** Puts the block behind `before`, which is in the queue or is the sentinel (then: at the head). */
  insertAfter(before: number, block: number): void {
    const { prev, next } = this;
    const after = next[before];
    prev[block] = before;
    next[block] = after;
    next[before] = block;
    prev[after] = block;
    this.length++;
  }

  /** From head to tail. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (let block = this.next[this.sentinel]; block !== this.sentinel; block = this.next[block]) yield block;
  }
}
