import * as v from 'valibot';
import type { StepTable } from '../time/step-table.ts';
import type { Report } from './located-yaml.ts';
import { type ReadFile, readBeside } from './named-file.ts';
import { durationNs, text } from './schema-parts.ts';
import { readStepTable } from './step-table.ts';

/** How long the steps of a scenario take. */
export type StepTimeSpec =
  | { readonly kind: 'roofline' }
  | { readonly kind: 'fixed'; readonly ns: number }
  | { readonly kind: 'table'; readonly table: StepTable };

/** As a file or an option says it. */
type Written = { kind: 'roofline' } | { kind: 'fixed'; ns: number } | { kind: 'table'; path: string };

export const STEP_TIME = 'roofline, fixed:20ms, or table:PATH';

/** Reads `roofline`, `fixed:20ms` and `table:PATH`; null if it is none of them. */
export function parseStepTime(written: string): Written | null {
  if (written === 'roofline') return { kind: 'roofline' };
  const [, kind, rest] = /^(fixed|table):(.+)$/s.exec(written) ?? [];
  if (kind === 'table') return { kind, path: rest.trim() };
  const ns = kind === 'fixed' ? durationNs(rest) : null;
  return ns !== null && ns >= 1 ? { kind: 'fixed', ns } : null;
}

const EXPECTED = `${STEP_TIME}, or {table: PATH}`;
export const stepTimeSchema = v.union(
  [
    v.pipe(
      v.string(EXPECTED),
      v.rawTransform(({ dataset, addIssue, NEVER }): Written => {
        const parsed = parseStepTime(dataset.value);
        if (parsed !== null) return parsed;
        addIssue({ message: EXPECTED });
        return NEVER;
      }),
    ),
    v.pipe(
      v.strictObject({ table: text }, EXPECTED),
      v.transform(({ table }): Written => ({ kind: 'table', path: table })),
    ),
  ],
  EXPECTED,
);

const ROOFLINE: StepTimeSpec = { kind: 'roofline' };

/** Reads the table that a scenario names, from its folder. */
export function stepTimeOf(
  written: Written | undefined,
  readFile: ReadFile | undefined,
  report: Report,
): StepTimeSpec {
  if (written === undefined) return ROOFLINE;
  if (written.kind !== 'table') return written;
  const table = readBeside(written.path, readFile, ['step-time'], report, readStepTable);
  return table === null ? ROOFLINE : { kind: 'table', table };
}
