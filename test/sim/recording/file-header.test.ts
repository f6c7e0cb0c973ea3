import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isFileHeader, TABLES } from '../../../sim/recording/file-header.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';

const HELLO = new URL('../../../scenarios/hello.pool.yaml', import.meta.url);
const recording =
  simulateScenario(parseScenario(readFileSync(HELLO, 'utf8'), 'hello.pool.yaml')).recording ??
  expect.unreachable();
const { header, requestIds } = recording;
const { pool } = header;
const [group] = pool.groups;
const file = {
  header,
  requestIds,
  rows: { steps: 1, events: 1, spans: 1, requests: requestIds.length },
  columns: TABLES,
  digest: '',
};
const withHeader = (parts: object) => ({ ...file, header: { ...header, ...parts } });

test('what is written is believed, without columns too', () => {
  expect(isFileHeader(JSON.parse(JSON.stringify(file)))).toBe(true);
  expect(isFileHeader({ ...file, columns: undefined })).toBe(true);
  expect(isFileHeader(withHeader({ pool: { ...pool, groups: Array(16).fill(group) } }))).toBe(true);
  expect(isFileHeader(withHeader({ switch: { step: 3, to: header.scheduler } }))).toBe(true);
});

test.each([
  ['nothing', null],
  ['a list', []],
  ['no digest', { ...file, digest: 3 }],
  ['rows that are none', { ...file, rows: { ...file.rows, events: -1 } }],
  ['more rows than can be', { ...file, rows: { ...file.rows, steps: 2 ** 31 } }],
  ['a column of no type', { ...file, columns: { ...TABLES, steps: { startNs: 'f65' } } }],
  ['too few ids', { ...file, requestIds: requestIds.slice(1) }],
  ['ids that are none', { ...file, requestIds: requestIds.map(() => 7) }],
  ['no name', withHeader({ name: undefined })],
  ['facts that are a text', withHeader({ about: 'x' })],
  ['no scheduler', withHeader({ scheduler: null })],
  ['a pool without blocks', withHeader({ pool: { ...pool, numGpuBlocks: 0 } })],
  ['a pool without groups', withHeader({ pool: { ...pool, groups: [] } })],
  ['more groups than a model has', withHeader({ pool: { ...pool, groups: Array(17).fill(group) } })],
  ['blocks without slots', withHeader({ pool: { ...pool, groups: [{ ...group, blockSize: 0 }] } })],
  ['a switch to nothing', withHeader({ switch: { step: 3, to: {} } })],
  ['experts that are none', withHeader({ experts: {} })],
  ['ranks that are none', withHeader({ memory: [{}] })],
  ['allocators that are none', withHeader({ allocators: [null] })],
])('%s: is no header', (_, value) => {
  expect(isFileHeader(value)).toBe(false);
});
