import { afterAll, beforeAll, test } from 'vitest';
import { expectAccessible } from './accessible.ts';
import { SCENES } from './scenes.ts';
import { openSite, type Site } from './site.ts';
import { openHello } from './visitor.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

test.each(SCENES)('axe-core has nothing to object to: $name', async ({ go }) => {
  const { page } = await openHello(site, { colorScheme: 'light' });
  await go(page);
  await expectAccessible(page, [1440, 390]);
});
