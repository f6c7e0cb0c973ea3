import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SCENES } from './scenes.ts';
import { openSite } from './site.ts';
import { openHello } from './visitor.ts';

/*
 * `npm run screenshots`: the pictures of the README and the docs, into docs/images.
 * `npm run screenshots -- FOLDER`: every scene at every width in both themes, to be looked at.
 */

const WIDTHS = [1440, 1024, 390];
const THEMES = ['light', 'dark'] as const;

const [folder] = process.argv.slice(2);
const site = await openSite();
try {
  mkdirSync(folder, { recursive: true });
  for (const width of WIDTHS) {
    for (const colorScheme of THEMES) {
      for (const { name, go } of SCENES) {
        const { page } = await openHello(site, { colorScheme, viewport: { width, height: 900 } });
        await go(page);
        await page.screenshot({
          path: join(folder, `${name}-${width}-${colorScheme}.png`),
          fullPage: width < 900,
        });
        await page.context().close();
      }
    }
  }
} finally {
  await site.close();
}
