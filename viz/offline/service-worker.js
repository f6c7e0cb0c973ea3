/*
 * Lets the page work without a network once it was loaded. Every build has a cache of its own, which holds all of its
 * files; those of earlier builds go when it takes over. The build puts its files and their digest in here
 * (viz/offline/plugin.ts).
 */
const FILES = ['FILES'];
const CACHE = 'poolscope-DIGEST';

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(FILES))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  const forgetOthers = async () => {
    const names = await caches.keys();
    const others = names.filter((name) => name.startsWith('poolscope-') && name !== CACHE);
    await Promise.all(others.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(forgetOthers());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || new URL(request.url).origin !== self.location.origin) return;
  // The page itself may be newer on the server; all else has a digest in its name.
  if (request.mode === 'navigate') event.respondWith(fetch(request).catch(() => kept('./')));
  else event.respondWith(kept(request).then((found) => found ?? fetch(request)));
});

/** Scripts are asked for with an origin, by which some servers say that answers vary: these do not. */
function kept(request) {
  return caches.match(request, { ignoreVary: true });
}
