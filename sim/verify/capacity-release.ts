import { rulesOfRelease, type StartupRules } from '../memory/rules.ts';
import type { CapacityRecord } from './capacity-record.ts';

/** Builds off a fork number vLLM's commits; a release has all but so many of them, newest first. */
const COMMITS_BEFORE: readonly (readonly [count: number, release: readonly number[]])[] = [
  [15_500, [0, 21, 0]],
  [13_500, [0, 16, 0]],
  [9_808, [0, 11, 0]],
  [7_050, [0, 9, 1]],
];

/** When releases came out whose rules differ from those before, newest first. */
const RELEASED: readonly (readonly [date: string, release: readonly number[]])[] = [
  ['2026-05-01', [0, 21, 0]],
  ['2026-02-01', [0, 16, 0]],
  ['2025-12-18', [0, 13, 0]],
  ['2025-10-02', [0, 11, 0]],
  ['2025-06-10', [0, 9, 1]],
  ['2025-05-27', [0, 9, 0]],
  ['2025-03-18', [0, 8, 0]],
  ['2025-01-27', [0, 7, 0]],
  ['2024-11-15', [0, 6, 4]],
  ['2024-10-14', [0, 6, 3]],
];

/** The release that a record ran, as [major, minor, patch]: by its version, otherwise by its date; null = neither. */
export function releaseOf({ vllm_version: version, date }: CapacityRecord): readonly number[] | null {
  const commits = /^0\.1\.dev(\d+)/.exec(version ?? '');
  if (commits !== null) {
    return COMMITS_BEFORE.find(([count]) => Number(commits[1]) >= count)?.[1] ?? [0, 9, 0];
  }
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(version ?? '');
  if (match !== null) return [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (!/^\d{4}-\d{2}-\d{2}/.test(date ?? '')) return null;
  return RELEASED.find(([from]) => (date ?? '') >= from)?.[1] ?? [0, 5, 0];
}

/** Without version and date, a V0 record counts as 0.7 or later and a V1 record as 0.9.1 or 0.10. */
export function recordRules(record: CapacityRecord): StartupRules {
  return rulesOfRelease(record.engine, releaseOf(record) ?? (record.engine === 'v0' ? [0, 7, 0] : [0, 9, 1]));
}

/** Whether a release is older than the oldest whose profiling run is modelled, 0.6.3. */
export function isTooOld(record: CapacityRecord): boolean {
  const release = releaseOf(record);
  if (release === null) return false;
  const [major, minor, patch] = release;
  return major === 0 && (minor < 6 || (minor === 6 && patch < 3));
}
