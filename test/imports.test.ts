import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/* Imports run one way: cli and viz → sim, and in no circle. Types alone vanish when the code is built, so they may. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const IMPORT = /^(?:import|export)\s+(?!type\b)([^;'"]*?)\s*from\s+'(\.[^']+)'/gm;

/** The files that a file needs when it runs. */
function needsOf(file: string, source: string): string[] {
  return [...source.matchAll(IMPORT)]
    .filter(([, names]) => !isTypesOnly(names))
    .map(([, , path]) => normalize(join(dirname(file), path)));
}

function isTypesOnly(names: string): boolean {
  const listed = names.match(/^\{([^}]*)\}$/)?.[1].split(',');
  return listed?.every((name) => /^\s*(type\s|$)/.test(name)) ?? false;
}

/** A way through the imports that comes back to its start, or null. */
function circleIn(needs: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): string[] | null => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of needs.get(file) ?? []) {
      const circle = visit(next, [...way, file]);
      if (circle !== null) return circle;
    }
    done.add(file);
    return null;
  };
  for (const file of needs.keys()) {
    const circle = visit(file, []);
    if (circle !== null) return circle;
  }
  return null;
}

const needs = new Map(
  ['sim', 'cli', 'viz'].flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(room, name))
      .map((file) => [file, needsOf(file, readFileSync(join(ROOT, file), 'utf8'))] as const),
  ),
);

test('no file needs itself, by whatever way', () => {
  expect([...needs.values()].flat().length).toBeGreaterThan(500);
  expect(circleIn(needs)).toBeNull();
});

test('cli and viz do not need each other', () => {
  const crossing = (room: string, other: string) =>
    [...needs].filter(([file, all]) => file.startsWith(room) && all.some((name) => name.startsWith(other)));
  expect([...crossing('cli/', 'viz/'), ...crossing('viz/', 'cli/')]).toEqual([]);
});

test('the check finds a circle, and takes types for none', () => {
  const circle = (a: string, b: string) =>
    circleIn(
      new Map([
        ['sim/a.ts', needsOf('sim/a.ts', a)],
        ['sim/b.ts', needsOf('sim/b.ts', b)],
      ]),
    );
  const types = "import type { A } from './a.ts';\nimport { type B } from './a.ts';";
  expect(circle("import { b } from './b.ts';", types)).toBeNull();
  expect(circle("import { b } from './b.ts';", "export { type A, a } from './a.ts';")).toEqual([
    'sim/a.ts',
    'sim/b.ts',
    'sim/a.ts',
  ]);
});
