import { stringify } from 'yaml';
import { formatOf, readDeployment } from '../../sim/scenario/deployment/read.ts';
import { scenarioText } from '../../sim/scenario/deployment/to-scenario.ts';
import { parseLocatedYaml } from '../../sim/scenario/located-yaml.ts';
import { applyOverrides, parseOverride } from '../../sim/scenario/overrides.ts';
import { parseScenario, withoutPlaces } from '../../sim/scenario/parse.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';
import type { ScenarioSource } from '../../sim/share/fragment.ts';

/** Of a compose file or Kubernetes objects, the server in it with an example of a load. */
export function readScenario({ text, file, sets }: ScenarioSource): Scenario {
  const overrides = sets.map(parseOverride);
  if (!isDeployment(text)) return parseScenario(text, file, { overrides });
  return withoutPlaces(() => parseScenario(fromDeployment(text, file), file, { overrides }));
}

/** The scenario as one file. */
export function mergedText({ text, file, sets }: ScenarioSource): string {
  const written = isDeployment(text) ? fromDeployment(text, file) : text;
  if (sets.length === 0) return written;
  return stringify(applyOverrides(parseLocatedYaml(written, file), sets.map(parseOverride)).value);
}

/** Scenarios have neither key, so they are read only once. */
function isDeployment(text: string): boolean {
  if (!/^(services|kind)\s*:/m.test(text)) return false;
  const format = formatOf(text, 'pasted.yaml');
  return format === 'compose' || format === 'manifest';
}

function fromDeployment(text: string, file: string): string {
  return scenarioText(readDeployment(text, file), { file }).text;
}
