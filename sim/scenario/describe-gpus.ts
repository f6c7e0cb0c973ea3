import type { Scenario } from './scenario.ts';

/** The GPUs of a scenario, as reports and the page name them. */
export function describeGpus({ count, gpu, given, calibration }: Scenario['hardware']): string {
  const badges = [given && 'user-given', calibration && 'calibrated'].filter(Boolean);
  return `${count} × ${gpu}${badges.length === 0 ? '' : ` (${badges.join(', ')})`}`;
}
