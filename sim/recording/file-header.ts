import { isRankStrip } from '../memory/rank-strip.ts';
import { isServingAllocator } from '../memory/serving/serving-allocator.ts';
import { isExpertMap } from '../moe/expert-map.ts';
import { isCount, isList, isObject } from '../plain-values.ts';
import { isColumnType, type TableTypes } from './column.ts';
import type { RecordingHeader } from './recording.ts';
import { EVENT_COLUMNS, REQUEST_COLUMNS, SPAN_COLUMNS, STEP_COLUMNS } from './tables.ts';

/** Rows of a table, or steps, that are believed. */
export const MAX_ROWS = 0x7fffffff;

/** What stands at the start of a *.poolrec file, as JSON. */
export interface FileHeader {
  readonly header: RecordingHeader;
  readonly requestIds: readonly string[];
  readonly rows: Readonly<Record<'steps' | 'events' | 'spans' | 'requests', number>>;
  /** Table → its columns, in the order in which they follow; absent in version 1. */
  readonly columns?: Readonly<Record<string, TableTypes>>;
  readonly digest: string;
}

/** The tables of a recording, in the order of the file. */
export const TABLES = {
  steps: STEP_COLUMNS,
  events: EVENT_COLUMNS,
  spans: SPAN_COLUMNS,
  requests: REQUEST_COLUMNS,
} as const satisfies Record<string, TableTypes>;
export type TableName = keyof typeof TABLES;
export const TABLE_NAMES = Object.keys(TABLES) as TableName[];

/** The columns of format version 1, which its header did not declare. */
export const FORMAT_1_TABLES: Record<TableName, TableTypes> = {
  steps: {
    startNs: 'f64',
    endNs: 'f64',
    scheduleEnd: 'u32',
    eventEnd: 'u32',
    numScheduledTokens: 'u32',
    numScheduledRequests: 'u32',
    numRunning: 'u32',
    numWaiting: 'u32',
    numFreeBlocks: 'u32',
    numCachedFreeBlocks: 'u32',
    internalWasteSlots: 'u32',
    reservedSlots: 'u32',
    admissionStop: 'u8',
    admissionNeed: 'u32',
  },
  events: { kind: 'u8', a: 'u32', b: 'u32', c: 'u32' },
  spans: { request: 'u32', step: 'u32', computed: 'u32', tokens: 'u32', rate: 'u8', previous: 'u32' },
  requests: {
    arrivalNs: 'f64',
    firstScheduledNs: 'f64',
    firstTokenNs: 'f64',
    endNs: 'f64',
    numPromptTokens: 'u32',
    maxTokens: 'u32',
    priority: 'i32',
    numOutputTokens: 'u32',
    numCachedTokens: 'u32',
    numPreemptions: 'u32',
    outcome: 'u8',
  },
};

/** Whether it has what reading the tables and showing the run rest on. */
export function isFileHeader(value: unknown): value is FileHeader {
  if (!isObject(value)) return false;
  const { digest, rows, columns, requestIds, header } = value;
  return (
    typeof digest === 'string' &&
    isObject(rows) &&
    TABLE_NAMES.every((name) => isCount(rows[name], MAX_ROWS)) &&
    (columns === undefined ||
      (isObject(columns) && TABLE_NAMES.every((name) => isTableTypes(columns[name])))) &&
    isList(requestIds, rows.requests as number, (id) => typeof id === 'string') &&
    isObject(header) &&
    isRecordingHeader(header)
  );
}

function isRecordingHeader(header: Readonly<Record<string, unknown>>): boolean {
  const { name, about, pool, scheduler, switch: later, experts, memory, allocators } = header;
  return (
    typeof name === 'string' &&
    isObject(about) &&
    isObject(pool) &&
    isPositive(pool.numGpuBlocks) &&
    Array.isArray(pool.groups) &&
    pool.groups.length > 0 &&
    pool.groups.length <= MAX_GROUPS &&
    pool.groups.every((group) => isPositive(group?.blockSize)) &&
    isObject(scheduler) &&
    (later === undefined ||
      (isObject(later) &&
        isCount(later.step, MAX_ROWS) &&
        isObject(later.to) &&
        typeof later.to.policy === 'string')) &&
    (experts === undefined || isExpertMap(experts)) &&
    (memory === undefined || areRanks(memory, isRankStrip)) &&
    (allocators === undefined || areRanks(allocators, isServingAllocator))
  );
}

function isPositive(value: unknown): boolean {
  return isCount(value, MAX_ROWS) && value > 0;
}

/** KV cache groups of a model that are believed. */
const MAX_GROUPS = 16;
/** GPUs of a machine that is believed. */
const MAX_RANKS = 1 << 16;

function areRanks(value: unknown, isRank: (rank: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= MAX_RANKS && value.every(isRank);
}

function isTableTypes(value: unknown): value is TableTypes {
  return isObject(value) && Object.values(value).every(isColumnType);
}
