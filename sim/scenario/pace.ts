import { NS_PER_S } from '../units.ts';
import type { Report } from './located-yaml.ts';
import type { PaceFile } from './pace-schema.ts';
import { type ArrivalSpec, type DurationSpec, MAX_DURATION_NS, type PaceSpec } from './workload-spec.ts';

/**
 * When the requests of a workload come.
 * @param numRequests how many there are; null = a file's, not known yet
 * @param turns requests of a conversation
 */
export function paceOf(file: PaceFile, numRequests: number | null, turns: number, report: Report): PaceSpec {
  const arrival = arrivalOf(file, report);
  const users = file.users ?? null;
  const thinkTime = thinkTimeOf(file['think-time'] ?? 0);
  const numByClock = Math.min(users ?? Number.POSITIVE_INFINITY, numRequests ?? 1);
  const [rate, key] = leastRateOf(arrival);
  if (rate !== null && (numByClock / rate) * NS_PER_S > MAX_DURATION_NS) {
    report(['workload', key], `${numByClock} requests at this rate take more than 30 days to arrive`);
  }
  const oneAfterTheOther = users === null ? turns : (numRequests ?? users) / users;
  if (oneAfterTheOther * meanNsOf(thinkTime) > MAX_DURATION_NS) {
    const whose = users === null ? 'the turns of a conversation' : 'the requests of a user';
    report(['workload', 'think-time'], `${whose} take more than 30 days`);
  }
  return { arrival, users, thinkTime };
}

/** Whether a file says when requests come, so that a trace's own times do not count. */
export function saysArrivals(file: PaceFile): boolean {
  return [file['request-rate'], file['ramp-up-strategy'], file.diurnal].some((value) => value !== undefined);
}

function arrivalOf(file: PaceFile, report: Report): ArrivalSpec {
  const { 'request-rate': rate, diurnal, 'ramp-up-strategy': strategy } = file;
  const burstiness = file.burstiness === 'inf' ? Number.POSITIVE_INFINITY : (file.burstiness ?? 1);
  const startRps = file['ramp-up-start-rps'];
  const endRps = file['ramp-up-end-rps'];
  if (strategy !== undefined) {
    refuseOthers(file, ['request-rate', 'diurnal'], 'ramp-up-strategy', report);
    if (startRps === undefined || endRps === undefined) {
      report(['workload', 'ramp-up-strategy'], 'needs ramp-up-start-rps and ramp-up-end-rps', null, true);
    } else if (startRps > endRps) {
      report(['workload', 'ramp-up-start-rps'], 'expected at most ramp-up-end-rps');
    }
    return { kind: 'ramp-up', strategy, startRps: startRps ?? 1, endRps: endRps ?? 1, burstiness };
  }
  for (const key of ['ramp-up-start-rps', 'ramp-up-end-rps'] as const) {
    if (file[key] !== undefined) report(['workload', key], 'goes with ramp-up-strategy', null, true);
  }
  if (diurnal !== undefined) {
    refuseOthers(file, ['request-rate'], 'diurnal', report);
    return { kind: 'diurnal', periodNs: diurnal.period, low: diurnal.low, high: diurnal.high, burstiness };
  }
  if (rate === undefined || rate === 'inf' || rate === Number.POSITIVE_INFINITY)
    return { kind: 'burst', atNs: 0 };
  return { kind: 'poisson', ratePerSecond: rate, burstiness };
}

function refuseOthers(
  file: PaceFile,
  others: readonly (keyof PaceFile)[],
  key: string,
  report: Report,
): void {
  for (const other of others) {
    if (file[other] !== undefined) report(['workload', other], `does not go with ${key}`, null, true);
  }
}

/** A rate that is not exceeded for long, and the key that sets it; null: all come at once. */
function leastRateOf(arrival: ArrivalSpec): [rate: number | null, key: string] {
  switch (arrival.kind) {
    case 'burst':
      return [null, 'request-rate'];
    case 'poisson':
      return [arrival.ratePerSecond, 'request-rate'];
    case 'ramp-up':
      return [arrival.startRps, 'ramp-up-start-rps'];
    case 'diurnal':
      return [(arrival.low + arrival.high) / 2, 'diurnal'];
  }
}

function thinkTimeOf(file: NonNullable<PaceFile['think-time']>): DurationSpec {
  if (typeof file === 'number') return { kind: 'fixed', ns: file };
  const { exponential, uniform, lognormal } = file;
  if (uniform) return { kind: 'uniform', minNs: uniform[0], maxNs: uniform[1] };
  if (lognormal) {
    return { kind: 'lognormal', medianNs: lognormal.median, sigma: lognormal.sigma, maxNs: lognormal.max };
  }
  return { kind: 'exponential', meanNs: exponential ?? 0 };
}

/** Roughly: of a lognormal, the median. */
function meanNsOf(spec: DurationSpec): number {
  switch (spec.kind) {
    case 'fixed':
      return spec.ns;
    case 'uniform':
      return (spec.minNs + spec.maxNs) / 2;
    case 'exponential':
      return spec.meanNs;
    case 'lognormal':
      return spec.medianNs;
  }
}
