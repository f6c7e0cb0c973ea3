import { describe, expect, test } from 'vitest';
import { formatProblem, InputError } from '../../sim/error.ts';
import { plan } from '../../sim/memory/planner.ts';
import { checkMetrics } from '../../sim/report/check-metrics.ts';
import { readDeployment } from '../../sim/scenario/deployment/read.ts';
import { scenarioText } from '../../sim/scenario/deployment/to-scenario.ts';
import { parseOverride } from '../../sim/scenario/overrides.ts';
import { parseScenario, scenarioOfCommand } from '../../sim/scenario/parse.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';
import { simulateScenario } from '../../sim/simulate-scenario.ts';
import { COMMANDS, DEPLOYMENTS, SCENARIOS } from './corpus.ts';
import { mutate, SCRAPS } from './mutate.ts';
import { Random } from './random.ts';

/*
 * Mutated input of every kind runs, or gives problems that say where. POOLSCOPE_FUZZ=100000 looks harder, and
 * POOLSCOPE_FUZZ_AT=scenario/17 at one case.
 */

const RUNS = Number(process.env.POOLSCOPE_FUZZ ?? 5000);
const ONLY = process.env.POOLSCOPE_FUZZ_AT;
/** Steps after which a run counts as one that runs. */
const MOST_STEPS = 50;
const MOST_REQUESTS = 100;
/** Nothing that is bounded takes that long, on any machine. */
const HANGS_MS = 30_000;

type Outcome = 'ran' | 'refused';

function attempt(input: () => Scenario): Outcome {
  try {
    const scenario = input();
    const { workload } = scenario;
    if (workload.kind === 'trace' || workload.numRequests > MOST_REQUESTS) plan(scenario);
    else {
      const { recording } = simulateScenario(scenario, { progress: (_, steps) => steps > MOST_STEPS });
      if (recording) checkMetrics(scenario.expect.metrics, [{ seed: 1, recording, baseline: recording }]);
    }
    return 'ran';
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.problems.length).toBeGreaterThan(0);
    for (const problem of error.problems) {
      expect(problem.file).not.toBe('');
      expect(problem.message).not.toBe('');
      expect(formatProblem(problem)).not.toContain('\n');
    }
    return 'refused';
  }
}

/** A scenario may name files; what it asks for lies in its folder. */
function readFile(path: string): string {
  expect(path).not.toMatch(/^[/\\~]|^[a-zA-Z]:|(^|[/\\])\.\.([/\\]|$)|\0/);
  throw new InputError([{ file: path, message: 'there is no such file' }]);
}

const OBJECT = Object.getOwnPropertyNames(Object.prototype).length;

function fuzz(kind: string, share: number, one: (random: Random) => Outcome): void {
  const numRuns = Math.ceil(RUNS * share);
  const counts = { ran: 0, refused: 0 };
  let [slowest, slowestMs] = ['', 0];
  for (let i = 0; i < numRuns; i++) {
    const name = `${kind}/${i}`;
    if (ONLY !== undefined && ONLY !== name) continue;
    const start = process.cpuUsage();
    try {
      counts[one(new Random(name))]++;
      expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(OBJECT);
    } catch (error) {
      throw new Error(`POOLSCOPE_FUZZ_AT=${name}`, { cause: error });
    }
    // A machine that is busy, or a process that was stopped, is no hang.
    const ms = process.cpuUsage(start).user / 1000;
    if (ms > slowestMs) [slowest, slowestMs] = [name, ms];
  }
  if (RUNS > 5000) console.log(kind, counts, `slowest ${slowest}: ${slowestMs.toFixed(0)} ms`);
  expect(slowestMs, slowest).toBeLessThan(HANGS_MS);
  if (ONLY === undefined) {
    expect(counts.ran).toBeGreaterThan(numRuns / 50);
    expect(counts.refused).toBeGreaterThan(numRuns / 50);
  }
}

describe('fuzz', () => {
  test('scenarios', () => {
    fuzz('scenario', 0.5, (random) => {
      const text = mutate(random.of(SCENARIOS), SCENARIOS, random);
      return attempt(() => parseScenario(text, 'f.pool.yaml', { readFile }));
    });
  }, 3_600_000);

  test('fields that --set sets', () => {
    const keys = [
      'engine.block-size',
      'engine.max_num_seqs',
      'workload.num-prompts',
      'workload.request-rate',
    ].concat([
      'seeds',
      'x',
      'hardware.gpu',
      'expect.starts',
      'expect.vllm:num_preemptions',
      '__proto__.x',
      'version',
      'a..b',
    ]);
    const values = [...SCRAPS, ...Array(20).fill('32'), 'value == 0'];
    fuzz('set', 0.05, (random) => {
      const set = Array.from(
        { length: 1 + random.below(3) },
        () => `${random.of(keys)}=${random.of(values)}`,
      );
      const text = random.of(SCENARIOS);
      return attempt(() =>
        parseScenario(text, 'f.pool.yaml', { readFile, overrides: set.map(parseOverride) }),
      );
    });
  }, 3_600_000);

  test('vllm serve lines', () => {
    fuzz('command', 0.2, (random) => {
      const text = mutate(random.of(COMMANDS), COMMANDS, random);
      return attempt(() => scenarioOfCommand(text, { gpu: 'a100-80g-sxm', count: 2 }));
    });
  }, 3_600_000);

  test('compose files, manifests, Dockerfiles, scripts, Python', () => {
    const texts = DEPLOYMENTS.map(({ text }) => text);
    fuzz('deployment', 0.2, (random) => {
      const { name, text } = random.of(DEPLOYMENTS);
      const mutated = mutate(text, texts, random);
      return attempt(() => {
        const deployment = readDeployment(mutated, name, { variables: { MODEL_PATH: 'Qwen/Qwen3-8B' } });
        const scenario = scenarioText(deployment, { file: name, gpu: 'a100-80g-sxm' });
        return parseScenario(scenario.text, name, { readFile });
      });
    });
  }, 3_600_000);
});
