import { findMetric } from '../report/metrics.ts';
import { type Expression, ExpressionError, parseExpression, usesBaseline } from './expression.ts';
import type { Path, Report } from './located-yaml.ts';
import type { Expectations } from './scenario.ts';
import type { ScenarioFile } from './schema.ts';

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
  /** Where it stands in the file, dotted. */
  readonly path: string;
}

/** Reads the checked `expect:`; what it says of metrics, and whether it fits the rest, is reported. */
export function expectationsOf(file: ScenarioFile, report: Report): Expectations {
  const { starts = null, because = null, ...metrics } = file.expect ?? {};
  if (because !== null && starts !== false) report(['expect', 'because'], 'goes with starts: false');
  const read: MetricExpectation[] = [];
  for (const [metric, written] of Object.entries(metrics)) {
    if (starts === false) {
      report(['expect', metric], 'goes with a scenario that starts', null, true);
      continue;
    }
    const list = Array.isArray(written) ? written : [written];
    list.forEach((item, i) => {
      const path: Path = ['expect', metric, ...(Array.isArray(written) ? [i] : [])];
      const expectation = readOne(metric, item, path, report);
      if (expectation) read.push(expectation);
    });
  }
  return { starts, because, metrics: read };
}

type Written = string | { check: string; severity?: string; after?: number; aggregate?: 'worst' | 'mean' };

function readOne(name: string, item: Written, path: Path, report: Report): MetricExpectation | null {
  const metric = findMetric(name);
  if (metric === null) return null;
  const { check, severity, after, aggregate } = typeof item === 'string' ? { check: item } : item;
  const place = typeof item === 'string' ? path : [...path, 'check'];
  if (after !== undefined && metric.kind === 'total') {
    report([...path, 'after'], 'does not go with a total, which is of the whole run', null, true);
  }
  try {
    return {
      metric: name,
      expression: parseExpression(check, metric),
      severity: severity === 'warning' ? 'warning' : 'error',
      afterNs: after ?? 0,
      aggregate: aggregate ?? 'worst',
      path: path.join('.'),
    };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    report(place, error.message, error.suggestion);
    return null;
  }
}

/** Whether any of them names the baseline. */
export function needBaseline({ metrics }: Expectations): boolean {
  return metrics.some(({ expression }) => usesBaseline(expression.bound));
}
