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
  private readonly scratch: Int32Array;
  private now = 0;

  constructor(numRequests: number, mostAtOnce: number) {
    this.next = new Int32Array(numRequests);
    this.due = new Int32Array(mostAtOnce);
    this.scratch = new Int32Array(mostAtOnce);
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
    // Put in by rank, found in reverse.
    for (let low = 0, high = count - 1; low < high; low++, high--) {
      const request = due[low];
      due[low] = due[high];
      due[high] = request;
    }
    this.sortDue(count, rank);
    this.first[bucket] = NOBODY;
    this.numDue = count;
    this.now++;
  }

  /** Natural merge sort: each step that added to the bucket left an ascending run, and there are few. */
  private sortDue(count: number, rank: ArrayLike<number>): void {
    const { due, scratch } = this;
    let sorted = endOfRun(due, 0, count, rank);
    while (sorted < count) {
      const end = endOfRun(due, sorted, count, rank);
      for (let i = sorted; i < end; i++) scratch[i - sorted] = due[i];
      let left = sorted - 1;
      let right = end - sorted - 1;
      for (let at = end - 1; right >= 0; at--) {
        const takesLeft = left >= 0 && rank[due[left]] > rank[scratch[right]];
        due[at] = takesLeft ? due[left--] : scratch[right--];
      }
      sorted = end;
    }
  }

  clear(): void {
    this.first.fill(NOBODY);
    this.numDue = 0;
  }
}

/** End of the run of ascending ranks that begins at `start`. */
function endOfRun(requests: Int32Array, start: number, count: number, rank: ArrayLike<number>): number {
  let end = start + 1;
  while (end < count && rank[requests[end - 1]] < rank[requests[end]]) end++;
  return end;
}
