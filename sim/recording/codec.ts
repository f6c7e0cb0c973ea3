import { strFromU8, strToU8, unzlibSync, zlibSync } from 'fflate';
import { InputError } from '../error.ts';
import { type Columns, makeColumns, type TableTypes } from './column.ts';
import { Digest } from './digest.ts';
import {
  EVENT_COLUMNS,
  EventKind,
  REQUEST_COLUMNS,
  type Recording,
  type RecordingHeader,
  SPAN_COLUMNS,
  STEP_COLUMNS,
} from './recording.ts';

/*
 * *.poolrec, format version 1, all numbers little endian:
 *
 *   8 bytes   "POOLREC" and the format version
 *   4 bytes   length of the header
 *   header    JSON: FileHeader
 *   then per column of steps, events, spans, requests, in the order in which they are declared:
 *   4 bytes   length of the packed column
 *   packed    zlib of the column's bytes in planes: all lowest bytes first, then all second bytes, …
 *
 * Planes of slowly changing counters are nearly constant, which is what makes the files small.
 */
const MAGIC = strToU8('POOLREC');
const FORMAT_VERSION = 1;
const PREFIX_BYTES = 12;
const MAX_ROWS = 0x7fffffff;
/** Fast and small enough: counters in planes compress well at any level. */
const LEVEL = 3;

interface FileHeader {
  readonly header: RecordingHeader;
  readonly requestIds: readonly string[];
  readonly rows: Readonly<Record<'steps' | 'events' | 'spans' | 'requests', number>>;
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
  const { header, requestIds, rows, digest } = reader.header();
  const tables = {
    steps: reader.table(STEP_COLUMNS, rows.steps),
    events: reader.table(EVENT_COLUMNS, rows.events),
    spans: reader.table(SPAN_COLUMNS, rows.spans),
    requests: reader.table(REQUEST_COLUMNS, rows.requests),
  };
  reader.end();
  const recording: Recording = {
    header,
    requestIds,
    numSteps: rows.steps,
    numEvents: rows.events,
    ...tables,
  };
  if (digestOf(recording) !== digest)
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
    if (bytes[MAGIC.length] !== FORMAT_VERSION) {
      this.fail(
        `recording format version ${bytes[MAGIC.length]}; this Poolscope reads version ${FORMAT_VERSION}`,
      );
    }
    this.at = 8;
    const text = strFromU8(this.take(this.u32()));
    let parsed: FileHeader;
    try {
      parsed = JSON.parse(text) as FileHeader;
    } catch {
      return this.fail('the header is no JSON: the file is damaged');
    }
    if (!isFileHeader(parsed)) return this.fail('the header lacks fields of a recording');
    return parsed;
  }

  table<T extends TableTypes>(types: T, rows: number): Columns<T> {
    // Rows are claimed by the header: nothing is allocated for them before the bytes are there.
    const packed = Object.keys(types).map(() => this.take(this.u32()));
    if (packed.some((bytes) => rows > bytes.length * MAX_ROWS_PER_PACKED_BYTE)) {
      this.fail('the header claims more rows than the file holds');
    }
    const columns = makeColumns(types, rows);
    columnsOf(columns).forEach((column, i) => {
      let planes: Uint8Array;
      try {
        planes = unzlibSync(packed[i], { out: new Uint8Array(column.byteLength) });
      } catch {
        this.fail('a column cannot be unpacked: the file is damaged');
      }
      if (planes.length !== column.byteLength) this.fail('a column has the wrong length');
      fromPlanes(planes, column);
    });
    return columns;
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
    Array.isArray(file.requestIds) &&
    file.requestIds.length === file.rows.requests &&
    file.requestIds.every((id) => typeof id === 'string') &&
    typeof file.header === 'object' &&
    file.header !== null &&
    typeof file.header.name === 'string' &&
    typeof file.header.about === 'object' &&
    file.header.about !== null &&
    isCount(file.header.pool?.numGpuBlocks) &&
    file.header.pool.numGpuBlocks > 0 &&
    Array.isArray(file.header.pool.groups) &&
    file.header.pool.groups.length > 0 &&
    file.header.pool.groups.length <= 16 &&
    file.header.pool.groups.every((group) => isCount(group?.blockSize) && group.blockSize > 0) &&
    typeof file.header.scheduler === 'object' &&
    file.header.scheduler !== null
  );
}

/** A reason why a reader could not replay the columns, or null. */
function findNonsense({
  header,
  requestIds,
  numSteps,
  numEvents,
  steps,
  events,
  spans,
}: Recording): string | null {
  const numRequests = requestIds.length;
  const { numGpuBlocks, groups } = header.pool;
  let before = 0;
  for (let step = 0; step < numSteps; step++) {
    if (steps.scheduleEnd[step] < before || steps.eventEnd[step] < steps.scheduleEnd[step]) {
      return `step ${step}: events out of order`;
    }
    before = steps.eventEnd[step];
  }
  if (before > numEvents) return 'steps name more events than there are';
  for (let row = 0; row < spans.step.length; row++) {
    if (spans.request[row] >= numRequests || spans.previous[row] > row) return `span ${row}: out of range`;
  }
  for (let event = 0; event < numEvents; event++) {
    const kind = events.kind[event] & 15;
    const isBlockEvent = (kind >= EventKind.Allocate && kind <= EventKind.Drop) || kind === EventKind.Evict;
    const isKnown = kind <= EventKind.Evict;
    if (
      !isKnown ||
      events.a[event] >= numRequests ||
      (isBlockEvent && (events.b[event] >= numGpuBlocks || events.kind[event] >> 4 >= groups.length)) ||
      (kind === EventKind.Span && events.b[event] >= spans.step.length) ||
      (kind === EventKind.Hit && events.c[event] > numGpuBlocks + 1) ||
      ((kind === EventKind.Admit || (kind >= EventKind.Preempt && kind <= EventKind.Abort)) &&
        events.c[event] > numRequests)
    ) {
      return `event ${event}: out of range`;
    }
  }
  return null;
}

function columnsOf(table: object): (Uint8Array | Uint32Array | Int32Array | Float64Array)[] {
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
