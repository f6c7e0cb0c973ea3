import type { Changes, CursorApi } from './cursor-api.ts';
import { RequestState } from './events.ts';
import { Keyframes, replayOf } from './keyframes.ts';
import { type Recording, schedulerAt } from './recording.ts';
import type { ReplayState } from './replay-state.ts';

/**
 * Replays a recording. Stepping back costs what stepping forward does; keyframes, kept on the way or
 * taken ahead with prepare(), bound a jump.
 */
export class Cursor implements CursorApi {
  readonly recording: Recording;
  readonly numBlocks: number;
  readonly refCount: Int32Array;
  readonly chain: Int32Array;
  readonly holderSum: Uint32Array;
  readonly state: Uint8Array;
  step = -1;

  private readonly replay: ReplayState;
  /** Events applied so far. */
  private position = 0;
  private readonly keyframes: Keyframes;
  /** step → steps before it in which requests advance by their rates; null: in all of them they do. */
  private readonly numAdvances: Uint32Array | null;

  constructor(recording: Recording) {
    const replay = replayOf(recording);
    this.recording = recording;
    this.replay = replay;
    this.numBlocks = replay.refCount.length;
    this.refCount = replay.refCount;
    this.chain = replay.chain;
    this.holderSum = replay.holderSum;
    this.state = replay.state;
    this.numAdvances = recording.header.v0 === undefined ? null : countAdvances(recording);
    this.keyframes = new Keyframes(recording, replay);
  }

  get numSteps(): number {
    return this.recording.numSteps;
  }
  get numRunning(): number {
    return this.replay.runningList.length;
  }
  get numWaiting(): number {
    return this.replay.waitingList.length;
  }
  get numSwapped(): number {
    return this.replay.swappedList?.length ?? 0;
  }
  get numFree(): number {
    return this.replay.numFree;
  }
  /** Free blocks of the CPU; 0 where there are none. */
  get numFreeCpu(): number {
    return this.replay.numFreeCpu;
  }
  get nullBlock(): number {
    return this.replay.nullBlock;
  }
  get numEncoderEmbeds(): number {
    return this.replay.numEncoderEmbeds;
  }

  seek(step: number): void {
    const { numSteps, numEvents, steps } = this.recording;
    this.step = Math.max(-1, Math.min(numSteps, Math.trunc(step)));
    if (this.step < 0) this.moveTo(0);
    else this.moveTo(this.step === numSteps ? numEvents : steps.scheduleEnd[this.step]);
  }

  /** Makes later jumps short: replays so many events elsewhere. @returns whether there is more to do. */
  prepare(numEvents: number): boolean {
    return this.keyframes.goOn(numEvents);
  }

  /** Goes to the end of the current step, when its outputs have been applied; `step` stays. */
  applyOutputs(): void {
    if (this.step >= 0 && this.step < this.numSteps) this.moveTo(this.recording.steps.eventEnd[this.step]);
  }

  running(): IterableIterator<number> {
    return this.replay.runningList[Symbol.iterator]();
  }

  waiting(): IterableIterator<number> {
    const { waitingList } = this.replay;
    const { requestIds, requests, header } = this.recording;
    // V0 sorts the queue itself, now and then; V1's is a heap.
    const { policy } = schedulerAt(header, this.step);
    if (policy === 'fcfs' || header.v0 !== undefined) return waitingList[Symbol.iterator]();
    const { priority, arrivalNs } = requests;
    const byUrgency = (a: number, b: number) =>
      priority[a] - priority[b] || arrivalNs[a] - arrivalNs[b] || (requestIds[a] < requestIds[b] ? -1 : 1);
    return [...waitingList].sort(byUrgency)[Symbol.iterator]();
  }

  swapped(): IterableIterator<number> {
    return (this.replay.swappedList ?? [])[Symbol.iterator]() as IterableIterator<number>;
  }

  freeQueue(): IterableIterator<number> {
    return this.replay.freeBlocks();
  }

  copyFreeQueue(): Int32Array {
    return this.replay.copyFreeBlocks();
  }

  isFree(block: number): boolean {
    return this.refCount[block] === 0 && block !== this.nullBlock;
  }

  freeBefore(block: number): number {
    return this.replay.freeBefore(block);
  }

  numTables(request: number): number {
    return this.replay.numTables(request);
  }

  table(request: number, which = 0): Int32Array {
    return this.replay.table(request, which);
  }

  blockSizeOfTable(which: number): number {
    return this.replay.blockSizeOfTable(which);
  }

  numComputedTokens(request: number): number {
    const state = this.state[request];
    if (state !== RequestState.Running && state !== RequestState.Swapped) return 0;
    const { step, computed, tokens, rate } = this.recording.spans;
    const row = this.spanOf(request);
    if (row < 0) return 0;
    const later = this.step - step[row];
    if (later <= 0) return computed[row];
    const { numAdvances } = this;
    const advances = numAdvances === null ? later - 1 : numAdvances[this.step] - numAdvances[step[row] + 1];
    return computed[row] + tokens[row] + rate[row] * advances;
  }

  numScheduledTokens(request: number): number {
    if (this.state[request] !== RequestState.Running || this.step >= this.numSteps) return 0;
    const { step, tokens, rate } = this.recording.spans;
    const row = this.spanOf(request);
    if (row < 0) return 0;
    if (this.step === step[row]) return tokens[row];
    return this.recording.steps.isPromptStep[this.step] === 1 ? 0 : rate[row];
  }

  /** Row of the span that says how the request advances; −1: none does. */
  spanOf(request: number): number {
    return this.replay.span[request] - 1;
  }

  holders(block: number): number[] {
    const count = this.refCount[block];
    if (block === this.nullBlock || count === 0) return [];
    if (count === 1) return [this.holderSum[block]];
    const holders: number[] = [];
    for (const request of [...this.running(), ...this.swapped()]) {
      if (this.whichTable(request, block) >= 0) holders.push(request);
    }
    return holders;
  }

  fill(block: number): number {
    if (this.refCount[block] === 0) return this.chain[block] === 0 ? 0 : this.usualBlockSize;
    const [holder] = this.holders(block);
    if (holder === undefined) return 0;
    const which = this.whichTable(holder, block);
    if (which < 0) return 0;
    const blockSize = this.replay.blockSizeOfTable(which);
    if (this.chain[block] !== 0) return blockSize;
    const at = this.table(holder, which).lastIndexOf(block);
    const tokens = this.numComputedTokens(holder) + this.numScheduledTokens(holder);
    return Math.max(0, Math.min(blockSize, tokens - at * blockSize));
  }

  takeChanges(): Changes {
    const { replay } = this;
    const all = replay.allChanged;
    const count = all ? 0 : replay.numChanged;
    replay.forgetChanges();
    return { all, count, blocks: replay.changed };
  }

  /** The first of a request's tables that holds the block, or −1. */
  whichTable(request: number, block: number): number {
    const count = this.numTables(request);
    for (let which = 0; which < count; which++) if (this.table(request, which).includes(block)) return which;
    return -1;
  }

  /** Of blocks that nobody holds: groups of unequal size cannot be told apart then. */
  private get usualBlockSize(): number {
    return this.recording.header.pool.groups[0].blockSize;
  }

  private moveTo(target: number): void {
    const { replay, keyframes } = this;
    const { snapshot, position } = keyframes.nearest(target);
    if (Math.abs(target - this.position) > Math.abs(target - position) + keyframes.interval / 8) {
      replay.restore(snapshot);
      this.position = position;
    }
    while (this.position < target) {
      replay.apply(this.position++);
      keyframes.passing(this.position, replay);
    }
    while (this.position > target) replay.undo(--this.position);
  }
}

/** numSteps + 1 entries: how many of the steps before are not prompt steps. */
function countAdvances({ numSteps, steps }: Recording): Uint32Array {
  const counts = new Uint32Array(numSteps + 1);
  for (let step = 0; step < numSteps; step++) counts[step + 1] = counts[step] + 1 - steps.isPromptStep[step];
  return counts;
}
