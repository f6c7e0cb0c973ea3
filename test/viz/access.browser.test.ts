import { test } from 'vitest';
import { expectAccessible } from './accessible.ts';
import { SCENES } from './scenes.ts';
import { useSite } from './use-site.ts';

const { open } = await useSite();

test.each(SCENES)('axe-core has nothing to object to: $name', async ({ go }) => {
  const { page } = await open({ colorScheme: 'light' });
  await go(page);
  await expectAccessible(page, [1440, 390]);
});
