/** Takes events in the order in which they happen; the scheduler and the pool report to it. */
export interface EventSink {
  /** `kind` is an EventKind, with the KV cache group in the high 4 bits for block events. */
  event(kind: number, a: number, b: number, c: number): void;
}
