import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageJson from '../package.json' with { type: 'json' };
import { GPUS } from '../sim/catalog/gpus.ts';
import { scenarioJsonSchema } from '../sim/scenario/json-schema.ts';
import { ExitCode } from './exit-code.ts';
import { filesBelow } from './files.ts';
import { SCENARIO_ENDINGS } from './load.ts';

interface Finding {
  /** optional: something works only with it. */
  readonly state: 'ok' | 'optional' | 'missing';
  readonly text: string;
}

/** `poolscope doctor`: what this machine has of what Poolscope uses. Returns the exit code. */
export function doctor(): number {
  const findings = [node(), scenarios(), schema(), git(), redis(), page()];
  console.log(`poolscope ${packageJson.version}: ${GPUS.length} GPUs in the catalogue`);
  for (const { state, text } of findings) console.log(`  ${state.padEnd(9)} ${text}`);
  console.log('  not needed: a GPU, Python, vLLM, a browser, a network');
  return findings.some(({ state }) => state === 'missing') ? ExitCode.CheckFailed : ExitCode.Ok;
}

function node(): Finding {
  const { version } = process;
  const wanted = packageJson.engines.node.replace('>=', '');
  const [major, minor] = version.slice(1).split('.').map(Number);
  const [wantedMajor, wantedMinor] = wanted.split('.').map(Number);
  const isNew = major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  return isNew
    ? { state: 'ok', text: `Node ${version}` }
    : { state: 'missing', text: `Node ${version}: ${wanted} or newer is needed` };
}

function scenarios(): Finding {
  const folder = existsSync('scenarios') ? ['scenarios'] : [];
  const count = filesBelow(folder, SCENARIO_ENDINGS).length;
  return count > 0
    ? { state: 'ok', text: `${count} scenarios in scenarios/: poolscope run scenarios` }
    : { state: 'optional', text: 'no scenarios/ here: poolscope init or import writes a first one' };
}

function schema(): Finding {
  const { properties } = scenarioJsonSchema() as { properties: object };
  const keys = Object.keys(properties).length;
  return { state: 'ok', text: `schema of scenario files, ${keys} keys: poolscope schema` };
}

function git(): Finding {
  const text = versionOf('git', '--version');
  return text === null
    ? { state: 'optional', text: 'no git: run --baseline compares with a git revision' }
    : { state: 'ok', text: `${text}, for run --baseline` };
}

function redis(): Finding {
  const text = versionOf('redis-server', '--version');
  return text === null
    ? { state: 'optional', text: 'no redis-server here: only sweeps over several machines use one' }
    : { state: 'ok', text: `${text.split(' sha=')[0]}, for sweeps over several machines` };
}

function page(): Finding {
  const folder = join(dirname(fileURLToPath(import.meta.url)), '../web');
  return existsSync(join(folder, 'index.html'))
    ? { state: 'ok', text: 'the page is built: poolscope open FILE' }
    : { state: 'optional', text: 'the page is not built: npm run build, for poolscope open' };
}

/** What a program says of itself; null if it is not there. */
function versionOf(program: string, ...args: string[]): string | null {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', timeout: 5000 });
  return status === 0 ? stdout.trim().split('\n')[0] : null;
}
