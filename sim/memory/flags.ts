import type { Scenario } from '../scenario/scenario.ts';
import type { FlagValue } from '../scenario/stated-flags.ts';

/** Reads the flags that a scenario states by vLLM's snake_case names; null = not stated. */
export function flagsOf(scenario: Scenario): (name: string) => FlagValue {
  const { honoured } = scenario.engine;
  return (name) => (Object.hasOwn(honoured, name) ? honoured[name] : null);
}

/** The number of a flag, or of a field of one; the fallback where it states none. */
export function numberOf<T extends number | null>(value: unknown, fallback: T): number | T {
  return typeof value === 'number' ? value : fallback;
}
