import type { Recording } from '../recording/recording.ts';
import { type Summary, summarize } from './summary.ts';

/** One of several engines beside the others. */
export interface ReplicaSummary {
  readonly index: number;
  readonly summary: Summary;
  readonly outputTokens: number;
}

/** Engines of a run, and how unevenly the work fell on them. */
export interface ReplicasSummary {
  readonly replicas: readonly ReplicaSummary[];
  /** Tokens computed in steps, prompts and outputs: those of the engine with the most by the mean; null if there are none. */
  readonly imbalance: number | null;
}

/** null for a single engine. */
export function summarizeReplicas(recordings: readonly Recording[]): ReplicasSummary | null {
  if (recordings.length < 2) return null;
  const work = recordings.map(({ steps }) => steps.numScheduledTokens.reduce((sum, n) => sum + n, 0));
  const mean = work.reduce((sum, n) => sum + n, 0) / work.length;
  return {
    replicas: recordings.map((recording, index) => ({
      index,
      summary: summarize(recording),
      outputTokens: recording.requests.numOutputTokens.reduce((sum, n) => sum + n, 0),
    })),
    imbalance: mean > 0 ? Math.max(...work) / mean : null,
  };
}
