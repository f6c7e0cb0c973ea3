import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pausesOf, phasesOf } from '../../../sim/export/phases.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';

const HELLO = new URL('../../../scenarios/hello.pool.yaml', import.meta.url);
const { recording } = simulateScenario(parseScenario(readFileSync(HELLO, 'utf8'), 'hello.pool.yaml'));

test('a preempted request waits as often as it is preempted, and computes after each time', () => {
  if (recording === null) throw new Error('it does not start');
  const { requests } = recording;
  const pauses = pausesOf(recording);
  const preempted = [...requests.numPreemptions.keys()].filter((i) => requests.numPreemptions[i] > 0);
  expect(preempted.length).toBeGreaterThan(3);
  for (const i of preempted) {
    const phases = phasesOf(recording, i, pauses);
    expect(phases[0].startNs).toBe(requests.arrivalNs[i]);
    expect(phases.at(-1)?.endNs).toBe(requests.endNs[i]);
    phases.slice(1).forEach(({ startNs }, at) => {
      expect(startNs).toBe(phases[at].endNs);
    });
    const paused = phases.flatMap(({ name }, at) => (name === 'preempted' ? [at] : []));
    expect(paused).toHaveLength(requests.numPreemptions[i]);
    for (const at of paused) expect(['prefill', 'decode']).toContain(phases[at + 1]?.name);
  }
});
