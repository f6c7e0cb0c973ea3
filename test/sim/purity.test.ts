import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/*
 * sim runs the same everywhere: it imports nothing from Node, cli or viz (its tsconfig knows neither Node's
 * nor the DOM's types), and calls nothing whose result depends on the clock, on chance or on the engine.
 */

const SIM = fileURLToPath(new URL('../../sim/', import.meta.url));

const FORBIDDEN: readonly [what: string, pattern: RegExp][] = [
  ['chance', /\bMath\.random\b/],
  ['the clock', /\bDate\b|\bperformance\b/],
  [
    'functions that differ between engines',
    /\bMath\.(exp|expm1|log|log2|log10|log1p|pow|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|cbrt|hypot)\b/,
  ],
  ['the operator **', /\*\*/],
  ['timers and consoles', /\b(setTimeout|setInterval|console|globalThis)\b/],
];
const IMPORT = /(?:from|import)\s*\(?\s*'([^'\n]+)'/g;
const PACKAGES = ['fflate', 'seedrandom/lib/alea', 'valibot', 'yaml'];

/** The code without its comments and texts. */
function codeOf(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, (text) => (text.includes('${') ? text : "''"));
}

const files = readdirSync(SIM, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

test('there is something to check', () => {
  expect(files.length).toBeGreaterThan(30);
});

describe.each(files)('sim/%s', (name) => {
  const source = readFileSync(SIM + name, 'utf8');

  test.each(FORBIDDEN)('uses none of %s', (_, pattern) => {
    expect(codeOf(source)).not.toMatch(pattern);
  });

  test('imports only sim and the packages that it may', () => {
    for (const [, specifier] of source.matchAll(IMPORT)) {
      if (specifier.startsWith('.')) {
        const target = new URL(specifier, `file:///sim/${name}`).pathname;
        expect(target).toMatch(/^\/sim\//);
        expect(target).not.toMatch(/^\/sim\/\.\./);
      } else {
        expect(PACKAGES).toContain(specifier);
      }
    }
  });
});

test('the check finds what it forbids', () => {
  for (const bad of ['Math.random()', 'new Date()', 'Math.exp(1)', '2 ** 3', 'console.log(1)']) {
    expect(FORBIDDEN.some(([, pattern]) => pattern.test(codeOf(bad)))).toBe(true);
  }
  expect(FORBIDDEN.some(([, pattern]) => pattern.test(codeOf("// Math.random\n const a = 'Date';")))).toBe(
    false,
  );
});
