import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/*
 * Imports run one way: cli and viz → sim; what sim may need is in sim/purity.test.ts. That they run in no circle is
 * biome's noImportCycles, types included.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const IMPORT = /(?:from|import)\s*\(?\s*'(\.[^'\n]+\.ts)'/g;
const MAY_NEED: Readonly<Record<string, readonly string[]>> = {
  cli: ['cli', 'sim'],
  viz: ['viz', 'sim'],
};

/** The rooms that a file takes something from, types and files that are loaded later among it. */
function roomsNeeded(file: string, source: string): string[] {
  return [...source.matchAll(IMPORT)].map(([, path]) => relative('.', join(file, '..', path)).split('/')[0]);
}

describe.each(Object.entries(MAY_NEED))('%s', (room, allowed) => {
  const files = readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(room, name));
  const needs = files.map((file) => ({
    file,
    rooms: roomsNeeded(file, readFileSync(join(ROOT, file), 'utf8')),
  }));

  test(`needs ${allowed.join(' and ')} only`, () => {
    expect(needs.flatMap(({ rooms }) => rooms).length).toBeGreaterThan(100);
    expect(needs.filter(({ rooms }) => rooms.some((needed) => !allowed.includes(needed)))).toEqual([]);
  });
});

test('the check sees types, files that are loaded later, and what is passed on', () => {
  const source = [
    "import type { A } from '../viz/a.ts';",
    "export { b } from '../../sim/b.ts';",
    "const c = import('./c.ts');",
    "import {\n  d,\n} from '../run.ts';",
  ].join('\n');
  expect(roomsNeeded('cli/sweep/x.ts', source)).toEqual(['cli', 'sim', 'cli', 'cli']);
  expect(roomsNeeded('cli/x.ts', source)).toEqual(['viz', '..', 'cli', 'run.ts']);
});
