import { strFromU8, strToU8, unzlibSync, zlibSync } from 'fflate';
import { InputError } from '../error.ts';
import { isRankStrip } from '../memory/rank-strip.ts';
import { isServingAllocator } from '../memory/serving/serving-allocator.ts';
import { isExpertMap } from '../moe/expert-map.ts';
import {
  type Column,
  type Columns,
  isColumnType,
  makeColumn,
  makeColumns,
  type TableTypes,
} from './column.ts';
import { Digest } from './digest.ts';
import {
  DETAIL_SHIFT,
  EVENT_COLUMNS,
  EventKind,
  KIND_MASK,
  NO_OWNER,
  REQUEST_COLUMNS,
  type Recording,
  type RecordingHeader,
  SPAN_COLUMNS,
  STEP_COLUMNS,
} from './recording.ts';

/*
 * *.poolrec, format version 2, all numbers little endian:
 *
 *   8 bytes   "POOLREC" and the format version
 *   4 bytes   length of the header
 *   header    JSON: FileHeader
 *   then per column that the header declares, tables in the order steps, events, spans, requests:
 *   4 bytes   length of the packed column
 *   packed    zlib of the column's bytes in planes: all lowest bytes first, then all second bytes, …
 *
 * Planes of slowly changing counters are nearly constant, which is what makes the files small.
 *
 * A reader takes the columns that it knows by their names: those that an older file lacks are zeros, those
 * that a newer one adds are left out. Version 1 declared no columns and packed an event's kind into a byte.
 */
const MAGIC = strToU8('POOLREC');
const FORMAT_VERSION = 2;
const PREFIX_BYTES = 12;
const MAX_ROWS = 0x7fffffff;
/** Fast and small enough: counters in planes compress well at any level. */
const LEVEL = 3;

interface FileHeader {
  readonly header: RecordingHeader;
  readonly requestIds: readonly string[];
  readonly rows: Readonly<Record<'steps' | 'events' | 'spans' | 'requests', number>>;
  /** Table → its columns, in the order in which they follow; absent in version 1. */
  readonly columns?: Readonly<Record<string, TableTypes>>;
  readonly digest: string;
}

const TABLES = {
  steps: STEP_COLUMNS,
  events: EVENT_COLUMNS,
  spans: SPAN_COLUMNS,
  requests: REQUEST_COLUMNS,
} as const satisfies Record<string, TableTypes>;
type TableName = keyof typeof TABLES;
const TABLE_NAMES = Object.keys(TABLES) as TableName[];

/** The columns of format version 1, which its header did not declare. */
const FORMAT_1_TABLES: Record<TableName, TableTypes> = {
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

/** Format 1 had four bits each for the kind and its detail. */
const fromFormat1Kind = (kind: number) => (kind & 0xf) | ((kind >> 4) << DETAIL_SHIFT);

/** Digest of everything that the run decided: equal for equal runs, in Node and in every browser. */
export function digestOf(recording: Recording): string {
  const digest = new Digest();
  digest.add(strToU8(JSON.stringify([recording.header, recording.requestIds])));
  for (const name of TABLE_NAMES) for (const column of columnsOf(recording[name])) digest.add(column);
  return digest.toString();
}

/** The recording as the bytes of a *.poolrec file. */
export function encodeRecording(recording: Recording): Uint8Array {
  const fileHeader: FileHeader = {
    header: recording.header,
    requestIds: recording.requestIds,
    rows: {
      steps: recording.numSteps,
      events: recording.numEvents,
      spans: recording.spans.step.length,
      requests: recording.requestIds.length,
    },
    columns: TABLES,
    digest: digestOf(recording),
  };
  const header = strToU8(JSON.stringify(fileHeader));
  const packed: Uint8Array[] = [];
  for (const name of TABLE_NAMES) {
    for (const column of columnsOf(recording[name]))
      packed.push(zlibSync(toPlanes(column), { level: LEVEL }));
  }
  const length = packed.reduce((sum, bytes) => sum + 4 + bytes.length, PREFIX_BYTES + header.length);
  const file = new Uint8Array(length);
  const view = new DataView(file.buffer);
  file.set(MAGIC);
  file[MAGIC.length] = FORMAT_VERSION;
  view.setUint32(8, header.length, true);
  file.set(header, PREFIX_BYTES);
  let at = PREFIX_BYTES + header.length;
  for (const bytes of packed) {
    view.setUint32(at, bytes.length, true);
    file.set(bytes, at + 4);
    at += 4 + bytes.length;
  }
  return file;
}

/**
 * Reads a *.poolrec file.
 * @throws InputError if it is no recording, was cut off or damaged, or says what cannot be.
 */
export function decodeRecording(bytes: Uint8Array, file = 'recording'): Recording {
  const reader = new Reader(bytes, file);
  const { header, requestIds, rows, columns = FORMAT_1_TABLES, digest } = reader.header();
  const content = new Digest().add(strToU8(JSON.stringify([header, requestIds])));
  const read = <T extends TableTypes>(name: TableName, types: T): Columns<T> => {
    const table = makeColumns(types, rows[name]);
    for (const [column, values] of reader.table(columns[name], rows[name])) {
      content.add(values);
      const known = types[column] === columns[name][column];
      if (known) (table as Record<string, Column>)[column] = values;
      else if (column === 'kind') table.kind.set(Uint16Array.from(values, fromFormat1Kind));
    }
    return table;
  };
  const recording: Recording = {
    header,
    requestIds,
    numSteps: rows.steps,
    numEvents: rows.events,
    steps: read('steps', STEP_COLUMNS),
    events: read('events', EVENT_COLUMNS),
    spans: read('spans', SPAN_COLUMNS),
    requests: read('requests', REQUEST_COLUMNS),
  };
  reader.end();
  if (content.toString() !== digest)
    reader.fail('the content does not match its digest: the file is damaged');
  const nonsense = findNonsense(recording);
  if (nonsense !== null) reader.fail(nonsense);
  return recording;
}

class Reader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly file: string;
  private at = 0;

  constructor(bytes: Uint8Array, file: string) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.file = file;
  }

  fail(message: string): never {
    throw new InputError([{ file: this.file, message }]);
  }

  header(): FileHeader {
    const { bytes } = this;
    if (bytes.length < PREFIX_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) {
      this.fail('not a Poolscope recording (*.poolrec)');
    }
    const version = bytes[MAGIC.length];
    if (version < 1 || version > FORMAT_VERSION) {
      this.fail(`recording format version ${version}; this Poolscope reads versions 1 to ${FORMAT_VERSION}`);
    }
    this.at = 8;
    const text = strFromU8(this.take(this.u32()));
    let parsed: FileHeader;
    try {
      parsed = JSON.parse(text) as FileHeader;
    } catch {
      return this.fail('the header is no JSON: the file is damaged');
    }
    if (!isFileHeader(parsed) || (parsed.columns === undefined) !== (version === 1))
      return this.fail('the header lacks fields of a recording');
    return parsed;
  }

  /** The columns of a table, one after the other as they stand in the file. */
  *table(types: TableTypes, rows: number): Generator<[name: string, values: Column]> {
    for (const [name, type] of Object.entries(types)) {
      // Rows are claimed by the header: nothing is allocated for them before the bytes are there.
      const packed = this.take(this.u32());
      if (rows > packed.length * MAX_ROWS_PER_PACKED_BYTE) {
        this.fail('the header claims more rows than the file holds');
      }
      const column = makeColumn(type, rows);
      let planes: Uint8Array;
      try {
        planes = unzlibSync(packed, { out: new Uint8Array(column.byteLength) });
      } catch {
        return this.fail('a column cannot be unpacked: the file is damaged');
      }
      if (planes.length !== column.byteLength) this.fail('a column has the wrong length');
      fromPlanes(planes, column);
      yield [name, column];
    }
  }

  end(): void {
    if (this.at !== this.bytes.length) this.fail('there are bytes behind the last column');
  }

  private u32(): number {
    if (this.at + 4 > this.bytes.length) this.fail('the file ends in the middle: it was cut off');
    const value = this.view.getUint32(this.at, true);
    this.at += 4;
    return value;
  }

  private take(length: number): Uint8Array {
    if (this.at + length > this.bytes.length) this.fail('the file ends in the middle: it was cut off');
    const part = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return part;
  }
}

/** Deflate cannot pack more than 1032 bytes into one. */
const MAX_ROWS_PER_PACKED_BYTE = 1032;

function isFileHeader(value: unknown): value is FileHeader {
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

/** A reason why a reader could not replay the columns, or null. */
function findNonsense(recording: Recording): string | null {
  const { numSteps, numEvents, steps, spans, requestIds } = recording;
  let before = 0;
  for (let step = 0; step < numSteps; step++) {
    if (steps.scheduleEnd[step] < before || steps.eventEnd[step] < steps.scheduleEnd[step]) {
      return `step ${step}: events out of order`;
    }
    before = steps.eventEnd[step];
  }
  if (before > numEvents) return 'steps name more events than there are';
  for (let row = 0; row < spans.step.length; row++) {
    if (spans.request[row] >= requestIds.length || spans.previous[row] > row || spans.step[row] >= MAX_ROWS) {
      return `span ${row}: out of range`;
    }
  }
  const isPossible = recording.header.v0 === undefined ? possibleInV1(recording) : possibleInV0(recording);
  for (let event = 0; event < numEvents; event++) {
    if (!isPossible(event)) return `event ${event}: out of range`;
  }
  return null;
}

type EventCheck = (event: number) => boolean;

function possibleInV1({ header, requestIds, events, spans }: Recording): EventCheck {
  const numRequests = requestIds.length;
  const { numGpuBlocks, groups } = header.pool;
  return (event) => {
    const kind = events.kind[event] & KIND_MASK;
    const detail = events.kind[event] >> DETAIL_SHIFT;
    const isBlockEvent = (kind >= EventKind.Allocate && kind <= EventKind.Drop) || kind === EventKind.Evict;
    const movesBack = kind === EventKind.Admit || (kind >= EventKind.Preempt && kind <= EventKind.Abort);
    return (
      kind <= EventKind.EncoderEvict &&
      (kind === EventKind.ResetCache || events.a[event] < numRequests) &&
      (!isBlockEvent || (events.b[event] < numGpuBlocks && detail < groups.length)) &&
      (kind !== EventKind.Span || events.b[event] < spans.step.length) &&
      (kind !== EventKind.Hit || events.c[event] <= numGpuBlocks + 1) &&
      (!movesBack || events.c[event] <= numRequests)
    );
  };
}

/** Longest table that is believed. */
const MAX_POSITION = 1 << 24;

function possibleInV0({ header, requestIds, requests, events, spans }: Recording): EventCheck {
  const numRequests = requestIds.length;
  const numSequences = requests.numSequences.reduce((sum, n) => sum + Math.max(1, n), 0);
  const sizes = [header.pool.numGpuBlocks, header.v0?.numCpuBlocks ?? 0];
  return (event) => {
    const detail = events.kind[event] >> DETAIL_SHIFT;
    const a = events.a[event];
    const b = events.b[event];
    const c = events.c[event];
    const isBlock = detail <= 1 && b < sizes[detail];
    const isPlace = c <= sizes[detail] + 1;
    switch (events.kind[event] & KIND_MASK) {
      case EventKind.Reject:
        return a < numRequests;
      case EventKind.Span:
        return a < numRequests && b < spans.step.length;
      case EventKind.Move:
        return a < numRequests && b <= numRequests && c <= numRequests;
      case EventKind.Allocate:
        return isBlock && (a < numSequences || a === NO_OWNER);
      case EventKind.Hit:
        return isBlock && isPlace && a < numSequences;
      case EventKind.Free:
        return isBlock && a < numSequences && c < MAX_POSITION;
      case EventKind.Cache:
        return isBlock;
      case EventKind.Evict:
        return isBlock && a <= sizes[detail];
      case EventKind.Replace:
        return a < numSequences && b < sizes[0] && c < MAX_POSITION;
      case EventKind.ReplaceWith:
        return event > 0 && a < numSequences && b < sizes[0] && c <= sizes[0] + 1;
      case EventKind.Fork:
        return a < numSequences && b < numSequences;
      default:
        return false;
    }
  };
}

function columnsOf(table: object): Column[] {
  return Object.values(table);
}

function toPlanes(column: ArrayBufferView & { BYTES_PER_ELEMENT: number }): Uint8Array {
  const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
  const width = column.BYTES_PER_ELEMENT;
  if (width === 1) return bytes;
  const rows = bytes.length / width;
  const planes = new Uint8Array(bytes.length);
  for (let plane = 0; plane < width; plane++) {
    for (let row = 0, at = plane; row < rows; row++, at += width) planes[plane * rows + row] = bytes[at];
  }
  return planes;
}

function fromPlanes(planes: Uint8Array, column: ArrayBufferView & { BYTES_PER_ELEMENT: number }): void {
  const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
  const width = column.BYTES_PER_ELEMENT;
  const rows = bytes.length / width;
  for (let plane = 0; plane < width; plane++) {
    for (let row = 0, at = plane; row < rows; row++, at += width) bytes[at] = planes[plane * rows + row];
  }
}
