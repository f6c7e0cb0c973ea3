/** A run that an HTML report holds, for the page below its results. */
export interface ReportRun {
  readonly name: string;
  /** A *.poolrec file in base64. */
  readonly recording: string;
}

/** The page as the template of a report, filled with results, which are markup, and with the runs below them. */
export function fillReport(template: string, results: string, runs: readonly ReportRun[]): string {
  const data = JSON.stringify(runs).replaceAll('<', '\\u003c');
  const withRuns = fill(
    template,
    '<!--runs-->',
    `<script type="application/json" id="report-runs">${data}</script>`,
  );
  return fill(withRuns, '<!--results-->', `<section id="report">\n${results}\n</section>`);
}

/** The last of the marks is the page's: before it, the page's script may name them as this one does. */
function fill(template: string, mark: string, content: string): string {
  const at = template.lastIndexOf(mark);
  return template.slice(0, at) + content + template.slice(at + mark.length);
}
