import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Cursor } from '../../sim/recording/cursor.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import { simulateScenario } from '../../sim/simulate-scenario.ts';
import { eventSteps } from '../../viz/event-steps.ts';
import { search } from '../../viz/search.ts';

const HELLO = readFileSync(new URL('../../scenarios/hello.pool.yaml', import.meta.url), 'utf8');
const recording = simulateScenario(parseScenario(HELLO, 'hello.pool.yaml')).recording!;
const steps = eventSteps(recording);
const pool = new Cursor(recording);
const find = (query: string, cursor = 0) =>
  search(query, recording, steps, pool, cursor).map(({ text }) => text);

test('requests by name, the equal one first; blocks and steps by number', () => {
  expect(find('req:r1')[0]).toBe('request r1');
  expect(find('req:r1')).toContain('request r17');
  expect(find('request: R17 ')).toEqual(['request r17']);
  expect(find('block:40')).toEqual(['block 40']);
  expect(find('step:90')).toEqual(['step 90']);
  expect(find('block:64')).toEqual([]);
  expect(find('17')).toEqual(['request r17', 'block 17', 'step 17']);
  expect(find('')).toEqual([]);
  expect(find('req:')).toEqual([]);
  expect(find('nonsense')).toEqual([]);
});

test('blocks by how many hold them now, the most first', () => {
  pool.seek(60);
  const counts = find('ref>1').map((text) => Number(/, (\d+) references$/.exec(text)?.[1]));
  const most = pool.refCount.toSorted().at(-1);
  expect(counts[0]).toBe(most);
  expect(counts).toEqual(counts.toSorted((a, b) => b - a));
  expect(counts.every((count) => count > 1)).toBe(true);
  expect(find(`ref >= ${most}`)).toEqual(find(`REF=${most}`));
  expect(find(`ref>${most}`)).toEqual([]);
  expect(find('ref=1')[0]).toMatch(/^block \d+, 1 reference$/);
});

test('events: the next one behind the cursor, or the first', () => {
  const list = steps.get('preempt')!;
  expect(find('event:preempt')[0]).toBe(`preemption, next at step ${list[0]} (${list.length} in all)`);
  expect(find('event:preempt', list[0])[0]).toContain(`next at step ${list[1]}`);
  expect(find('event:preempt', recording.numSteps)[0]).toContain(`first at step ${list[0]}`);
  expect(find('event:').length).toBe(steps.size);
});
