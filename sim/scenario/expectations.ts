import { findMetric } from '../report/metrics.ts';
import type { START_FAILURES } from './expect-schema.ts';
import { boundOf, type Expression, ExpressionError, parseExpression, usesBaseline } from './expression.ts';
import type { Path, Report } from './located-yaml.ts';
import type { ScenarioFile } from './schema.ts';

/** Start-up outcomes other than success, as `expect: {starts: false, because: …}` names them. */
export type StartFailure = (typeof START_FAILURES)[number];

/** A scenario's `expect:`. */
export interface Expectations {
  /** null = not stated: a failed start is then an unexpected one. */
  readonly starts: boolean | null;
  readonly because: StartFailure | null;
  /** Part of vLLM's own words when it does not start. */
  readonly says: string | null;
  readonly gpuBlocks: BlockRange | null;
  /** V0's swap space. */
  readonly cpuBlocks: BlockRange | null;
  readonly metrics: readonly MetricExpectation[];
}

/** Least and most. */
export type BlockRange = readonly [least: number, most: number];

/** What a metric of the run must be. */
export interface MetricExpectation {
  /** As written; an alias perhaps. */
  readonly metric: string;
  readonly expression: Expression;
  /** A warning is told, but gates nothing. */
  readonly severity: 'error' | 'warning';
  /** Requests that arrive, and steps that start, before it do not count. */
  readonly afterNs: number;
  /** Of several seeds: each must hold, or their mean. */
  readonly aggregate: 'worst' | 'mean';
  /** A seed for which it fails is the last that is run. */
  readonly abortOnFail: boolean;
  /** Where it stands in the file, dotted. */
  readonly path: string;
}

/** Reads the checked `expect:`; contradictions are reported. `written` is the document. */
export function expectationsOf(file: ScenarioFile, written: unknown, report: Report): Expectations {
  const {
    starts = null,
    because = null,
    says = null,
    'gpu-blocks': gpuBlocks,
    'cpu-blocks': cpuBlocks,
    ...metrics
  } = file.expect ?? {};
  for (const [key, value] of Object.entries({ because, says })) {
    if (value !== null && starts !== false) report(['expect', key], 'goes with starts: false');
  }
  for (const [key, value] of Object.entries({ 'gpu-blocks': gpuBlocks, 'cpu-blocks': cpuBlocks })) {
    if (value !== undefined && starts === false) report(['expect', key], 'goes with starts: true');
  }
  const read: MetricExpectation[] = [];
  // The schema has its own order of keys; reports follow the file.
  const inFile = Object.keys((written as { expect?: object }).expect ?? {});
  for (const metric of inFile.filter((key) => Object.hasOwn(metrics, key)) as (keyof typeof metrics)[]) {
    const found = metrics[metric];
    if (found === undefined) continue;
    if (starts === false) {
      report(['expect', metric], 'goes with a scenario that starts', null, true);
      continue;
    }
    const list = Array.isArray(found) ? found : [found];
    list.forEach((item, i) => {
      const path: Path = ['expect', metric, ...(Array.isArray(found) ? [i] : [])];
      const expectation = readOne(metric, item, path, report);
      if (expectation) read.push(expectation);
    });
  }
  return {
    starts,
    because,
    says,
    gpuBlocks: rangeOf(gpuBlocks),
    cpuBlocks: rangeOf(cpuBlocks),
    metrics: read,
  };
}

function rangeOf(blocks: number | [number, number] | undefined): BlockRange | null {
  return typeof blocks === 'number' ? [blocks, blocks] : (blocks ?? null);
}

interface WrittenCheck {
  readonly check: string;
  readonly severity?: string;
  readonly after?: number;
  readonly aggregate?: 'worst' | 'mean';
  readonly 'abort-on-fail'?: boolean;
}

function readOne(
  name: string,
  item: string | WrittenCheck,
  path: Path,
  report: Report,
): MetricExpectation | null {
  const metric = findMetric(name);
  if (metric === null) return null;
  const written: WrittenCheck = typeof item === 'string' ? { check: item } : item;
  const { check, severity, after, aggregate, 'abort-on-fail': abortOnFail = false } = written;
  const place = typeof item === 'string' ? path : [...path, 'check'];
  if (after !== undefined && metric.kind === 'total') {
    report([...path, 'after'], 'does not go with a total, which is of the whole run', null, true);
  }
  if (abortOnFail && severity === 'warning') {
    report([...path, 'abort-on-fail'], 'does not go with a warning', null, true);
  }
  try {
    const expression = parseExpression(check, metric);
    const { bound } = expression;
    if (!usesBaseline(bound) && !Number.isFinite(boundOf(bound, null))) {
      throw new ExpressionError(`compares with no number: "${check}" divides by zero`);
    }
    return {
      metric: name,
      expression,
      severity: severity === 'warning' ? 'warning' : 'error',
      afterNs: after ?? 0,
      aggregate: aggregate ?? 'worst',
      abortOnFail,
      path: path.join('.'),
    };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    report(place, error.message, error.suggestion);
    return null;
  }
}

/** The path of the first that names the baseline; null if none does. */
export function comparesWithBaseline({ metrics }: Expectations): string | null {
  return metrics.find(({ expression }) => usesBaseline(expression.bound))?.path ?? null;
}
