/** Steps that the calendar looks ahead; what is due later is looked at once on the way. A power of two. */
const HORIZON = 128;
const NOBODY = -1;

/**
 * Which decoding requests need more than a counter, and in which step: a calendar queue with a bucket a step.
 * A request stands in one bucket at most. All operations cost O(1), taking what is due O(due).
 */
export class DecodeCalendar {
  /** Requests that takeDue() found, in the order asked for; valid below numDue. */
  readonly due: Int32Array;
  numDue = 0;

  /** step modulo HORIZON → first request of its bucket */
  private readonly first = new Int32Array(HORIZON).fill(NOBODY);
  /** request → next one in its bucket */
  private readonly next: Int32Array;
  private now = 0;

  constructor(numRequests: number, mostAtOnce: number) {
    this.next = new Int32Array(numRequests);
    this.due = new Int32Array(mostAtOnce);
  }

  /** Puts a request into the bucket `steps` from now (0 = the one that takeDue takes next), or nearer. */
  add(request: number, steps: number): void {
    const bucket = (this.now + Math.min(steps, HORIZON - 1)) & (HORIZON - 1);
    this.next[request] = this.first[bucket];
    this.first[bucket] = request;
  }

  /** Empties the bucket of now into `due`, by ascending rank of the requests, and moves on by one step. */
  takeDue(rank: ArrayLike<number>): void {
    const { due, next } = this;
    const bucket = this.now & (HORIZON - 1);
    let count = 0;
    for (let request = this.first[bucket]; request !== NOBODY; request = next[request])
      due[count++] = request;
    // Put in by rank, found in reverse: turned round they are nearly sorted, which insertion likes best.
    for (let low = 0, high = count - 1; low < high; low++, high--) {
      const request = due[low];
      due[low] = due[high];
      due[high] = request;
    }
    for (let i = 1; i < count; i++) {
      const request = due[i];
      let at = i;
      while (at > 0 && rank[due[at - 1]] > rank[request]) {
        due[at] = due[at - 1];
        at--;
      }
      due[at] = request;
    }
    this.first[bucket] = NOBODY;
    this.numDue = count;
    this.now++;
  }

  clear(): void {
    this.first.fill(NOBODY);
    this.numDue = 0;
  }
}
