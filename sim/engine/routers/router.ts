/** What a router may know of an engine when a request arrives. */
export interface EngineLoad {
  /** Requests that it was given and that have not ended. */
  readonly numOutstanding: number;
  /** The queues as the engine last told them: before and after each step. */
  readonly toldWaiting: number;
  readonly toldRunning: number;
}

/** Decides which engine serves a request. */
export interface Router {
  /** The engine for a request that arrives at `now`. */
  pick(request: number, engines: readonly EngineLoad[], now: number): number;
  /** When it looks at the engines next without being asked; Infinity: it does not. Absent: never. */
  readonly nextNs?: number;
  look?(engines: readonly EngineLoad[], now: number): void;
}
