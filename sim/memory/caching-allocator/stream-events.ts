/** One stream's events: blocks in the order in which their events were recorded. */
interface EventQueue {
  blocks: number[];
  /** The next to be polled. */
  head: number;
  /** Those before this place have completed. */
  numComplete: number;
}

/** Polled events that a queue may keep before they are dropped. */
const MAX_POLLED = 4096;

/** Uses of blocks by other streams than their own, and the events by which their end is known. */
export class StreamEvents {
  private readonly usesOf = new Map<number, Set<number>>();
  private readonly queues = new Map<number, EventQueue>();
  private numPending = 0;

  /** Notes a use; twice is once. */
  recordUse(block: number, stream: number): void {
    const uses = this.usesOf.get(block);
    if (uses) uses.add(stream);
    else this.usesOf.set(block, new Set([stream]));
  }

  /** Records an event on every stream that used the block, and forgets the uses. Returns how many. */
  recordEvents(block: number): number {
    if (this.usesOf.size === 0) return 0;
    const uses = this.usesOf.get(block);
    if (uses === undefined) return 0;
    this.usesOf.delete(block);
    for (const stream of uses) {
      const queue = this.queues.get(stream);
      if (queue) queue.blocks.push(block);
      else this.queues.set(stream, { blocks: [block], head: 0, numComplete: 0 });
    }
    this.numPending += uses.size;
    return uses.size;
  }

  /** The GPU has passed all events recorded on the stream so far. Nobody is told before the next poll. */
  complete(stream: number): void {
    const queue = this.queues.get(stream);
    if (queue) queue.numComplete = queue.blocks.length;
  }

  completeAll(): void {
    for (const stream of this.queues.keys()) this.complete(stream);
  }

  /** Hands every completed event to the function, in the order of its stream. */
  poll(done: (block: number) => void): void {
    if (this.numPending === 0) return;
    for (const [stream, queue] of this.queues) {
      while (queue.head < queue.numComplete) {
        this.numPending--;
        done(queue.blocks[queue.head++]);
      }
      if (queue.head === queue.blocks.length) this.queues.delete(stream);
      else if (queue.head > MAX_POLLED) dropPolled(queue);
    }
  }
}

function dropPolled(queue: EventQueue): void {
  queue.blocks.splice(0, queue.head);
  queue.numComplete -= queue.head;
  queue.head = 0;
}
