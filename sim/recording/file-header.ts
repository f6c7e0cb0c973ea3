import { isRankStrip } from '../memory/rank-strip.ts';
import { isServingAllocator } from '../memory/serving/serving-allocator.ts';
import { isExpertMap } from '../moe/expert-map.ts';
import { isColumnType, type TableTypes } from './column.ts';
import {
  EVENT_COLUMNS,
  REQUEST_COLUMNS,
  type RecordingHeader,
  SPAN_COLUMNS,
  STEP_COLUMNS,
} from './recording.ts';

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

export function isFileHeader(value: unknown): value is FileHeader {
  const file = value as FileHeader;
  const isCount = (n: unknown) => Number.isInteger(n) && (n as number) >= 0 && (n as number) <= MAX_ROWS;
  return (
    typeof file === 'object' &&
    file !== null &&
    typeof file.digest === 'string' &&
    typeof file.rows === 'object' &&
    file.rows !== null &&
    TABLE_NAMES.every((name) => isCount(file.rows[name])) &&
    (file.columns === undefined || TABLE_NAMES.every((name) => isTableTypes(file.columns?.[name]))) &&
    Array.isArray(file.requestIds) &&
    file.requestIds.length === file.rows.requests &&
    file.requestIds.every((id) => typeof id === 'string') &&
    typeof file.header === 'object' &&
    file.header !== null &&
    typeof file.header.name === 'string' &&
    typeof file.header.about === 'object' &&
    file.header.about !== null &&
    (file.header.experts === undefined || isExpertMap(file.header.experts)) &&
    (file.header.memory === undefined || areRanks(file.header.memory, isRankStrip)) &&
    (file.header.allocators === undefined || areRanks(file.header.allocators, isServingAllocator)) &&
    isCount(file.header.pool?.numGpuBlocks) &&
    file.header.pool.numGpuBlocks > 0 &&
    Array.isArray(file.header.pool.groups) &&
    file.header.pool.groups.length > 0 &&
    file.header.pool.groups.length <= 16 &&
    file.header.pool.groups.every((group) => isCount(group?.blockSize) && group.blockSize > 0) &&
    typeof file.header.scheduler === 'object' &&
    file.header.scheduler !== null &&
    (file.header.switch === undefined ||
      (isCount(file.header.switch?.step) && typeof file.header.switch.to?.policy === 'string'))
  );
}

/** GPUs of a machine that is believed. */
const MAX_RANKS = 1 << 16;

function areRanks(value: unknown, isRank: (rank: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= MAX_RANKS && value.every(isRank);
}

function isTableTypes(value: unknown): value is TableTypes {
  return typeof value === 'object' && value !== null && Object.values(value).every(isColumnType);
}
