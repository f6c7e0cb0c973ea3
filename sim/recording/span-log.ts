/** Takes spans: how a request advances from a step on; see `SpanColumns`. */
export interface SpanLog {
  span(request: number, step: number, computed: number, tokens: number, rate: number): void;
}
