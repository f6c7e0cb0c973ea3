import { isAmount, isCount, isList, isObject, isText } from '../plain-values.ts';

/** What a GPU's memory goes to, in the order in which it is taken. */
export const STRIP_KINDS = [
  'other',
  'context',
  'weights',
  'activations',
  'graphs',
  'kv-cache',
  'free',
] as const;
export type StripKind = (typeof STRIP_KINDS)[number];

/** One GPU's memory after the start, bytes: what a picture of it needs. */
export interface RankStrip {
  readonly rank: number;
  readonly totalBytes: number;
  /** One entry a kind, in the order of STRIP_KINDS; they sum to the total, or exceed it where the start failed. */
  readonly bytes: readonly number[];
  /** PyTorch's segments in order of their addresses: how many alike, bytes of one, and of its holes. */
  readonly segments: readonly {
    readonly count: number;
    readonly bytes: number;
    readonly holds: string;
    readonly holes: readonly number[];
  }[];
  readonly reservedBytes: number;
  readonly allocatedBytes: number;
  readonly inactiveSplitBytes: number;
  readonly largestFreeBlock: number;
}

const MAX_SEGMENTS = 1 << 16;

/** Whether a value, such as one from a file of anybody's, can be drawn. */
export function isRankStrip(value: unknown): value is RankStrip {
  if (!isObject(value) || !Array.isArray(value.segments)) return false;
  const { reservedBytes, allocatedBytes, inactiveSplitBytes, largestFreeBlock } = value;
  return (
    isCount(value.rank) &&
    isAmount(value.totalBytes) &&
    isList(value.bytes, STRIP_KINDS.length, isAmount) &&
    value.segments.length <= MAX_SEGMENTS &&
    value.segments.every(isSegment) &&
    [reservedBytes, allocatedBytes, inactiveSplitBytes, largestFreeBlock].every((bytes) => isAmount(bytes))
  );
}

function isSegment(value: unknown): boolean {
  if (!isObject(value) || !Array.isArray(value.holes)) return false;
  return (
    isCount(value.count) &&
    isAmount(value.bytes) &&
    isText(value.holds) &&
    value.holes.every((bytes) => isAmount(bytes))
  );
}
