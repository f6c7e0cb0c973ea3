import type { Problem } from '../../sim/error.ts';
import { ExitCode } from '../exit-code.ts';
import type { ScenarioRun } from '../run-scenario.ts';

/** What became of a file: it ran; or it is no valid scenario, reached a limit, or showed a fault in Poolscope. */
export type FileResult = RunResult | FailedResult;

export interface RunResult {
  /** As reports call it. */
  readonly file: string;
  readonly run: ScenarioRun;
  /** Recordings and the like that were asked for, one a line. */
  readonly written: readonly string[];
}

export interface FailedResult {
  readonly file: string;
  readonly problems: readonly Problem[];
  readonly code: 2 | 3 | 4;
  /** Of a fault: for whoever mends it. */
  readonly stack?: string;
}

/** The exit code for one file. */
export function codeOf(result: FileResult): number {
  if ('problems' in result) return result.code;
  return result.run.passed ? ExitCode.Ok : ExitCode.CheckFailed;
}

/** Turns results into text. What it says depends on them alone: no times of day, no durations. */
export interface Reporter {
  /** Whether it tells more than statistics: the events of a long run take gigabytes. */
  readonly needsEvents?: boolean;
  /** When a file is done. */
  each?(result: FileResult): string;
  /** When all are. */
  end?(results: readonly FileResult[], exitCode: number): string;
}

/** All that was checked of a run, for reporters that list one thing after the other. */
export interface Finding {
  /** "vllm:num_preemptions_total: value == 0", or "start and end". */
  readonly title: string;
  readonly verdict: 'passed' | 'failed' | 'warning';
  /** What was expected and found; the reason and the way to see it, one a line. */
  readonly lines: readonly string[];
  /** Dotted path of the expectation. */
  readonly path: string;
  /** Where it can be seen in the run with the scenario's first seed. */
  readonly at?: { readonly engine: number; readonly step: number };
}
