import { decodeRecording } from '../../sim/recording/codec.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import type { ReportRun } from '../../sim/share/report-run.ts';

/**
 * Shows the runs of the report that this page is (`cli/reporters/html.ts` writes them): the first at once, and each when its button asks for it, at the
 * button's step if it names one. False where the page is no report.
 */
export function showReport(show: (recording: Recording, name: string, step: number) => void): boolean {
  const data = document.getElementById('report-runs');
  if (data === null) return false;
  const runs: readonly ReportRun[] = JSON.parse(data.textContent);
  const open = (index: number, step: number) => {
    const { name, recording } = runs[index];
    show(decodeRecording(bytesOf(recording), name), name, step);
  };
  for (const button of document.querySelectorAll<HTMLElement>('#report [data-run]')) {
    button.addEventListener('click', () => {
      open(Number(button.dataset.run), Number(button.dataset.step ?? 0));
      document.getElementById('main')?.scrollIntoView();
    });
  }
  if (runs.length > 0) open(0, 0);
  else document.documentElement.classList.add('without-runs');
  return true;
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
