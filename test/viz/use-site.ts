import { afterAll } from 'vitest';
import { openSite, type Site, type Visit } from './site.ts';
import { openHello } from './visitor.ts';

/** The built page, for the tests of a file. */
export async function useSite(): Promise<{
  readonly site: Site;
  /** The page with the default scenario, paused at its first step. */
  open(options?: Parameters<Site['visit']>[0], fragment?: string): Promise<Visit>;
}> {
  const site = await openSite();
  afterAll(() => site.close());
  return { site, open: (options, fragment) => openHello(site, options, fragment) };
}
