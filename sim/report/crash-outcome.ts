import type { Summary } from './summary.ts';

/** One line for logs and checks: `engine-crash (CPU swap space exhausted at step 812)`. */
export function crashOutcome({ step, error, explanation }: NonNullable<Summary['crash']>): string {
  const what = /CPU swap space/.test(error) ? 'CPU swap space exhausted' : explanation;
  return `engine-crash (${what} at step ${step})`;
}
