/**
 * A doubly linked list of small integers, intrusive: an item can leave the middle in O(1), and nothing is
 * allocated. Each integer below the capacity is in the list at most once.
 *
 * The sentinel is node `capacity`: next[capacity] is the first item, prev[capacity] the last.
 */
export class IndexList {
  /** item → neighbour towards the front; meaningless for items outside the list. */
  readonly prev: Int32Array;
  /** item → neighbour towards the back. */
  readonly next: Int32Array;
  readonly sentinel: number;
  length = 0;

  constructor(capacity: number) {
    this.sentinel = capacity;
    this.prev = new Int32Array(capacity + 1);
    this.next = new Int32Array(capacity + 1);
    this.clear();
  }

  get first(): number {
    return this.next[this.sentinel];
  }

  clear(): void {
    this.next[this.sentinel] = this.sentinel;
    this.prev[this.sentinel] = this.sentinel;
    this.length = 0;
  }

  pushBack(item: number): void {
    this.insertAfter(this.prev[this.sentinel], item);
  }

  pushFront(item: number): void {
    this.insertAfter(this.sentinel, item);
  }

  /** Removes an item that is in the list. */
  remove(item: number): void {
    const { prev, next } = this;
    const before = prev[item];
    const after = next[item];
    next[before] = after;
    prev[after] = before;
    this.length--;
  }

  /** Puts an item behind `before`, which is in the list or is the sentinel (then: at the front). */
  insertAfter(before: number, item: number): void {
    const { prev, next } = this;
    const after = next[before];
    prev[item] = before;
    next[item] = after;
    next[before] = item;
    prev[after] = item;
    this.length++;
  }

  /** A copy, from front to back. */
  toArray(): Int32Array {
    const items = new Int32Array(this.length);
    let item = this.first;
    for (let i = 0; i < items.length; i++) {
      items[i] = item;
      item = this.next[item];
    }
    return items;
  }

  /** From front to back. */
  *[Symbol.iterator](): IterableIterator<number> {
    let item = this.first;
    for (let left = this.length; left > 0; left--) {
      yield item;
      item = this.next[item];
    }
  }
}
