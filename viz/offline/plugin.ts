import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const NAME = 'service-worker.js';

/** Writes the service worker of a build, with the names of the build's files and a digest of what is in them. */
export function offline(): Plugin {
  return {
    name: 'offline',
    apply: 'build',
    writeBundle({ dir }) {
      if (dir === undefined) throw new Error('the build has no folder');
      const files = readdirSync(dir, { recursive: true, encoding: 'utf8' })
        .filter((file) => file !== NAME && statSync(join(dir, file)).isFile())
        .sort();
      const digest = createHash('sha256');
      for (const file of files) digest.update(file).update(readFileSync(join(dir, file)));
      const urls = files.map((file) => (file === 'index.html' ? './' : `./${file.split(sep).join('/')}`));
      const source = readFileSync(fileURLToPath(new URL(NAME, import.meta.url)), 'utf8');
      const made = source
        .replace("['FILES']", () => JSON.stringify(urls))
        .replace('DIGEST', () => digest.digest('hex').slice(0, 16));
      writeFileSync(join(dir, NAME), made);
    },
  };
}
