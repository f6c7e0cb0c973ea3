import { readdirSync, readFileSync } from 'node:fs';

/*
 * What a visitor's browser has to load, gzipped. Each limit is for a file of the built page (`npm run build`) with all
 * that it imports statically; what it imports when it is asked for is not in it.
 */

const ASSETS = 'dist/web/assets';
const files = readdirSync(ASSETS).filter((file) => file.endsWith('.js'));

/** The chunk of that name with its static imports. */
function chunk(name) {
  const [first, ...others] = files.filter((file) => new RegExp(`^${name}-[\\w-]{8}\\.js$`).test(file));
  if (first === undefined || others.length > 0) throw new Error(`${ASSETS} has no chunk ${name}, or several`);
  const found = new Set([first]);
  for (const file of found) {
    const code = readFileSync(`${ASSETS}/${file}`, 'utf8');
    for (const [, imported] of code.matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g)) found.add(imported);
  }
  return [...found].map((file) => `${ASSETS}/${file}`);
}

const limit = (name, path, kilobytes) => ({ name, path, limit: `${kilobytes} kB`, gzip: true });

/** Several of them, what they share once. */
const chunks = (...names) => [...new Set(names.flatMap(chunk))];

export default [
  limit('page, at first', chunks('index', 'main'), 120),
  limit('worker: the engine', chunk('engine'), 60),
  limit('worker: all that an ordinary scenario needs', chunk('worker'), 160),
];
