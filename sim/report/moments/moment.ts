/** What kind of moment it is; the last three are told only where nothing else explains the run, or ends it. */
export type MomentKind = 'shortage' | 'blocked' | 'storm' | 'evicted' | 'crash' | 'hang' | 'fullest';

/** A place of a run that mattered. Requests are rows of the recording. */
export interface Moment {
  readonly kind: MomentKind;
  /** Where to look, and where it is over. */
  readonly step: number;
  readonly lastStep: number;
  /** Seconds that requests lost by it, all together: the larger, the more it mattered. */
  readonly cost: number;
  /** Whom it befell first, and which block it is about; null for none. */
  readonly request: number | null;
  readonly block: number | null;
  readonly facts: Readonly<Record<string, number>>;
}
