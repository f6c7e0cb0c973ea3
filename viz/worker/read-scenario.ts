import { stringify } from 'yaml';
import { parseLocatedYaml } from '../../sim/scenario/located-yaml.ts';
import { applyOverrides, parseOverride } from '../../sim/scenario/overrides.ts';
import { parseScenario } from '../../sim/scenario/parse.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';
import type { ScenarioSource } from '../../sim/share/fragment.ts';

export function readScenario({ text, file, sets }: ScenarioSource): Scenario {
  return parseScenario(text, file, { overrides: sets.map(parseOverride) });
}

/** The scenario as one file. */
export function mergedText({ text, file, sets }: ScenarioSource): string {
  if (sets.length === 0) return text;
  return stringify(applyOverrides(parseLocatedYaml(text, file), sets.map(parseOverride)).value);
}
