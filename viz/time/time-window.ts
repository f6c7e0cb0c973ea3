/** The steps that the charts of time show, the second exclusive. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

/** Fewer than this nobody wants to look at. */
const LEAST_STEPS = 10;

/** The window nearest to the steps given, which may stand in any order and beyond the run. */
export function windowOf(one: number, other: number, numSteps: number): TimeWindow {
  const length = Math.min(numSteps, Math.max(LEAST_STEPS, Math.round(Math.abs(other - one))));
  const from = Math.max(0, Math.min(numSteps - length, Math.round(Math.min(one, other))));
  return { from, to: from + length };
}

/** A step keeps its place while the window becomes `factor` times as long; null: the whole run. */
export function zoomed(
  { from, to }: TimeWindow,
  around: number,
  factor: number,
  numSteps: number,
): TimeWindow | null {
  if ((to - from) * factor >= numSteps) return null;
  return windowOf(around - (around - from) * factor, around + (to - around) * factor, numSteps);
}

/** The window, or the one as long as it that the step lies in, if it has left it. */
export function following(window: TimeWindow, step: number, numSteps: number): TimeWindow {
  const length = window.to - window.from;
  if (step >= window.from && step <= window.to) return window;
  const from = window.from + Math.floor((step - window.from) / length) * length;
  return windowOf(from, from + length, numSteps);
}
