import { makeColumns } from '../recording/column.ts';
import { type Outcome, REQUEST_COLUMNS, type RequestColumns } from '../recording/tables.ts';
import type { Workload } from '../workload/workload.ts';
import { Arrivals } from './arrivals.ts';

/** What is known of all requests of a run, whichever engine serves them: when they arrive and what becomes of them. */
export class RequestLedger {
  readonly arrivals: Arrivals;
  readonly columns: RequestColumns;
  numEnded = 0;

  constructor(workload: Workload) {
    this.arrivals = new Arrivals(workload);
    this.columns = makeColumns(REQUEST_COLUMNS, workload.numRequests);
    const { columns } = this;
    columns.arrivalNs.fill(Number.NaN);
    columns.firstScheduledNs.fill(Number.NaN);
    columns.firstTokenNs.fill(Number.NaN);
    columns.endNs.fill(Number.NaN);
    columns.numPromptTokens.set(workload.numPromptTokens);
    columns.numSequences.set(workload.numSequences);
    columns.maxTokens.set(workload.maxTokens);
    columns.priority.set(workload.priority);
  }

  /** A request ended, and what depends on it may come. Times are integer nanoseconds. */
  ended(request: number, outcome: Outcome, ns: number): void {
    this.note(request, outcome, ns);
    this.arrivals.ended(request, ns);
  }

  /** The same for a request whose dependents have been released. */
  note(request: number, outcome: Outcome, ns: number): void {
    this.columns.outcome[request] = outcome;
    this.columns.endNs[request] = ns;
    this.numEnded++;
  }
}
