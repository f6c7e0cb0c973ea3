let isAsked = false;

/**
 * The hosted page keeps its files, so that it works without a network from then on. They are all fetched for that, so
 * it is asked for once there is something to see. A report is one file anyway.
 */
export function keepForOffline(): void {
  const isReport = document.documentElement.classList.contains('report');
  const isHosted = import.meta.env.MODE === 'production' && !isReport && 'serviceWorker' in navigator;
  if (!isHosted || isAsked) return;
  isAsked = true;
  // Behind the frame that shows it.
  requestAnimationFrame(() =>
    setTimeout(() => void navigator.serviceWorker.register('./service-worker.js').catch(() => {})),
  );
}
