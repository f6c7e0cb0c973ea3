import type { Scenario } from '../scenario/scenario.ts';
import type { FlagValue } from '../scenario/stated-flags.ts';

/** Reads the flags that a scenario states by vLLM's snake_case names; null = not stated. */
export function flagsOf(scenario: Scenario): (name: string) => FlagValue {
  const { honoured } = scenario.engine;
  return (name) => (Object.hasOwn(honoured, name) ? honoured[name] : null);
}

/** A flag's number; the fallback where it states none. */
export function numberOf(value: FlagValue, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}
