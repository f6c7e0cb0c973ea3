import { InputError } from '../error.ts';
import type { ConformanceCase, V0Case } from './conformance-case.ts';

/**
 * Reads a recorded case.
 * @returns null if it is a file of another kind: an index, or a case of something else.
 * @throws InputError if it is no JSON or lacks what a case needs.
 */
export function parseCase(text: string, file: string): ConformanceCase | V0Case | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError([{ file, message: `is no JSON: ${(error as Error).message}` }]);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const kase = value as ConformanceCase | V0Case;
  if (typeof kase.case !== 'string' || !['v0', 'v1'].includes(kase.source?.engine ?? '')) return null;
  for (const field of ['config', 'requests'] as const) {
    if (typeof kase[field] !== 'object' || kase[field] === null) {
      throw new InputError([{ file, field, message: 'missing' }]);
    }
  }
  if (kase.steps === undefined && (isV0(kase) || kase.expect === undefined)) {
    throw new InputError([
      {
        file,
        field: 'steps',
        message: isV0(kase) ? 'missing' : 'missing, and there are no totals in expect either',
      },
    ]);
  }
  for (const request of kase.requests) {
    if (request.prompt.some((run) => run.length !== 3)) {
      throw new InputError([
        { file, field: `requests.${request.id}.prompt`, message: 'expected [segment, start, length]' },
      ]);
    }
  }
  return kase;
}

export function isV0(kase: ConformanceCase | V0Case): kase is V0Case {
  return kase.source?.engine === 'v0';
}
