/* Perfetto's page takes a trace from the page that opened it: https://perfetto.dev/docs/visualization/deep-linking-to-perfetto-ui */

const PERFETTO = 'https://ui.perfetto.dev';
const PING_MS = 100;
/** It has to load first. */
const PATIENCE_MS = 30_000;

/**
 * Opens Perfetto in a new tab and hands it the trace, from tab to tab: no server gets it.
 * @returns whether Perfetto took it; false: the tab was blocked or closed, or nobody answered.
 */
export async function openInPerfetto(trace: Blob, title: string): Promise<boolean> {
  const tab = window.open(PERFETTO);
  if (tab === null) return false;
  const buffer = await trace.arrayBuffer();
  return new Promise((done) => {
    const began = performance.now();
    const end = (isTaken: boolean) => {
      clearInterval(timer);
      window.removeEventListener('message', heard);
      done(isTaken);
    };
    const heard = ({ source, origin, data }: MessageEvent) => {
      if (source !== tab || origin !== PERFETTO || data !== 'PONG') return;
      tab.postMessage({ perfetto: { buffer, title } }, PERFETTO);
      end(true);
    };
    const timer = setInterval(() => {
      if (tab.closed || performance.now() - began > PATIENCE_MS) end(false);
      else tab.postMessage('PING', PERFETTO);
    }, PING_MS);
    window.addEventListener('message', heard);
  });
}
