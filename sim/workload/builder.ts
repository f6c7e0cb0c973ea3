import { invariant } from '../error.ts';
import type { Workload } from './workload.ts';

/** Positions `offset` … `offset + length - 1` of a segment. */
export type Run = readonly [segment: number, offset: number, length: number];

/** An image in a prompt: its placeholders are `length` tokens from position `offset` on. */
export interface Image {
  readonly offset: number;
  readonly length: number;
  /** The segment that its placeholders come from: equal segments are equal images. */
  readonly segment: number;
}

/** A request to be added to a workload; see `Workload` for the units. */
export interface NewRequest {
  /** Default: r0, r1, … in the order of the finished workload. */
  readonly id?: string;
  readonly arrivalNs: number;
  /** What add() returned for the request before; then arrivalNs counts from its end. */
  readonly dependsOn?: number;
  readonly prompt: readonly Run[];
  readonly maxTokens: number;
  readonly priority?: number;
  readonly abortAfterNs?: number;
  readonly outputSegment?: number;
  /** In prompt order. */
  readonly images?: readonly Image[];
  /** Sequences sampled in parallel (vLLM `n`); default 1. */
  readonly numSequences?: number;
  /** Output segments of the sequences after the first. */
  readonly forkSegments?: readonly number[];
}

const NO_IMAGES: readonly Image[] = [];

/** Makes a workload request by request: numbers segments, merges runs, sorts by arrival. */
export class WorkloadBuilder {
  private readonly segmentOf = new Map<string, number>();
  private numSegments = 0;
  private readonly ids: (string | undefined)[] = [];
  private readonly arrivalNs: number[] = [];
  private readonly dependsOn: number[] = [];
  private readonly maxTokens: number[] = [];
  private readonly priority: number[] = [];
  private readonly abortAfterNs: number[] = [];
  /** Added request → its first row of outputSegment; one entry more than requests. */
  private readonly sequenceStart: number[] = [0];
  private readonly outputSegment: number[] = [];
  private readonly runStart: number[] = [0];
  private readonly runSegment: number[] = [];
  private readonly runOffset: number[] = [];
  private readonly runLength: number[] = [];

  private readonly images: (readonly Image[])[] = [];

  get numRequests(): number {
    return this.ids.length;
  }

  /** The segment of that name: the same number each time. */
  segment(name: string): number {
    let segment = this.segmentOf.get(name);
    if (segment === undefined) {
      segment = this.newSegment();
      this.segmentOf.set(name, segment);
    }
    return segment;
  }

  /** A segment that nobody has used. */
  newSegment(): number {
    return this.numSegments++;
  }

  /** The segment into which a request that was added writes its outputs. */
  outputSegmentOf(request: number): number {
    return this.outputSegment[this.sequenceStart[request]];
  }

  /** The prompt of a request that was added. */
  promptOf(request: number): Run[] {
    const runs: Run[] = [];
    for (let run = this.runStart[request]; run < this.runStart[request + 1]; run++) {
      runs.push([this.runSegment[run], this.runOffset[run], this.runLength[run]]);
    }
    return runs;
  }

  imagesOf(request: number): readonly Image[] {
    return this.images[request];
  }

  /** Adds a request; returns its number among those added. */
  add(request: NewRequest): number {
    const { arrivalNs, maxTokens, dependsOn = -1, numSequences = 1 } = request;
    invariant(numSequences >= 1 && Number.isInteger(numSequences), 'a request has at least one sequence');
    invariant(arrivalNs >= 0 && Number.isInteger(arrivalNs), 'a request arrives at a whole nanosecond');
    invariant(maxTokens >= 1 && Number.isInteger(maxTokens), 'a request has at least one output');
    invariant(dependsOn >= -1 && dependsOn < this.numRequests, 'a request follows one added before');
    const first = this.runStart[this.numRequests];
    for (const [segment, offset, length] of request.prompt) this.addRun(first, segment, offset, length);
    invariant(this.runLength.length > first, 'a prompt of at least one token');
    this.runStart.push(this.runLength.length);
    this.ids.push(request.id);
    this.arrivalNs.push(arrivalNs);
    this.dependsOn.push(dependsOn);
    this.maxTokens.push(maxTokens);
    this.priority.push(request.priority ?? 0);
    this.abortAfterNs.push(request.abortAfterNs ?? Number.POSITIVE_INFINITY);
    this.outputSegment.push(request.outputSegment ?? this.newSegment());
    this.images.push(request.images ?? NO_IMAGES);
    for (let fork = 0; fork < numSequences - 1; fork++) {
      this.outputSegment.push(request.forkSegments?.[fork] ?? this.newSegment());
    }
    this.sequenceStart.push(this.outputSegment.length);
    return this.numRequests - 1;
  }

  /** Runs that continue each other become one, so that equal tokens are always equal runs. */
  private addRun(first: number, segment: number, offset: number, length: number): void {
    invariant(offset >= 0 && length >= 0 && Number.isInteger(offset + length), 'a run of whole tokens');
    if (length === 0) return;
    const last = this.runLength.length - 1;
    if (
      last >= first &&
      this.runSegment[last] === segment &&
      this.runOffset[last] + this.runLength[last] === offset
    ) {
      this.runLength[last] += length;
      return;
    }
    this.runSegment.push(segment);
    this.runOffset.push(offset);
    this.runLength.push(length);
  }

  /** Requests sorted by arrival, equal ones in the order in which they were added; dependents keep theirs. */
  finish(): Workload {
    const order = this.orderByArrival();
    const n = order.length;
    const ids = Array.from(order, (added, row) => this.ids[added] ?? `r${row}`);
    // Default ids cannot collide among themselves; a set of a million strings would take half a second.
    if (this.ids.some((id) => id !== undefined)) invariant(new Set(ids).size === n, 'ids are unique');
    const rowOf = new Int32Array(n);
    order.forEach((added, row) => {
      rowOf[added] = row;
    });
    const pick = (values: readonly number[]) => Int32Array.from(order, (added) => values[added]);
    const numSequences = Int32Array.from(
      order,
      (added) => this.sequenceStart[added + 1] - this.sequenceStart[added],
    );
    const sequenceStart = new Int32Array(n);
    const outputSegment = new Int32Array(this.outputSegment.length);
    let sequence = 0;
    order.forEach((added, row) => {
      sequenceStart[row] = sequence;
      for (let from = this.sequenceStart[added]; from < this.sequenceStart[added + 1]; from++) {
        outputSegment[sequence++] = this.outputSegment[from];
      }
    });
    const runStart = new Int32Array(n + 1);
    const numPromptTokens = new Int32Array(n);
    const runSegment = new Int32Array(this.runLength.length);
    const runOffset = new Int32Array(this.runLength.length);
    const runLength = new Int32Array(this.runLength.length);
    let to = 0;
    order.forEach((added, row) => {
      for (let run = this.runStart[added]; run < this.runStart[added + 1]; run++, to++) {
        runSegment[to] = this.runSegment[run];
        runOffset[to] = this.runOffset[run];
        runLength[to] = this.runLength[run];
        numPromptTokens[row] += runLength[to];
      }
      runStart[row + 1] = to;
    });
    return {
      numRequests: n,
      ids,
      arrivalNs: Float64Array.from(order, (added) => this.arrivalNs[added]),
      dependsOn: Int32Array.from(order, (added) =>
        this.dependsOn[added] < 0 ? -1 : rowOf[this.dependsOn[added]],
      ),
      numPromptTokens,
      maxTokens: pick(this.maxTokens),
      priority: pick(this.priority),
      abortAfterNs: Float64Array.from(order, (added) => this.abortAfterNs[added]),
      runStart,
      runSegment,
      runOffset,
      runLength,
      numSequences,
      sequenceStart,
      outputSegment,
      ...this.itemColumns(order),
    };
  }

  private itemColumns(
    order: Int32Array,
  ): Pick<Workload, 'itemStart' | 'itemOffset' | 'itemLength' | 'itemContent'> {
    const contentOf = new Map<number, number>();
    const itemStart = new Int32Array(order.length + 1);
    const items: Image[] = [];
    order.forEach((added, row) => {
      items.push(...this.images[added]);
      itemStart[row + 1] = items.length;
    });
    const content = ({ segment }: Image) => {
      const known = contentOf.get(segment) ?? contentOf.size;
      contentOf.set(segment, known);
      return known;
    };
    return {
      itemStart,
      itemOffset: Int32Array.from(items, ({ offset }) => offset),
      itemLength: Int32Array.from(items, ({ length }) => length),
      itemContent: Int32Array.from(items, content),
    };
  }

  private orderByArrival(): Int32Array {
    // A dependent stands right behind the request that starts its conversation.
    const key = new Float64Array(this.numRequests);
    for (let i = 0; i < key.length; i++) {
      key[i] = this.dependsOn[i] < 0 ? this.arrivalNs[i] : key[this.dependsOn[i]];
    }
    return Int32Array.from(key.keys()).sort((a, b) => key[a] - key[b] || a - b);
  }
}
