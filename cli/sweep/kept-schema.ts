import * as v from 'valibot';

/* What kept results must look like to be read: folders come from other machines, and from other versions. */

const number = v.nullable(v.number());
const object = v.nullable(v.record(v.string(), v.unknown()));

export const resultSchema = v.object({
  passed: v.boolean(),
  because: v.nullable(v.string()),
  numGpuBlocks: number,
  outcomes: v.array(v.string()),
  checks: v.array(
    v.object({
      metric: v.string(),
      check: v.string(),
      severity: v.picklist(['error', 'warning']),
      passed: v.boolean(),
      actual: number,
      bound: number,
      found: v.string(),
    }),
  ),
  seeds: v.array(v.object({ seed: v.number(), summary: object, cost: object })),
  measured: v.array(number),
});

export const manifestSchema = v.object({
  poolscope: v.string(),
  name: v.string(),
  file: v.string(),
  axes: v.array(v.string()),
  points: v.array(
    v.object({
      name: v.nullable(v.string()),
      settings: v.record(v.string(), v.unknown()),
      // It becomes the name of a file.
      digest: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
    }),
  ),
  trends: v.array(
    v.object({
      metric: v.string(),
      axis: v.string(),
      text: v.string(),
      direction: v.picklist(['increasing', 'decreasing']),
      aggregate: v.object({ name: v.string(), p: v.number() }),
    }),
  ),
});

/** Whether a text is JSON of that form. */
export function isKept(text: string, schema: typeof resultSchema | typeof manifestSchema): boolean {
  try {
    return v.is(schema, JSON.parse(text));
  } catch {
    return false;
  }
}
