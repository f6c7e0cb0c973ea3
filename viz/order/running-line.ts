import type { Cursor } from '../../sim/recording/cursor.ts';

const NOT_IN_IT = -1;

/** The running requests, in the order in which they run. */
export class RunningLine {
  requests: readonly number[] = [];
  /** request → its place in the line; −1: it does not run. */
  readonly rank: Int32Array;

  constructor({ recording }: Cursor) {
    this.rank = new Int32Array(recording.requestIds.length).fill(NOT_IN_IT);
  }

  /**
   * Makes it the line at the cursor. O(running).
   * @returns whether those who were in it and still are stand in the order in which they did.
   */
  look(cursor: Cursor): boolean {
    const { rank, requests: before } = this;
    const requests = [...cursor.running()];
    let isSame = true;
    let last = NOT_IN_IT;
    for (const request of requests) {
      if (rank[request] === NOT_IN_IT) continue;
      if (rank[request] < last) isSame = false;
      last = rank[request];
    }
    for (const request of before) rank[request] = NOT_IN_IT;
    requests.forEach((request, i) => {
      rank[request] = i;
    });
    this.requests = requests;
    return isSame;
  }
}
