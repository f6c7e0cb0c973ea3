import { strFromU8, strToU8, unzlibSync, zlibSync } from 'fflate';
import { InputError } from '../error.ts';
import { type Column, type Columns, makeColumn, makeColumns, type TableTypes } from './column.ts';
import { Digest } from './digest.ts';
import { DETAIL_SHIFT } from './events.ts';
import {
  type FileHeader,
  FORMAT_1_TABLES,
  isFileHeader,
  TABLE_NAMES,
  TABLES,
  type TableName,
} from './file-header.ts';
import { findNonsense } from './nonsense.ts';
import { fromPlanes, toPlanes } from './planes.ts';
import type { Recording } from './recording.ts';
import { EVENT_COLUMNS, REQUEST_COLUMNS, SPAN_COLUMNS, STEP_COLUMNS } from './tables.ts';

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
/** Deflate cannot pack more than 1032 bytes into one. */
const MAX_ROWS_PER_PACKED_BYTE = 1032;
/** Fast and small enough: counters in planes compress well at any level. */
const LEVEL = 3;

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

function columnsOf(table: object): Column[] {
  return Object.values(table);
}
