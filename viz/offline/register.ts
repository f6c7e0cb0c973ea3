/** The hosted page keeps its files, so that it works without a network from then on. A report is one file anyway. */
export function keepForOffline(): void {
  const isReport = document.documentElement.classList.contains('report');
  if (import.meta.env.MODE !== 'production' || isReport || !('serviceWorker' in navigator)) return;
  const register = () => void navigator.serviceWorker.register('./service-worker.js').catch(() => {});
  // What the first picture needs goes first.
  if (document.readyState === 'complete') register();
  else window.addEventListener('load', register);
}
