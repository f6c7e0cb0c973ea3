import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { animate } from './animation.ts';
import { SCENES } from './scenes.ts';
import { openSite } from './site.ts';
import { openHello } from './visitor.ts';

/*
 * `npm run screenshots`: the pictures of the README and the docs, and the page as it plays, into docs/images.
 * `npm run screenshots -- FOLDER`: every scene at every width in both themes, to be looked at.
 */

const IMAGES = fileURLToPath(new URL('../../docs/images', import.meta.url));
/** Small enough for a README: less than 200 kB each, and the animation less than 900 kB. */
const SHOWN = {
  scenes: ['requests', 'gpus', 'compare'],
  widths: [1440],
  themes: ['light'],
} as const;
const ALL = {
  scenes: SCENES.map(({ name }) => name),
  widths: [1440, 1024, 390],
  themes: ['light', 'dark'],
} as const;

const [folder] = process.argv.slice(2);
const { scenes, widths, themes } = folder === undefined ? SHOWN : ALL;
const into = folder ?? IMAGES;
const site = await openSite();
try {
  mkdirSync(into, { recursive: true });
  for (const width of widths) {
    for (const colorScheme of themes) {
      for (const { name, go } of SCENES.filter((scene) =>
        (scenes as readonly string[]).includes(scene.name),
      )) {
        const { page } = await openHello(site, { colorScheme, viewport: { width, height: 900 } });
        await go(page);
        const file = folder === undefined ? `${name}.png` : `${name}-${width}-${colorScheme}.png`;
        await page.screenshot({ path: join(into, file), fullPage: width < 900 });
      }
    }
  }
  if (folder === undefined) {
    const viewport = { width: 1240, height: 900 };
    const { page } = await openHello(site, { colorScheme: 'light', viewport });
    const decoder = await site.visit();
    writeFileSync(join(into, 'playing.gif'), await animate(page, decoder.page));
  }
} finally {
  await site.close();
}
