/** A binary heap of small integers under any strict order, which knows where each stands: all can be removed. */
export class IndexHeap {
  private readonly comesBefore: (a: number, b: number) => boolean;
  private readonly heap: number[] = [];
  /** item → its position in the heap; present for items in the heap only. */
  private readonly position = new Map<number, number>();

  constructor(comesBefore: (a: number, b: number) => boolean) {
    this.comesBefore = comesBefore;
  }

  get length(): number {
    return this.heap.length;
  }

  /** The item that comes before all others. The heap must not be empty. */
  get smallest(): number {
    return this.heap[0];
  }

  /** Adds an item that is not in the heap. */
  add(item: number): void {
    this.heap.push(item);
    this.up(this.heap.length - 1, item);
  }

  /** Removes an item if it is in the heap. */
  remove(item: number): void {
    const at = this.position.get(item);
    if (at === undefined) return;
    this.position.delete(item);
    const last = this.heap.pop()!;
    if (last === item) return;
    this.up(at, last);
    this.down(this.position.get(last)!, last);
  }

  private up(at: number, item: number): void {
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.comesBefore(item, this.heap[parent])) break;
      this.place(at, this.heap[parent]);
      at = parent;
    }
    this.place(at, item);
  }

  private down(at: number, item: number): void {
    const { heap } = this;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.comesBefore(heap[child + 1], heap[child])) child++;
      if (!this.comesBefore(heap[child], item)) break;
      this.place(at, heap[child]);
      at = child;
    }
    this.place(at, item);
  }

  private place(at: number, item: number): void {
    this.heap[at] = item;
    this.position.set(item, at);
  }
}
