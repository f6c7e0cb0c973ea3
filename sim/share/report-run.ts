/** A run that an HTML report holds, for the page below its results. */
export interface ReportRun {
  readonly name: string;
  /** A *.poolrec file in base64. */
  readonly recording: string;
}
