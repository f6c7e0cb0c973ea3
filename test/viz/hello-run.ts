import { readFileSync } from 'node:fs';
import type { Recording } from '../../sim/recording/recording.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import { type ScenarioHooks, simulateScenario } from '../../sim/simulate-scenario.ts';

/* The default scenario of the page, and runs like it. */

export const HELLO = readFileSync(new URL('../../scenarios/hello.pool.yaml', import.meta.url), 'utf8');

export function record(text: string, hooks: ScenarioHooks = {}): Recording {
  const { recording } = simulateScenario(parseScenario(text, 'test.pool.yaml'), hooks);
  if (recording === null) throw new Error('the scenario does not start');
  return recording;
}

/** The default scenario with a pool of another size. */
export function withBlocks(numBlocks: number): string {
  return HELLO.replace(/(--num-gpu-blocks-override) \d+/, `$1 ${numBlocks}`);
}

export const hello = record(HELLO);
