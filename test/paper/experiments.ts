import { readFileSync } from 'node:fs';
import type { Recording } from '../../sim/recording/recording.ts';
import type { PaperCheck, PaperNote } from '../../sim/report/paper/paper-checks.ts';
import { runScenario } from '../../sim/run-scenario.ts';
import { parseOverride } from '../../sim/scenario/overrides.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import { ALL_PARTS, simulateScenario } from '../../sim/simulate-scenario.ts';
import { NS_PER_S } from '../../sim/units.ts';
import { EXPERIMENTS } from '../../viz/learn/experiments.ts';

/* The paper's figures that need the time of steps: runs of scenarios/paper. */

const FOLDER = new URL('../../scenarios/paper/', import.meta.url);

function scenarioOf(name: string, ...sets: string[]) {
  const readFile = (path: string) => readFileSync(new URL(path, FOLDER), 'utf8');
  const file = `${name}.pool.yaml`;
  return parseScenario(readFile(file), file, { readFile, overrides: sets.map(parseOverride) });
}

function check(
  ...values: [where: string, name: string, unit: string, measured: number, digits: number]
): PaperCheck {
  const [where, name, unit, measured, digits] = values;
  return { where, name, unit, paper: null, measured, digits, note: 'own' };
}

/** Requests that run, on average over the steps from a fifth of the arrivals to the last. */
function meanRunning({ steps, numSteps, requests }: Recording): number {
  const last = requests.arrivalNs.reduce((most, ns) => Math.max(most, ns), 0);
  let sum = 0;
  let count = 0;
  for (let step = 0; step < numSteps; step++) {
    if (steps.startNs[step] < last / 5 || steps.startNs[step] > last) continue;
    sum += steps.numRunning[step];
    count++;
  }
  return sum / count;
}

/** The paper's measure of speed: a request's time by its outputs, mean, seconds. */
function normalizedLatency({ requests }: Recording): number {
  const { arrivalNs, endNs, numOutputTokens } = requests;
  return (
    endNs.reduce((sum, end, i) => sum + (end - arrivalNs[i]) / numOutputTokens[i], 0) /
    endNs.length /
    NS_PER_S
  );
}

/** System → what the paper prints for figures 13a and 13b, and how true it is here. */
const FIGURE_13: readonly (readonly [system: string, name: string, a: Printed, b: Printed])[] = [
  ['orca-max', 'Orca (Max)', [7, 'exact'], [7, 'exact']],
  ['orca-pow2', 'Orca (Pow2)', [9.81, 'same shape'], [43.24, 'same shape']],
  ['orca-oracle', 'Orca (Oracle)', [13.62, 'same shape'], [72.75, 'same shape']],
  ['vllm', 'vLLM', [30.42, 'same shape'], [132.44, 'differs']],
];
type Printed = readonly [paper: number, note: PaperNote];

function figure13(letter: 'a' | 'b', load: string): PaperCheck[] {
  return FIGURE_13.map(([system, name, a, b]) => {
    const { recording } = simulateScenario(scenarioOf(`figure-13${letter}`, `system=${system}`), {
      events: false,
    });
    const [paper, note] = letter === 'a' ? a : b;
    const what = `${name}, ${load}, requests that run`;
    return { ...check(`Figure 13${letter}`, what, 'requests', meanRunning(recording!), 2), paper, note };
  });
}

/** Figure 18b: the same 12 GiB in blocks of another size, larger ones than vLLM 0.6.3 itself accepts. */
function figure18b(letter: 'a' | 'b', load: string, rate: number): PaperCheck[] {
  const scenario = scenarioOf(`figure-13${letter}`, `workload.request-rate=${rate}`);
  const { plan } = simulateScenario(scenario, { events: false, progress: () => true });
  if (!plan.starts) throw new Error('it starts');
  const { pool } = plan;
  const slots = pool.numGpuBlocks * pool.groups[0].blockSize;
  return [16, 32, 64, 128, 256].map((blockSize) => {
    const other = {
      ...pool,
      numGpuBlocks: Math.floor(slots / blockSize),
      groups: [{ ...pool.groups[0], blockSize }],
    };
    const { recording } = runScenario(scenario, { ...plan, pool: other }, ALL_PARTS, { events: false });
    const name = `${load}, blocks of ${blockSize}, latency by output`;
    return check('Figure 18b', name, 's', normalizedLatency(recording), 3);
  });
}

/** Figure 19a: out and in again, or computed again. */
function figure19a(): PaperCheck[] {
  const { figure } = EXPERIMENTS['swap-or-recompute'](256);
  if (figure.kind !== 'measures') throw new Error('a table');
  return figure.rows.flatMap(({ label: [, size], values }) =>
    ['swap', 'recompute'].map((way, i) =>
      check('Figure 19a', `256 tokens, blocks of ${size}, ${way}`, 'ms', values[i], 1),
    ),
  );
}

/** About two seconds. */
export function timedChecks(): PaperCheck[] {
  return [
    ...figure13('a', 'ShareGPT-like at 2/s'),
    ...figure13('b', 'Alpaca-like at 30/s'),
    ...figure18b('a', 'ShareGPT-like at 2/s', 2),
    ...figure18b('b', 'Alpaca-like at 20/s', 20),
    ...figure19a(),
  ];
}
