import { nearest } from '../catalog/nearest.ts';
import type { Metric } from '../report/metric.ts';
import type { Aggregate } from '../report/series.ts';

export const OPERATORS = ['<=', '>=', '==', '!=', '<', '>'] as const;
export type Operator = (typeof OPERATORS)[number];

/** What a metric is compared with: a number, `baseline`, or arithmetic of them. */
export type Bound =
  | number
  | 'baseline'
  | readonly [operator: '+' | '-' | '*' | '/', left: Bound, right: Bound];

/** `p(99) <= 1.05 * baseline`. */
export interface Expression {
  readonly text: string;
  readonly aggregate: Aggregate;
  readonly operator: Operator;
  readonly bound: Bound;
}

/** What is wrong with an expression; the message says where in it. */
export class ExpressionError extends Error {
  readonly suggestion: string | null;

  constructor(message: string, suggestion: string | null = null) {
    super(message);
    this.suggestion = suggestion;
  }
}

const MAX_LENGTH = 200;
const MAX_DEPTH = 20;
const SECONDS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };
const AGGREGATES: Readonly<Record<string, Aggregate['name']>> = {
  mean: 'mean',
  avg: 'mean',
  min: 'min',
  max: 'max',
  count: 'count',
  p: 'p',
  med: 'p',
  median: 'p',
  value: 'value',
};
const TOKEN = /\s*(?:(\d+(?:\.\d+)?|\.\d+)\s*([a-zA-Z]+|%)?|([a-zA-Z_]\w*)|(<=|>=|==|!=|[<>()+\-*/])|(\S))/y;

interface Token {
  readonly text: string;
  readonly at: number;
  readonly number?: number;
  readonly unit?: string;
  readonly word?: boolean;
}

/**
 * Reads `AGGREGATE OPERATOR BOUND` for a metric: `p(99) < 2s`, `mean <= 0.5`, `value <= 1.05 * baseline`.
 * @throws ExpressionError
 */
export function parseExpression(text: string, metric: Metric): Expression {
  return new Parser(text, metric).parse();
}

class Parser {
  private readonly text: string;
  private readonly metric: Metric;
  private readonly tokens: readonly Token[];
  private next = 0;
  private depth = 0;

  constructor(text: string, metric: Metric) {
    if (text.length > MAX_LENGTH) throw new ExpressionError(`is longer than ${MAX_LENGTH} characters`);
    this.text = text;
    this.metric = metric;
    this.tokens = tokensOf(text);
  }

  parse(): Expression {
    const aggregate = this.aggregate();
    const operator = this.take()?.text;
    if (!isOperator(operator)) this.fail(`one of ${OPERATORS.join(' ')}`);
    const bound = this.sum();
    if (this.next < this.tokens.length) {
      this.next++;
      this.fail('the end, or one of + - * /');
    }
    return { text: this.text.trim(), aggregate, operator, bound };
  }

  private aggregate(): Aggregate {
    const allowed =
      this.metric.kind === 'total'
        ? ['value']
        : Object.keys(AGGREGATES).filter((name) => name !== 'value' && name !== 'p');
    const shown = this.metric.kind === 'total' ? 'value' : `p(99), ${allowed.join(', ')}`;
    const token = this.take();
    const name = token?.word && Object.hasOwn(AGGREGATES, token.text) ? AGGREGATES[token.text] : undefined;
    if (token === undefined || name === undefined) {
      return this.fail(`one of ${shown}`, token?.word ? nearest(token.text, allowed) : null);
    }
    if ((name === 'value') !== (this.metric.kind === 'total')) {
      const what =
        this.metric.kind === 'total' ? 'one total, which has a value only' : 'many values, not one total';
      throw new ExpressionError(`${this.metric.name} has ${what}: expected ${shown}`);
    }
    if (token.text !== 'p') return { name, p: 50 };
    if (this.take()?.text !== '(') this.fail('"(" and a percentage, as in p(99)');
    const p = this.take();
    if (p?.number === undefined || p.number > 100 || (p.unit !== undefined && p.unit !== '%')) {
      return this.fail('a percentage from 0 to 100');
    }
    if (this.take()?.text !== ')') this.fail('")"');
    return { name, p: p.number };
  }

  private sum(): Bound {
    let left = this.product();
    while (this.peek('+') || this.peek('-')) {
      left = [this.tokens[this.next++].text as '+' | '-', left, this.product()];
    }
    return left;
  }

  private product(): Bound {
    let left = this.atom();
    while (this.peek('*') || this.peek('/')) {
      left = [this.tokens[this.next++].text as '*' | '/', left, this.atom()];
    }
    return left;
  }

  private atom(): Bound {
    if (++this.depth > MAX_DEPTH) throw new ExpressionError(`has more than ${MAX_DEPTH} terms`);
    const token = this.take();
    if (token?.text === '-') return ['-', 0, this.atom()];
    if (token?.text === '(') {
      const inner = this.sum();
      if (this.take()?.text !== ')') this.fail('")"');
      return inner;
    }
    if (token?.text === 'baseline') return 'baseline';
    if (token?.number === undefined) {
      return this.fail('a number, baseline or "("', token?.word ? nearest(token.text, ['baseline']) : null);
    }
    return token.number * this.factorOf(token.unit);
  }

  private factorOf(unit: string | undefined): number {
    if (unit === undefined) return 1;
    if (unit === '%') return 0.01;
    if (!Object.hasOwn(SECONDS, unit))
      return this.fail(`a unit, one of ${Object.keys(SECONDS).join(', ')}, %`);
    if (this.metric.unit !== 'seconds') {
      throw new ExpressionError(`${this.metric.name} is no time: expected a bound without the unit ${unit}`);
    }
    return SECONDS[unit];
  }

  private peek(text: string): boolean {
    return this.tokens[this.next]?.text === text;
  }

  private take(): Token | undefined {
    return this.tokens[this.next++];
  }

  /** The token that was taken last is not what should stand there. */
  private fail(expected: string, suggestion: string | null = null): never {
    const token = this.tokens[this.next - 1];
    const found = token === undefined ? 'the end' : `"${token.text}" at character ${token.at + 1}`;
    throw new ExpressionError(`expected ${expected}, got ${found} of "${this.text}"`, suggestion);
  }
}

function isOperator(text: string | undefined): text is Operator {
  return OPERATORS.some((operator) => operator === text);
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const [all, number, unit, word, sign, other] = match;
    const shown = all.trim();
    const at = TOKEN.lastIndex - shown.length;
    if (number !== undefined) tokens.push({ text: shown, at, number: Number(number), unit });
    else tokens.push({ text: word ?? sign ?? other, at, word: word !== undefined });
  }
  return tokens;
}

/** The bound as a number, given what the baseline has; null if it needs that and there is none. */
export function boundOf(bound: Bound, baseline: number | null): number | null {
  if (bound === 'baseline') return baseline;
  if (typeof bound === 'number') return bound;
  const [operator, left, right] = bound;
  const [a, b] = [boundOf(left, baseline), boundOf(right, baseline)];
  if (a === null || b === null) return null;
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
  }
}

/** Whether a bound compares with the baseline. */
export function usesBaseline(bound: Bound): boolean {
  if (typeof bound === 'object') return usesBaseline(bound[1]) || usesBaseline(bound[2]);
  return bound === 'baseline';
}

/** How far a value is on the wrong side of its bound; 0 or less holds. */
export function excess(value: number, operator: Operator, bound: number): number {
  switch (operator) {
    case '<':
      return value < bound ? value - bound : Math.max(value - bound, Number.MIN_VALUE);
    case '<=':
      return value - bound;
    case '>':
      return value > bound ? bound - value : Math.max(bound - value, Number.MIN_VALUE);
    case '>=':
      return bound - value;
    case '==':
      return Math.abs(value - bound);
    case '!=':
      return value === bound ? Number.MIN_VALUE : -Math.abs(value - bound);
  }
}
