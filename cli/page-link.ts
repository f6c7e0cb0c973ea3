import { stringify } from 'yaml';
import { InputError } from '../sim/error.ts';
import { expandDeployment } from '../sim/scenario/deployment/expand.ts';
import { parseLocatedYaml } from '../sim/scenario/located-yaml.ts';
import type { Override } from '../sim/scenario/overrides.ts';
import { parseScenario } from '../sim/scenario/parse.ts';
import { toFragment } from '../sim/share/fragment.ts';
import { readerBeside, readText, shownPath } from './files.ts';
import { scenarioOfSource } from './import.ts';
import { isCommand, isDeployment } from './load.ts';

/** What the page shows first. */
const MODE = 'owner';

/**
 * The fragment of the page's address that holds a scenario, `#/play?s=1.…`.
 * @throws InputError for what no link can hold: recordings, and scenarios that read other files.
 */
export function fragmentOf(source: string, set: readonly Override[]): string {
  const file = shownPath(source);
  if (/\.poolrec(\.gz)?$/.test(source)) {
    throw new InputError([{ file, message: 'no link can hold a recording: drop it on the page instead' }]);
  }
  const text =
    isCommand(source) || isDeployment(source) ? scenarioOfSource(source, {}).text : standalone(source);
  // A link to what is no scenario helps nobody; the page can read no files either.
  parseScenario(text, file, { overrides: set });
  const scenario = { text, file, sets: set.map((override) => override.text) };
  return toFragment('play', { scenario, step: 0, mode: MODE, request: null, scene: '', others: [] });
}

/** The scenario with what it starts, if that stands in another file. */
function standalone(source: string): string {
  const text = readText(source);
  const yaml = parseLocatedYaml(text, shownPath(source));
  const expanded = expandDeployment(yaml, shownPath(source), readerBeside(source));
  return expanded.yaml === yaml ? text : stringify(expanded.yaml.value);
}
