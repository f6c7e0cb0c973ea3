import { encodeRecording } from '../../sim/recording/codec.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import { scalarsOf } from '../../sim/report/diff.ts';
import { summarize } from '../../sim/report/summary.ts';
import { fillReport, type ReportRun } from '../../sim/share/report-run.ts';
import { shown } from '../compare/results-table.ts';
import { h } from '../dom.ts';
import { t } from '../text/text.ts';

/** Bytes that are spread into one call. */
const CHUNK = 0x8000;

export interface NamedRun {
  readonly name: string;
  readonly recording: Recording;
}

/** One file that shows the runs to whoever opens it, without a server; null: the template is not beside this page. */
export async function reportOf(title: string, runs: readonly NamedRun[]): Promise<Blob | null> {
  const template = await templateText();
  if (template === null) return null;
  const packed = runs.map(({ name, recording }): ReportRun => ({ name, recording: base64(recording) }));
  return new Blob([fillReport(template, resultsOf(title, runs), packed)], { type: 'text/html' });
}

async function templateText(): Promise<string | null> {
  try {
    const answer = await fetch(new URL('report.html', document.baseURI));
    const text = await answer.text();
    return answer.ok && text.includes('<!--runs-->') ? text : null;
  } catch {
    // A report itself may ask nobody.
    return null;
  }
}

/** As markup: names may be anybody's, and are text in it. */
function resultsOf(title: string, runs: readonly NamedRun[]): string {
  const results = runs.map(({ recording }) => scalarsOf(summarize(recording)));
  const names = [...results[0].keys()].filter((name) => results.some((each) => each.get(name) != null));
  const cells = (name: string) => results.map((each) => h('td', {}, shown(each.get(name) ?? null)));
  const section = [
    h('h1', {}, title),
    h('p', {}, ...runs.map(({ name }, i) => showButton(t().report.show(name), i))),
    h(
      'div',
      { class: 'scroll' },
      h(
        'table',
        {},
        h('tr', {}, h('th', {}, ''), ...runs.map(({ name }) => h('th', { scope: 'col' }, name))),
        ...names.map((name) => h('tr', {}, h('th', { scope: 'row' }, name), ...cells(name))),
      ),
    ),
  ];
  return section.map(({ outerHTML }) => outerHTML).join('\n');
}

function showButton(label: string, run: number): HTMLElement {
  return h('button', { type: 'button', class: 'button', 'data-run': run, 'data-step': 0 }, label);
}

function base64(recording: Recording): string {
  const bytes = encodeRecording(recording);
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(text);
}
