import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { strFromU8, strToU8 } from 'fflate';
import { expect, test } from 'vitest';
import { simulate } from '../../../sim/engine/simulate.ts';
import { decodeRecording, digestOf, encodeRecording } from '../../../sim/recording/codec.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { EventKind, KIND_MASK } from '../../../sim/recording/events.ts';
import { randomRun } from '../random-run.ts';

test('a file of format version 1 is read: it replays, and counts as its steps say', () => {
  const recording = decodeRecording(readFileSync('test/sim/recording/files/format-1.poolrec'));
  expect(recording.header.name).toBe('hello');
  expect(recording.numSteps).toBeGreaterThan(100);
  const cursor = new Cursor(recording);
  for (let step = 0; step < recording.numSteps; step++) {
    cursor.seek(step);
    expect(cursor.numFree).toBe(recording.steps.numFreeBlocks[step]);
  }
  const kinds = new Set(Array.from(recording.events.kind, (kind) => kind & KIND_MASK));
  for (const kind of [EventKind.Admit, EventKind.Hit, EventKind.Preempt, EventKind.Finish]) {
    expect(kinds).toContain(kind);
  }
});

/** The file with its JSON header changed and a column put in or left out; the digest is left as it is. */
function editHeader(
  file: Uint8Array,
  edit: (header: { columns: Record<string, object>; rows: object }) => void,
) {
  const view = new DataView(file.buffer, file.byteOffset);
  const length = view.getUint32(8, true);
  const header = JSON.parse(strFromU8(file.subarray(12, 12 + length)));
  edit(header);
  const text = strToU8(JSON.stringify(header));
  const edited = new Uint8Array(12 + text.length + file.length - 12 - length);
  edited.set(file.subarray(0, 12));
  new DataView(edited.buffer).setUint32(8, text.length, true);
  edited.set(text, 12);
  edited.set(file.subarray(12 + length), 12 + text.length);
  return edited;
}

test('the columns that a header declares are those that follow, or the file is refused', () => {
  const [input] = fc.sample(randomRun, { numRuns: 1, seed: 5 });
  const file = encodeRecording(simulate(input));
  expect(digestOf(decodeRecording(file))).toBe(digestOf(simulate(input)));
  const withColumn = editHeader(file, ({ columns }) => Object.assign(columns.requests, { mood: 'u8' }));
  expect(() => decodeRecording(withColumn)).toThrow(/cut off/);
  const odd = editHeader(file, ({ columns }) => Object.assign(columns.requests, { mood: 'string' }));
  expect(() => decodeRecording(odd)).toThrow(/lacks fields/);
  const none = editHeader(file, (header) => Reflect.deleteProperty(header, 'columns'));
  expect(() => decodeRecording(none)).toThrow(/lacks fields/);
});

test('a column that this version does not know is left out', () => {
  const [input] = fc.sample(randomRun, { numRuns: 1, seed: 6 });
  const recording = simulate(input);
  const mood = new Uint8Array(recording.requestIds.length).fill(7);
  const newer = { ...recording, requests: { ...recording.requests, mood } };
  // The writer takes every column of a table, as a newer version with one more would.
  const file = editHeader(encodeRecording(newer), ({ columns }) =>
    Object.assign(columns.requests, { mood: 'u8' }),
  );
  const read = decodeRecording(file);
  expect(read.requests).not.toHaveProperty('mood');
  expect(digestOf(read)).toBe(digestOf(recording));
});
